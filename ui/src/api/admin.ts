// Names for the administration's part of the generated schema.
import type { components } from './schema'
import type { Grant, Nullable, Page } from './types'

type Schemas = components['schemas']

export type EntryKind = 'teacher' | 'student'
export type IdType = 'resident_id' | 'residence_permit' | 'home_return_permit' | 'permanent_residence' | 'passport'
export type GrantLevel = Grant['level']

export type EntryClass = Schemas['RosterClassRef']
export type Holder = Schemas['RosterHolder']
export type Entry = Nullable<Schemas['RosterPerson'], 'class' | 'account'>
export type EntryForm = Schemas['CreateEntryInputBody'] & { kind: EntryKind; id_type: IdType }
export type EntryChange = Schemas['ChangeEntryInputBody']
export type EntryNumbers = Schemas['RosterNumbers']
export type Look = Schemas['LooksLook']

export type AdminClass = Schemas['RosterClass']
export type Stage = AdminClass['stage']
export type SchoolYear = Nullable<Schemas['SchoolYear'], 'result'>
export type SchoolYearLine = Nullable<Schemas['SchoolYearLine'], 'planned_at' | 'done_at'>
export type TurnState = SchoolYear['state']
export type TurnNumbers = Schemas['SchoolyearTurnNumbers']
export type ClassHeads = Schemas['RosterHeads']
export type Move = Schemas['MovesMove']
export type MovedPerson = Schemas['MovesMovedPerson']
export type MovePreview = Schemas['MovesMovePreview']
export type MergerPreview = Schemas['MovesMergerPreview']
export type AdminAccount = Nullable<Schemas['AccountsFound'], 'binding' | 'freeze'>
export type AdminTicket = Nullable<Schemas['SupportAdminTicket'], 'school'>
export type ReadyAnswer = Schemas['SupportReadyAnswer']
export type DeskRequest = Schemas['DeskRequest']
export type Found = Omit<Schemas['FinderFound'], 'accounts' | 'people'> & { accounts: AdminAccount[]; people: Entry[] }
export type DeskCounts = Schemas['DeadlinesCounts']
export type CaseSides = Schemas['SupportSides']
export type AdminTransfer = Schemas['TransfersAdminTransfer']
export type Administrator = Schemas['AccountsAdministrator']
export type Appointment = Omit<Schemas['AccountsAppointment'], 'one_time_code'> & { one_time_code: Schemas['AccountsOneTimeCode'] | null }
export type AppointmentForm = Omit<Schemas['AppointInputBody'], 'level'> & { level: GrantLevel }
export type TicketNumbers = Schemas['SupportRevealed']
export type RecoveryRequest = Nullable<Schemas['RecoveryRequest'], 'school'>
export type TicketCompletion = Schemas['CompleteInputBody']
export type Share = Nullable<Schemas['StatisticsShare'], 'target'>
export type StatisticsRow = Omit<Schemas['StatisticsRow'], 'teacher' | 'student'> & Record<EntryKind, Share>
export type Statistics = Omit<Schemas['Statistics'], 'scope' | 'stages' | 'children'> & {
  scope: StatisticsRow; stages: (Share & { stage: Stage | 'none' })[]; children: Page<StatisticsRow>
}
export type TrendPoint = Schemas['StatisticsPoint']
export type Target = Schemas['StatisticsTarget']
export type AuditEntry = Nullable<Schemas['AuditEntry'], 'actor'>
export type EntryHistory = Omit<Schemas['RosterHistory'], 'items'> & { items: AuditEntry[] }
export type RosterImport = Nullable<Schemas['RosterImport'], 'school' | 'undo_until'>
export type Duplicate = Omit<Schemas['RosterDuplicate'], 'first' | 'second'> & { first: Entry; second: Entry }
export type Duplicates = Page<Duplicate> & { search: Nullable<Schemas['RosterDuplicateSearch'], 'finished_at'> | null }
export type AddedClass = Schemas['RosterAddedClass']
export type Overview = Omit<Schemas['SpacesOverview'], 'recent_imports'> & { recent_imports: RosterImport[] }

// An upload with dry_run is answered by what it would do, which the document's one answer per call does not show.
export interface RosterColumn { index: number; heading: string; field: string | null; field_label: string | null }
export interface RosterReject { sheet?: string; row: number; name: string; field: string; code: string; reason: string }
export interface RosterChange { sheet?: string; row: number; name: string; what: 'moved' | 'renamed'; from: string; to: string }
/** The school of which an import would change the greatest part. */
export interface RosterMost { school: { id: string; name: string }; people: number; changes: number; percent: number }
export interface RosterPreview {
  format: string; sheet: string; other_sheets: string[] | null; encoding: string; header_row: number; columns: RosterColumn[]; first_rows: string[][]
  as_last_time: boolean; sheets_alike: string[]
  total: number; accepted: number; rejected: number; already: number; classless: number; rejects: RosterReject[]
  new_classes: AddedClass[]; new_classes_more: number
  added: number; completed: number; moved: number; renamed: number; unchanged: number
  changes: RosterChange[]; most?: RosterMost; confirm_changes: boolean
  absent: number; absent_first: { name: string; class: Schemas['RosterClassRef'] | null }[]
}
