import type { DeskCounts, DeskRequest } from '@/api/admin'

export const views = ['waiting', 'overdue', 'taken', 'open', 'ended'] as const
export type View = (typeof views)[number]

export const kinds = ['missing_entry', 'missing_class', 'not_me', 'correction', 'frozen', 'lost_account', 'transfer'] as const

/** Which drawer shows a request, and which parameter of the address names it. */
export const drawerOf = (kind: DeskRequest['kind']): 'ticket' | 'recovery' | 'transfer' => (kind === 'lost_account' ? 'recovery' : kind === 'transfer' ? 'transfer' : 'ticket')

/** How many requests of all kinds a view holds. */
export const sumOf = (counts: DeskCounts[], view: View): number => (view === 'ended' ? 0 : counts.reduce((sum, one) => sum + one[view], 0))
