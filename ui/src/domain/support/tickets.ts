import { answer, api, once } from '@/api/client'
import type { Ticket, TicketForm } from '@/api/types'

export const stages = ['kindergarten', 'primary', 'junior', 'senior', 'vocational', 'special'] as const

export const fileTicket = (body: TicketForm, key: string): Promise<Ticket> => answer(api.POST('/api/v1/me/tickets', { body, headers: once(key) }))

export const askAgain = ({ id, ...body }: { id: string; school_id: string; note: string }, key: string): Promise<Ticket> =>
  answer(api.POST('/api/v1/me/tickets/{id}/again', { params: { path: { id } }, body, headers: once(key) }))

export const myTickets = async (): Promise<Ticket[]> => (await answer(api.GET('/api/v1/me/tickets'))).items

export const withdrawTicket = async (id: string): Promise<true> => {
  await answer(api.DELETE('/api/v1/me/tickets/{id}', { params: { path: { id } } }))
  return true
}

/** Where somebody whose request waits can go on meanwhile, by what it is about. */
export const meanwhileAt: Partial<Record<Ticket['kind'], string>> = {
  missing_entry: '/verify',
  missing_class: '/space',
  not_me: '/recover',
  correction: '/space',
}

/** The years in which a class that is at school now may have entered, newest first. */
export function entryYears(today = new Date()): number[] {
  return Array.from({ length: 10 }, (_, back) => today.getFullYear() - back)
}
