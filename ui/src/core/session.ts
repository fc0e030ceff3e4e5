import { computed, reactive, shallowRef } from 'vue'
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

/** Tells the browser's other tabs, which share the session, who sits here now: '' is nobody. */
function takeSeat(account: string): void {
  try {
    localStorage.setItem('seat', account)
  } catch {
    // Where nothing can be kept, the tabs know nothing of each other.
  }
}

// A tab in which somebody else sits begins anew: it would show one person's data, and act in the name of another.
window.addEventListener('storage', ({ key, newValue }) => {
  if (key === 'seat' && session.me && newValue !== session.me.account.id) location.reload()
})

/** Why whoever sat here was signed out from elsewhere, in the server's words. */
export const ended = shallowRef<Problem | null>(null)

/** How often somebody has left: an answer about whoever sat here before that is no longer true. */
let departures = 0

/** Asks the server anew who sits here. Throws when no answer came. */
export async function refreshSession(): Promise<void> {
  const before = departures
  try {
    const here = await answer(api.GET('/api/v1/me'))
    if (before !== departures) return
    session.me = here
    session.state = 'signed_in'
    ended.value = null
    takeSeat(here.account.id)
  } catch (thrown) {
    if (!(thrown instanceof Problem) || thrown.status !== 401) throw thrown
    if (before !== departures) return
    ended.value = thrown.more.ended_by ? thrown : null
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

/** Nobody sits here any more. */
export function forgetSession(): void {
  departures++
  session.me = null
  session.state = 'anonymous'
}

/** While set, whoever sat here is asked to sign in again, over the page with what they typed; called with whether they did. */
export const renewal = shallowRef<((renewed: boolean) => void) | null>(null)
let renewing: Promise<boolean> | null = null

/** Asks once, however many requests have met the end of the session. Where nobody is signed in, or who is wants to leave, nobody is asked. */
export function renewSession(): Promise<boolean> {
  if (session.state !== 'signed_in' || leaving) return Promise.resolve(false)
  renewing ??= new Promise<boolean>((resolve) => {
    renewal.value = resolve
  }).then((renewed) => {
    renewal.value = renewing = null
    if (renewed) ended.value = null
    else forgetSession()
    return renewed
  })
  return renewing
}

let leaving = false

/** Ends the session. Until the server has ended it, the page goes on to show who sits here: whoever reads "Sign in" and walks away has left. */
export async function signOut(): Promise<void> {
  leaving = true
  try {
    await answer(api.DELETE('/api/v1/sessions/current'))
  } catch (thrown) {
    if (!(thrown instanceof Problem) || thrown.status !== 401) throw thrown
  } finally {
    leaving = false
  }
  forgetSession()
  ended.value = null
  takeSeat('')
}
