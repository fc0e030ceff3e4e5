import type { Ticket } from '@/api/types'
import { t } from '@/core/i18n'
import { moment } from '@/core/moment'
import type { ShownStep } from '@/core/steps'

type Travelled = Pick<Ticket, 'way' | 'state' | 'ending' | 'decided_by' | 'answered_at'>
type Step = NonNullable<Ticket['way']>[number]

/** Whether a request has been with more than one office. */
export const passedOn = ({ way }: Pick<Ticket, 'way'>): boolean => (way?.length ?? 0) > 1

const service = (by?: string) => (by ? t('me.tickets.step.service_of', { by }) : t('me.tickets.step.service'))

/** How a step is told; that it was filed is told differently to whoever asked and to an administrator. */
function wordsOf({ what, from = '', to, by }: Step, filed: string): string {
  if (what === 'filed') return t(filed, { to })
  return t(`me.tickets.step.${what}`, { from, to, by: service(by) })
}

function endOf({ state, ending, decided_by: by }: Travelled): string {
  if (state === 'withdrawn') return t('me.tickets.step.withdrawn')
  return ending || !by ? t('me.tickets.step.ended') : t(`me.tickets.step.${state}`, { by })
}

/** The way of a request: whose it was, one office after the other, and who has answered. */
export function wayOf(ticket: Travelled, filed = 'me.tickets.step.filed_with'): ShownStep[] {
  const steps: ShownStep[] = (ticket.way ?? []).map((step, at) => ({ key: `way${at}`, state: 'done', what: wordsOf(step, filed), when: moment(step.at), words: step.words }))
  if (ticket.answered_at) steps.push({ key: 'end', state: ticket.state === 'declined' ? 'refused' : 'done', what: endOf(ticket), when: moment(ticket.answered_at) })
  return steps
}
