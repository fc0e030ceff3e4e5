import createClient from 'openapi-fetch'
import { fetchProving } from '@/core/captcha/fetch'
import { NetworkTrouble, problemFrom } from '@/core/errors'
import { currentLanguage } from '@/core/language'
import type { paths } from './schema'
import type { Page } from './types'

/** The typed client. Answers come through `answer`, which throws what went wrong. */
export const api = createClient<paths>({ baseUrl: location.origin, credentials: 'same-origin', fetch: fetchProving })

api.use({
  onRequest({ request }) {
    request.headers.set('Accept-Language', currentLanguage())
    return request
  },
})

/** Headers that make a repeated POST one and the same. */
export const once = (key: string) => ({ 'Idempotency-Key': key })

type Reply<T> = { data?: T; error?: unknown; response: Response }

let sessionEnded = () => {}
/** Calls back when the server says that nobody is signed in any more. */
export function whenSessionEnds(callback: () => void): void {
  sessionEnded = callback
}

/**
 * The answer's body. Throws a Problem for what the server refused and a
 * NetworkTrouble when no answer came.
 */
export async function answer<T>(call: Promise<Reply<T>>): Promise<T> {
  let reply: Reply<T>
  try {
    reply = await call
  } catch {
    throw new NetworkTrouble()
  }
  if (reply.response.ok) return reply.data as T
  const problem = problemFrom(reply.response.status, reply.error, reply.response.headers)
  if (problem.code === 'unauthenticated') sessionEnded()
  throw problem
}

/** Everything that a list holds, page after page. */
export async function everyPage<T>(page: (query: { cursor?: string; limit: number }) => Promise<Page<T>>): Promise<T[]> {
  const all: T[] = []
  let cursor: string | undefined
  do {
    const { items, next_cursor } = await page({ limit: 200, ...(cursor ? { cursor } : {}) })
    all.push(...items)
    cursor = next_cursor
  } while (cursor)
  return all
}
