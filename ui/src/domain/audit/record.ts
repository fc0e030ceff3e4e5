import type { AuditEntry } from '@/api/admin'
import { beginningOf, dayAfter, dayInChina } from '@/core/moment'

/** Actions by what they are about; the API takes the beginning with its dot. */
export const groups = ['registry', 'school', 'school_year', 'class', 'account', 'binding', 'guardian', 'consent', 'slip', 'ticket', 'transfer', 'recovery', 'look', 'audit'] as const
export type Group = (typeof groups)[number]

export const spans = ['today', 'week', 'month', 'all', 'days'] as const
export type Span = (typeof spans)[number]

export interface AuditFilters {
  group: Group | ''
  span: Span
  /** Days in China, both included; '' = open. Only with the span `days`. */
  from: string
  to: string
  /** Who did it: an administrator's whole username, or an account's id. */
  actor: string
  /** To whom: an id. */
  target: string
  /** Of what was done in one go, only this. */
  batch: string
}

type Query = Record<string, unknown>
const text = (value: unknown): string => (typeof value === 'string' ? value.trim().slice(0, 100) : '')
const day = (value: unknown): string => (typeof value === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(value) && !Number.isNaN(Date.parse(value)) ? value : '')

/** The filters that an address names. */
export function auditFiltersFrom(query: Query): AuditFilters {
  const from = day(query.from)
  const to = day(query.to)
  const span = spans.find((one) => one === query.span) ?? (from || to ? 'days' : 'week')
  return {
    group: groups.find((one) => one === query.group) ?? '', span, from: span === 'days' ? from : '', to: span === 'days' ? to : '',
    actor: text(query.actor), target: text(query.target), batch: text(query.batch),
  }
}

export function auditQueryOf({ group, span, from, to, actor, target, batch }: AuditFilters): Record<string, string> {
  const all = { group, span: span === 'week' ? '' : span, from, to, actor, target, batch }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ''))
}

/** What the API is asked for: moments, from included, to excluded. */
export function auditRequest({ group, span, from, to, actor, target, batch }: AuditFilters, today = dayInChina()): { action?: string; from?: string; to?: string; actor?: string; target_id?: string; batch?: string } {
  const begins = { today, week: dayAfter(today, -6), month: dayAfter(today, -29), all: '', days: from }[span]
  return {
    ...(group ? { action: `${group}.` } : {}),
    ...(actor ? { actor } : {}),
    ...(target ? { target_id: target } : {}),
    ...(batch ? { batch } : {}),
    ...(begins ? { from: beginningOf(begins) } : {}),
    ...(span === 'days' && to ? { to: beginningOf(dayAfter(to, 1)) } : {}),
  }
}

/** Whether what was typed or clicked names an account by its id: a username is shorter. */
export const isID = (actor: string): boolean => actor.length > 20

/** Where what a record is about can be seen; null when it has no page or is gone. */
export function pageOf(record: Pick<AuditEntry, 'target' | 'target_id' | 'gone'>): { path: string; query: Record<string, string> } | null {
  if (!record.target_id || record.gone) return null
  switch (record.target) {
    case 'entry':
      return { path: '/admin/registry', query: { entry: record.target_id } }
    case 'import':
      return { path: '/admin/registry/import', query: { id: record.target_id } }
    case 'ticket':
      return { path: '/admin/tickets', query: { ticket: record.target_id } }
    case 'transfer':
      return { path: '/admin/transfers', query: { view: 'all', transfer: record.target_id } }
    case 'recovery':
      return { path: '/admin/recoveries', query: { request: record.target_id } }
    default:
      return null
  }
}
