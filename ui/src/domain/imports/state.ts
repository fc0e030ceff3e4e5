import type { RosterImport } from '@/api/admin'

type Moving = Pick<RosterImport, 'state' | 'progress'>

/** Whether the import still goes on, and is worth asking about again. */
export const goesOn = (one: Pick<RosterImport, 'state'>): boolean => one.state === 'queued' || one.state === 'running'

/** Whether it is being undone. */
export const undoGoesOn = (one: Pick<RosterImport, 'undo_state'>): boolean => one.undo_state === 'queued' || one.undo_state === 'running'

/** Whole per cent done; never 100 before it is. */
export function percent(one: Moving): number {
  if (one.state === 'done') return 100
  return Math.min(99, Math.max(0, Math.floor(one.progress * 100)))
}

/** Milliseconds until the next look: often at first, then rarely, so that a long import costs little. */
export const lookAgainAfter = (looks: number): number => Math.min(5000, 500 + looks * 250)

const week = 7 * 86_400_000

/** What an administrator should look at: failed, still going on, or of this week with rows that were not taken and not dismissed; what is undone is past. */
export const needsLook = (one: RosterImport, now = Date.now()): boolean => one.undo_state !== 'done' && (one.state === 'failed' || goesOn(one) || (one.rejected_kept && now - Date.parse(one.created_at) < week))
