import createClient from 'openapi-fetch'
import { fetchProving } from '@/core/captcha/fetch'
import { NetworkTrouble, problemFrom } from '@/core/errors'
import { currentLanguage } from '@/core/language'
import type { paths } from './schema'
import type { Page } from './types'

/**
 * Sends a request. Where the session has ended meanwhile, it waits for whoever
 * sits here to sign in again and goes out once more: nothing typed is lost.
 */
async function send(request: Request): Promise<Response> {
  const again = request.clone()
  const response = await fetchProving(request)
  if (response.status !== 401) return response
  const { code } = (await response.clone().json().catch(() => ({}))) as { code?: string }
  return code === 'unauthenticated' && (await sessionRenewed()) ? fetchProving(again) : response
}

/** The typed client. Answers come through `answer`, which throws what went wrong. */
export const api = createClient<paths>({ baseUrl: location.origin, credentials: 'same-origin', fetch: send })

api.use({
  onRequest({ request }) {
    request.headers.set('Accept-Language', currentLanguage())
    return request
  },
})

/** Headers that make a repeated POST one and the same. */
export const once = (key: string) => ({ 'Idempotency-Key': key })

type Reply<T> = { data?: T; error?: unknown; response: Response }

let sessionRenewed = () => Promise.resolve(false)
/** Asks back when the server says that nobody is signed in any more: true when the same person is again. */
export function whenSessionEnds(renew: () => Promise<boolean>): void {
  sessionRenewed = renew
}
/** The same for requests that do not go through `api`. */
export const renewSession = (): Promise<boolean> => sessionRenewed()

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
  throw problemFrom(reply.response.status, reply.error, reply.response.headers)
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
