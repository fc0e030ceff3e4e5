import { reactive, watch } from 'vue'
import type { Role } from '@/api/types'

/** A code that was sent by SMS, as far as the screen must know it. */
export interface SentCode {
  messageId: string
  phone: string
  /** Milliseconds since the epoch. */
  resendAt: number
  expiresAt: number
  remainingToday: number
  /** No gateway takes messages: it is sent when one is back, and its time begins then. */
  waiting?: boolean
}

/** What somebody has typed so far. The password is never kept outside the page. */
export interface RegistrationDraft {
  step: 'account' | 'phone'
  role: Role | ''
  username: string
  phone: string
  code: string
  /** The phone is a guardian's, and the pupil's account has none of its own. */
  guardians: boolean
  sent: SentCode | null
}

const place = 'caotang.registration'
export const emptyDraft = (): RegistrationDraft => ({ step: 'account', role: '', username: '', phone: '', code: '', guardians: false, sent: null })

/** Reads what was kept; anything unreadable counts as nothing kept. */
export function readDraft(kept: string | null): RegistrationDraft {
  const draft = emptyDraft()
  if (!kept) return draft
  try {
    const stored = JSON.parse(kept) as Partial<RegistrationDraft>
    if (stored.step === 'phone') draft.step = 'phone'
    if (stored.role && ['teacher', 'student', 'parent', 'public'].includes(stored.role)) draft.role = stored.role
    for (const field of ['username', 'phone', 'code'] as const) {
      if (typeof stored[field] === 'string') draft[field] = stored[field]
    }
    draft.guardians = stored.guardians === true
    if (stored.sent && typeof stored.sent.messageId === 'string') draft.sent = stored.sent
  } catch {
    return emptyDraft()
  }
  return draft
}

/** The step to show: without a password the first one asks for it again, and keeps the rest. */
export function stepToShow(draft: RegistrationDraft, password: string): RegistrationDraft['step'] {
  return draft.step === 'phone' && password && draft.username && draft.role ? 'phone' : 'account'
}

/** The draft, kept in this tab through errors, reloads and going back, until `forget`. */
export function useRegistrationDraft() {
  const draft = reactive(readDraft(sessionStorage.getItem(place)))
  let kept = true
  watch(draft, () => {
    if (kept) sessionStorage.setItem(place, JSON.stringify(draft))
  })
  function forget() {
    kept = false
    sessionStorage.removeItem(place)
  }
  return { draft, forget }
}
