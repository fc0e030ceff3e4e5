import { computed, reactive } from 'vue'
import { answer, api } from '@/api/client'
import type { Me, Must } from '@/api/types'
import { Problem } from './errors'

type State = 'unknown' | 'anonymous' | 'signed_in'

const session = reactive<{ state: State; me: Me | null }>({ state: 'unknown', me: null })

/** Who sits here. */
export const me = computed(() => session.me)
export const signedIn = computed(() => session.state === 'signed_in')
export const must = computed<Must[]>(() => session.me?.must ?? [])
export const isAdministrator = computed(() => (session.me?.admin_grants ?? []).length > 0)

/** Asks the server anew who sits here. Throws when no answer came. */
export async function refreshSession(): Promise<void> {
  try {
    session.me = await answer(api.GET('/api/v1/me'))
    session.state = 'signed_in'
  } catch (thrown) {
    if (!(thrown instanceof Problem) || thrown.status !== 401) throw thrown
    forgetSession()
  }
}

let asking: Promise<void> | null = null

/** Asks once who sits here; afterwards the answer is at hand. */
export function knowSession(): Promise<void> {
  if (session.state !== 'unknown') return Promise.resolve()
  asking ??= refreshSession().finally(() => (asking = null))
  return asking
}

/** The session ended, here or elsewhere. */
export function forgetSession(): void {
  session.me = null
  session.state = 'anonymous'
}

export async function signOut(): Promise<void> {
  try {
    await answer(api.DELETE('/api/v1/sessions/current'))
  } catch (thrown) {
    if (!(thrown instanceof Problem) || thrown.status !== 401) throw thrown
  }
  forgetSession()
}
