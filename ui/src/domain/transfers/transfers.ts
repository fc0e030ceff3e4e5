import { answer, api, once } from '@/api/client'
import type { ChildTransfer, Transfer, TransferForm } from '@/api/types'
import type { StepState } from '@/core/steps'

export const requestTransfer = (body: TransferForm, key: string): Promise<Transfer> => answer(api.POST('/api/v1/me/transfers', { body, headers: once(key) }))

export const cancelTransfer = (id: string) => answer(api.DELETE('/api/v1/me/transfers/{id}', { params: { path: { id } } })).then(() => true)

/** Changes of school of one's children that are under way. */
export const childrensTransfers = async (): Promise<ChildTransfer[]> => (await answer(api.GET('/api/v1/me/children/transfers'))).items as ChildTransfer[]

export const objectTo = (id: string, reason: string) => answer(api.PUT('/api/v1/me/children/transfers/{id}/objection', { params: { path: { id } }, body: { reason } })).then(() => true)

export const agreeTo = (id: string) => answer(api.DELETE('/api/v1/me/children/transfers/{id}/objection', { params: { path: { id } } })).then(() => true)

/** One step of a request as its timeline shows it. `text` is a key below `transfer.step`. */
export interface Step {
  key: string
  text: string
  values: Record<string, string>
  state: StepState
  at: string | null
  due: string | null
}

/** When a school approved; whoever has not comes last. */
const when = ({ state, decided_at }: Transfer['approvals'][number]): number => (state === 'approved' && decided_at ? Date.parse(decided_at) : Infinity)

/** The steps of a request in the order in which they happen or will: asked, each school, the county where it was called in, the end. */
export function stepsOf(transfer: Transfer, now = Date.now()): Step[] {
  const step = (key: string, text: string, state: StepState, at: string | null = null, values: Record<string, string> = {}, due: string | null = null): Step => ({ key, text, values, state, at, due })
  const steps = [step('asked', 'asked', 'done', transfer.created_at)]
  const inTime = [...transfer.approvals].sort((one, other) => when(one) - when(other))
  for (const { side, school, state, decided_at, due_at } of inTime) {
    const values = { school: school.name }
    if (state === 'approved') steps.push(step(side, 'approved', 'done', decided_at ?? null, values))
    else if (state === 'rejected') steps.push(step(side, 'not_approved', 'refused', null, values))
    else if (state === 'ended') steps.push(step(side, transfer.state === 'expired' ? 'unanswered' : 'not_needed', 'skipped', null, values))
    else steps.push(step(side, 'waits', Date.parse(due_at) < now ? 'late' : 'now', null, values, due_at))
  }
  if (transfer.escalated_at) steps.push(step('county', 'escalated', transfer.state === 'pending' ? 'now' : 'done', transfer.escalated_at))
  if (transfer.state === 'pending') return steps
  const text = transfer.state === 'cancelled' && transfer.closing_reason === 'moot' ? 'moot' : transfer.state
  steps.push(step('end', text, transfer.state === 'completed' ? 'done' : 'refused', transfer.closed_at ?? null, { school: transfer.to_school.name }))
  return steps
}
