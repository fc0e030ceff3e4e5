// The demonstration's own endpoints; they exist in demo mode only and stand
// outside the API.
import { NetworkTrouble, problemFrom } from '@/core/errors'
import { currentLanguage } from '@/core/language'
import type { Named } from '@/api/types'

export interface OutboxMessage { phone: string; text: string; code: string; sent_at: string }
export interface DemoAccount { username: string; password: string; role: string; scope: { level: string; id: string; name: string } | null }
export interface DemoEntry { kind: string; name: string; id_number: string; second_number: string; has_class: boolean; school: Named }

async function get<T>(path: string): Promise<T> {
  let response: Response
  try {
    response = await fetch(path, { headers: { Accept: 'application/json', 'Accept-Language': currentLanguage() } })
  } catch {
    throw new NetworkTrouble()
  }
  const body: unknown = await response.json().catch(() => null)
  if (!response.ok) throw problemFrom(response.status, body, response.headers)
  return body as T
}

/** A text in parts, so that a link of the platform's own can be followed by whatever name the demo is reached. */
export function textParts(text: string): { text: string; to?: string }[] {
  return text.split(/(https?:\/\/[^\s/]+\/[\w/#-]*)/).map((part) => {
    const own = /^https?:\/\/[^\s/]+(\/[\w/#-]*)$/.exec(part)
    return own ? { text: part, to: own[1] } : { text: part }
  })
}

const list = <T>(body: T[] | { items: T[] }): T[] => (Array.isArray(body) ? body : body.items)

export const outbox = async (phone: string) => list(await get<OutboxMessage[]>(`/demo/outbox?phone=${encodeURIComponent(phone)}`))
export const demoAccounts = async () => list(await get<DemoAccount[]>('/demo/accounts'))
export const demoEntries = async (kind: string) => list(await get<DemoEntry[]>(`/demo/entries?kind=${kind}`))
