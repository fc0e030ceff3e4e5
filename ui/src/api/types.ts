// The API as agreed, in the shape openapi-typescript generates.
import type { AdminPaths } from './admin'

export type Role = 'teacher' | 'student' | 'parent' | 'public'
export type Must = 'bind_phone' | 'replace_password'
export interface Account { id: string; username: string; role: Role; masked_phone: string | null; created_at: string }
export interface Named { id: string; name: string }
export interface ClassOfPerson { id: string; name: string; stage: string; grade: string; entry_year: number; number: number }
export interface Binding {
  id: string; kind: 'teacher' | 'student' | 'parent'; name: string; school: Named | null; class: ClassOfPerson | null; masked_id_number: string; bound_at: string
}
export interface Grant { level: 'province' | 'city' | 'county' | 'school'; scope_id: string; scope_name: string }
export interface Me { account: Account; binding: Binding | null; roles: string[]; must: Must[]; admin_grants: Grant[] }
export interface Settings {
  demo: boolean
  realname_proof: 'one_number' | 'two_numbers'
  password_policy: { min: number; max: number; require_digit: boolean; require_upper: boolean; require_lower: boolean; allow_special: boolean }
  username: { min: number; max: number }
  sms: { code_ttl: number; cooldown: number; daily_limit: number; provinces: string[] }
  roles: Role[]
}
export interface Ticket {
  id: string; kind: 'missing_entry' | 'missing_class' | 'not_me'; state: 'open' | 'done' | 'declined'
  school: Named | null; created_at: string; answer: string | null; answered_at: string | null; summary: string
}
export interface Space {
  greeting_name: string; roles: string[]; school: Named | null; class: ClassOfPerson | null
  classes_taught: { id: string; name: string; stage: string; grade: string; pupils: number }[]
  next_steps: { action: string; title: string; href: string }[]
}
export interface Region { code: string; name: string; level: string; parent: string | null }
export interface School { id: string; name: string; region: string }
export interface SchoolClass { id: string; display_name: string; stage: string; entry_year: number; number: number; grade: string }
export interface Page<T> { items: T[]; next_cursor?: string }

export type Op<Answer, Body = never, Path = never, Query = never> = {
  parameters: { query?: [Query] extends [never] ? never : Query; header?: never; cookie?: never } & ([Path] extends [never] ? { path?: never } : { path: Path })
  responses: { 200: { headers: Record<string, unknown>; content: { 'application/json': Answer } } }
} & ([Body] extends [never] ? { requestBody?: never } : { requestBody: { content: { 'application/json': Body } } })
export interface TicketForm {
  kind: Ticket['kind']; school_id?: string; entry_kind?: string; id_type?: string; id_number?: string; name?: string; second_number?: string
  stage?: string; entry_year?: number; number?: number; note?: string
}
export interface BindingForm { kind: string; id_type: string; id_number: string; name: string; second_number?: string; class_id?: string }

export interface paths extends AdminPaths {
  '/api/v1/settings': { get: Op<Settings> }
  '/api/v1/me': { get: Op<Me> }
  '/api/v1/sms-codes': { post: Op<{ message_id: string; expires_in: number; resend_after: number; remaining_today: number }, { phone: string; purpose: string }> }
  '/api/v1/sms-messages/{message_id}': { get: Op<{ state: 'queued' | 'sent' | 'delivered' | 'failed'; reason?: string }, never, { message_id: string }> }
  '/api/v1/accounts': { post: Op<{ account: Account; token: string }, { username: string; password: string; phone: string; sms_code: string; role: Role }> }
  '/api/v1/sessions': { post: Op<{ account: Account; token: string; must: Must[] }, { login: string; password: string }> }
  '/api/v1/sessions/current': { delete: Op<never> }
  '/api/v1/me/password': { put: Op<never, { current_password: string; new_password: string }> }
  '/api/v1/me/phone': { put: Op<Account, { password: string; phone: string; sms_code: string }> }
  '/api/v1/password-resets': { post: Op<never, { username: string; phone: string; sms_code: string; new_password: string }> }
  '/api/v1/me/binding': { post: Op<Binding, BindingForm>; delete: Op<never, { password: string }> }
  '/api/v1/me/binding/class': { put: Op<Binding, { class_id: string }> }
  '/api/v1/me/space': { get: Op<Space> }
  '/api/v1/me/classmates': { get: Op<Page<{ name: string; me: boolean }>, never, never, { cursor?: string; limit?: number }> }
  '/api/v1/me/tickets': { get: Op<Page<Ticket>>; post: Op<Ticket, TicketForm> }
  '/api/v1/regions': { get: Op<Page<Region>, never, never, { parent?: string; limit?: number; cursor?: string }> }
  '/api/v1/schools': { get: Op<Page<School>, never, never, { region?: string; q?: string; limit?: number; cursor?: string }> }
  '/api/v1/schools/{id}/classes': { get: Op<Page<SchoolClass>, never, { id: string }> }
}
