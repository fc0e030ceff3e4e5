import type { EntryKind, Share, StatisticsRow } from '@/api/admin'

export const orders = ['name', 'share', 'missing'] as const
export type Order = (typeof orders)[number]
export const whom = ['', 'teacher', 'student'] as const
export type Whom = (typeof whom)[number]
export const spans = [30, 90, 365] as const
export type Days = (typeof spans)[number]

export interface View {
  /** A division code or a school's id; '' for one's own scope. */
  scope: string
  order: Order
  kind: Whom
  days: Days
}

type Query = Record<string, unknown>

/** What an address asks to see. */
export function viewFrom(query: Query): View {
  return {
    scope: typeof query.scope === 'string' ? query.scope : '',
    order: orders.find((one) => one === query.order) ?? 'name',
    kind: whom.find((one) => one === query.kind) ?? '',
    days: spans.find((one) => String(one) === query.days) ?? 30,
  }
}

/** The address of a view, without what goes without saying. */
export function queryOf({ scope, order, kind, days }: View): Record<string, string> {
  const all = { scope, order: order === 'name' ? '' : order, kind, days: days === 30 ? '' : String(days) }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ''))
}

/** The share in per cent with one decimal, as in the workbook: 100 means all, and 0 nobody. Null where there is nobody to activate. */
export function percentOf({ entries, activated }: Pick<Share, 'entries' | 'activated'>): number | null {
  if (entries === 0) return null
  const tenths = Math.round((1000 * activated) / entries)
  return Math.min(Math.max(tenths, activated > 0 ? 1 : 0), activated < entries ? 999 : 1000) / 10
}

export const missingOf = ({ entries, activated }: Pick<Share, 'entries' | 'activated'>): number => entries - activated

/** How many people are still to activate until the target is reached; null where there is no target, or nobody. */
export function shortOf({ entries, activated, target }: Share): number | null {
  if (target === null || entries === 0) return null
  return Math.max(0, Math.ceil((entries * target) / 100) - activated)
}

/** Whether a row leads further down, and where its missing people are listed. */
export const opens = ({ level }: Pick<StatisticsRow, 'level'>): boolean => level !== 'class' && level !== 'none'

export function missingAt(row: StatisticsRow, school: string): Record<string, string> | null {
  if (missingOf(row.teacher) + missingOf(row.student) === 0) return null
  switch (row.level) {
    case 'class':
      return { school_id: school, class_id: row.id, bound: 'false' }
    case 'school':
      return { school_id: row.id, bound: 'false' }
    case 'none':
      return { school_id: school, class_id: 'none', bound: 'false' }
    default:
      return { region: row.id, bound: 'false' }
  }
}

export const kinds: EntryKind[] = ['teacher', 'student']
