// Names for what the generated schema holds. The generator cannot say that an
// object may be null: those members are said here.
import type { components } from './schema'

type Schemas = components['schemas']
/** The same, where the members may also be null. */
export type Nullable<T, Members extends keyof T> = Omit<T, Members> & { [M in Members]: T[M] | null }

export type Account = Schemas['AccountsAccount']
export type Role = Account['role']
export type Grant = Schemas['AccountsGrant']
export type Settings = Schemas['AccountsSettings']
export type Named = Schemas['RosterSchoolRef']
export type Binding = Nullable<Schemas['VerificationBinding'], 'class' | 'school'>
export type Me = Omit<Schemas['SpacesMe'], 'binding' | 'children'> & { binding: Binding | null; children: Binding[] }
export type Must = Me['must'][number]
export type Space = Nullable<Schemas['SpacesSpace'], 'class' | 'school'>
export type Ticket = Nullable<Schemas['SupportTicket'], 'school'>
export type OwnPerson = Nullable<Schemas['OwndataPerson'], 'class' | 'school'>
export type OwnData = Omit<Schemas['OwndataData'], 'people'> & { people: OwnPerson[] }
export type OwnRecord = Schemas['OwndataRecord']
export type TicketForm = Schemas['AskInputBody']
export type Transfer = Schemas['TransfersTransfer']
export type ChildTransfer = Nullable<Schemas['TransfersChildTransfer'], 'objection'>
export type TransferForm = Schemas['RequestInputBody']
export type BindingForm = Schemas['BindInputBody']
export type Factors = Schemas['Factors']
export type FactorProof = Pick<Schemas['SecondStepInputBody'], 'code' | 'passkey'>
export type Region = Schemas['RosterRegion']
export type School = Schemas['RosterSchool']
export type SchoolClass = Schemas['RosterClass']
export type Recovery = Schemas['RecoveryStatus']
export type RecoveryForm = Schemas['FileRecoveryInputBody']
export interface Page<T> { items: T[]; next_cursor?: string }
export type Device = Schemas['AccountsDevice']
export type Place = Schemas['AccountsPlace']
export type Session = Schemas['AccountsSession']
export type SecurityEvent = Schemas['AccountsSecurityEvent']
export type Told = Schemas['AccountsTold']
