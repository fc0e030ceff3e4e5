// The administration's part of the API, in the shape openapi-typescript generates.
import type { Grant, Named, Op, Page, Role } from './types'

export type EntryKind = 'teacher' | 'student'
export type IdType = 'resident_id' | 'residence_permit' | 'home_return_permit' | 'permanent_residence' | 'passport'
export type Stage = 'kindergarten' | 'primary' | 'junior' | 'senior' | 'vocational' | 'special'
export type GrantLevel = Grant['level']

export interface EntryClass { id: string; name: string; stage: string; grade: string; entry_year: number; number: number }
export interface Holder { id: string; masked_username: string; masked_phone: string | null }
export interface Entry {
  id: string; kind: EntryKind; name: string; id_type: IdType; masked_id_number: string
  masked_student_number?: string | null; masked_certificate_number?: string | null
  school: Named; class: EntryClass | null; bound: boolean; account: Holder | null; created_at: string; updated_at: string
}
export interface EntryForm {
  kind: EntryKind; name: string; id_type: IdType; id_number: string; school_id: string
  class_id?: string; student_number?: string; certificate_number?: string
}
export interface EntryChange { name?: string; class_id?: string; student_number?: string; certificate_number?: string }
export interface EntryNumbers { id_number: string; student_number?: string | null; certificate_number?: string | null }

export interface RosterImport {
  id: string; kind: EntryKind; school: Named | null; filename: string; state: 'queued' | 'running' | 'done' | 'failed'
  total: number; accepted: number; rejected: number; progress: number; created_at: string; finished_at: string | null; failure?: string | null
}
export interface RosterColumn { index: number; heading: string; field: string | null; field_label: string | null }
export interface RosterReject { row: number; field: string; code: string; reason: string }
export interface RosterPreview {
  format: string; sheet: string; encoding: string; header_row: number; columns: RosterColumn[]; first_rows: string[][]
  total: number; accepted: number; rejected: number; rejects: RosterReject[]
}

export interface AdminClass {
  id: string; school: Named; stage: Stage; entry_year: number; number: number; schooling_years: number
  name: string; grade: string; display_name: string; pupils: number
}
export interface ClassForm { school_id: string; stage: Stage; entry_year: number; number: number; name?: string }

export interface AccountBinding { id: string; kind: EntryKind | 'parent'; name: string; school: Named; masked_id_number: string; bound_at: string }
export interface AdminAccount { id: string; masked_username: string; masked_phone: string | null; role: Role; created_at: string; binding: AccountBinding | null }

export interface TicketAsked {
  entry_kind?: EntryKind | 'parent'; id_type?: IdType; masked_id_number?: string; name?: string
  stage?: Stage; entry_year?: number; number?: number; class_name?: string; note?: string
}
export interface AdminTicket {
  id: string; kind: 'missing_entry' | 'missing_class' | 'not_me'; state: 'open' | 'done' | 'declined'; school: Named
  created_at: string; answer: string | null; answered_at: string | null; summary: string
  account: Holder; asked: TicketAsked
  /** Where the registry has the number; here_differs: at this school, under another name or kind. */
  registry?: 'absent' | 'here' | 'here_differs' | 'elsewhere'
  entry_id?: string; holder?: { masked_username: string; masked_phone: string | null } | null
}
export interface TicketCompletion { class_id?: string; student_number?: string; certificate_number?: string; schooling_years?: number; answer?: string }

export interface AuditEntry {
  id: string; at: string; actor: { id: string; masked_username: string } | null; action: string; target: string; target_id: string
  reason: string; address: string; details: Record<string, unknown>
}
export interface Overview {
  entries: Record<EntryKind, number>; activated: Record<EntryKind, number>; open_tickets: number
  recent_imports: RosterImport[]; schools: number; classes: number
}

type Paged = { cursor?: string; limit?: number }
type Id = { id: string }
type Reason = { reason: string }
export type RegistryQuery = Paged & { school_id?: string; region?: string; class_id?: string; kind?: EntryKind; bound?: boolean; name?: string; id_number?: string }

export interface AdminPaths {
  '/api/v1/admin/overview': { get: Op<Overview> }
  '/api/v1/admin/registry': { get: Op<Page<Entry>, never, never, RegistryQuery>; post: Op<Entry, EntryForm> }
  '/api/v1/admin/registry/{id}': { get: Op<Entry, never, Id>; patch: Op<Entry, EntryChange, Id>; delete: Op<never, never, Id, { unbind?: boolean }> }
  '/api/v1/admin/registry/{id}/reveal': { post: Op<EntryNumbers, Reason, Id> }
  '/api/v1/admin/registry/imports': { get: Op<Page<RosterImport>, never, never, Paged> }
  '/api/v1/admin/registry/imports/{id}': { get: Op<RosterImport, never, Id> }
  '/api/v1/admin/classes': { get: Op<Page<AdminClass>, never, never, Paged & { school_id?: string; stage?: Stage; entry_year?: number }>; post: Op<AdminClass, ClassForm> }
  '/api/v1/admin/classes/bulk': { post: Op<Page<AdminClass>, { school_id: string; stage: Stage; entry_year: number; count: number }> }
  '/api/v1/admin/classes/{id}': { patch: Op<AdminClass, Partial<ClassForm>, Id>; delete: Op<never, never, Id> }
  '/api/v1/admin/classes/{id}/teachers': { get: Op<Page<Named>, never, Id>; put: Op<Page<Named>, { teacher_ids: string[] }, Id> }
  '/api/v1/admin/accounts': { get: Op<Page<AdminAccount>, never, never, Paged & { id_number?: string; name?: string; username?: string; phone?: string }> }
  '/api/v1/admin/accounts/{id}/password-reset': { post: Op<{ one_time_code: string; expires_at: string }, Reason, Id> }
  '/api/v1/admin/accounts/{id}/phone': { put: Op<AdminAccount, Reason & { phone: string }, Id> }
  '/api/v1/admin/accounts/{id}/binding': { delete: Op<never, Reason, Id> }
  '/api/v1/admin/tickets': { get: Op<Page<AdminTicket>, never, never, Paged & { state?: AdminTicket['state']; school_id?: string }> }
  '/api/v1/admin/tickets/{id}': { get: Op<AdminTicket, never, Id> }
  '/api/v1/admin/tickets/{id}/complete': { post: Op<AdminTicket, TicketCompletion, Id> }
  '/api/v1/admin/tickets/{id}/decline': { post: Op<AdminTicket, Reason, Id> }
  '/api/v1/admin/audit': { get: Op<Page<AuditEntry>, never, never, Paged & { action?: string; from?: string; to?: string }> }
}
