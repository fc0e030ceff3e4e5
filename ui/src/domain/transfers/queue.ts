import type { AdminTransfer } from '@/api/admin'

/** What an administrator looks at: what waits, what waits for too long, what has ended. */
export const views = ['pending', 'overdue', 'completed', 'rejected', 'all'] as const
export type View = (typeof views)[number]

export const viewFrom = (value: unknown): View => views.find((one) => one === value) ?? 'pending'

/** What the API is asked for. */
export function queryOf(view: View): { state?: AdminTransfer['state']; overdue?: boolean } {
  if (view === 'all') return {}
  if (view === 'overdue') return { overdue: true }
  return { state: view }
}

/** Whether whoever looks may approve it among others: what a guardian objects to is read first. */
export const approvableTogether = (transfer: Pick<AdminTransfer, 'state' | 'sides' | 'objections'>): boolean => approvable(transfer) && transfer.objections.length === 0

/** Whether whoever looks may approve it now. */
export const approvable = (transfer: Pick<AdminTransfer, 'state' | 'sides'>): boolean => transfer.state === 'pending' && transfer.sides.length > 0
