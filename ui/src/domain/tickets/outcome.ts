import type { AdminTicket } from '@/api/admin'

/**
 * What completing a ticket would do, or why it cannot be completed as it is:
 * - add: the person goes into the registry and the account is verified
 * - verify: the registry has them; the account is verified
 * - held: the registry has them, and another account holds the entry
 * - differs: the school has the number under another name or kind
 * - elsewhere: another school has the number; the person or a pupil's guardian asks for a transfer (F-27)
 * - class: the class is added and the pupil put into it
 * - class_taught: the class is added, unless it is there, and the teacher put at it
 * - class_alone: the class is added; whoever asked is no longer the school's
 * - hand_over: the holder loses the entry, the one who asks gets it
 * - correct: the entry is changed as the person says
 * - asker_bound: whoever asks is verified as somebody else, and must unbind first
 * - unfreeze: the account that its owner has frozen is given back to them
 * - gone: the entry that is claimed is no longer the school's
 */
export type Outcome = 'add' | 'verify' | 'held' | 'differs' | 'elsewhere' | 'class' | 'class_taught' | 'class_alone' | 'hand_over' | 'correct' | 'asker_bound' | 'unfreeze' | 'gone'

type Asked = Pick<AdminTicket, 'kind' | 'registry' | 'holder' | 'in_the_way'> & { asked?: { entry_kind?: string } }

export function outcomeOf(ticket: Asked): Outcome {
  if (ticket.kind === 'missing_class') return ticket.registry === 'elsewhere' ? 'class_alone' : ticket.asked?.entry_kind === 'teacher' ? 'class_taught' : 'class'
  if (ticket.kind === 'frozen') return 'unfreeze'
  if (ticket.kind === 'correction') return ticket.registry === 'elsewhere' ? 'gone' : 'correct'
  const asIs = outcomeByRegistry(ticket)
  return ticket.in_the_way && canComplete(asIs) ? 'asker_bound' : asIs
}

function outcomeByRegistry(ticket: Asked): Outcome {
  if (ticket.kind === 'not_me') return ticket.registry === 'absent' || ticket.registry === 'elsewhere' ? 'gone' : 'hand_over'
  if (ticket.registry === 'elsewhere') return 'elsewhere'
  if (ticket.registry === 'here_differs') return 'differs'
  if (ticket.registry === 'here') return ticket.holder && ticket.asked?.entry_kind !== 'parent' ? 'held' : 'verify'
  return 'add'
}

export const canComplete = (outcome: Outcome): boolean => ['add', 'verify', 'class', 'class_taught', 'class_alone', 'hand_over', 'correct', 'unfreeze'].includes(outcome)

/** The ready answers that fit when declining, the likeliest first; their words come with the ticket. */
export const declineAnswers: Record<Outcome, string[]> = {
  add: ['not_ours', 'wrong_details', 'come_by'],
  verify: ['not_ours', 'wrong_details', 'come_by'],
  held: ['held', 'wrong_details', 'come_by'],
  differs: ['wrong_details', 'come_by'],
  elsewhere: ['elsewhere', 'wrong_details', 'come_by'],
  class: ['class_exists', 'no_such_class', 'come_by'],
  class_taught: ['no_such_class', 'come_by'],
  class_alone: ['gone', 'class_exists', 'no_such_class', 'come_by'],
  hand_over: ['not_proven', 'come_by'],
  asker_bound: ['asker_bound', 'come_by'],
  correct: ['not_proven', 'wrong_details', 'come_by'],
  unfreeze: [], // stays open until its owner is back
  gone: ['gone', 'come_by'],
}

/** Whole days that somebody has waited. */
export const daysWaiting = (since: string, now = Date.now()): number => Math.max(0, Math.floor((now - Date.parse(since)) / 86_400_000))
