import { reactive, watch } from 'vue'
import type { Named } from '@/api/types'
import type { SentCode } from '../accounts/registration'
import { documentTypes, type DocumentType } from '../identity/documents'
import { kinds, type Kind } from '../verification/draft'

export type Proof = 'school' | 'copies'
export const formSteps = ['who', 'proof', 'phone'] as const
export type FormStep = (typeof formSteps)[number]

/** What somebody who lost their account has typed. */
export interface RecoveryDraft {
  step: FormStep
  kind: Kind
  idType: DocumentType
  idNumber: string
  name: string
  school: Named | null
  proof: Proof
  note: string
  phone: string
  code: string
  sent: SentCode | null
}

const place = 'caotang.recovery'

export const emptyRecovery = (): RecoveryDraft => ({
  step: 'who', kind: 'student', idType: 'resident_id', idNumber: '', name: '', school: null, proof: 'school', note: '', phone: '', code: '', sent: null,
})

/** What is kept through a reload: neither the number of a document, nor a name, nor a code. */
export function kept(draft: RecoveryDraft): Partial<RecoveryDraft> {
  const { step, kind, idType, school, proof, note, phone, sent } = draft
  return { step, kind, idType, school, proof, note, phone, sent }
}

/** Reads what was kept; anything unreadable counts as nothing kept. The first step asks again for what was not. */
export function readRecovery(text: string | null): RecoveryDraft {
  const draft = emptyRecovery()
  let stored: Partial<RecoveryDraft>
  try {
    stored = (JSON.parse(text ?? '{}') ?? {}) as Partial<RecoveryDraft>
  } catch {
    return draft
  }
  if (kinds.includes(stored.kind as Kind)) draft.kind = stored.kind as Kind
  if (documentTypes.includes(stored.idType as DocumentType)) draft.idType = stored.idType as DocumentType
  if (stored.school && typeof stored.school.id === 'string' && typeof stored.school.name === 'string') draft.school = stored.school
  if (stored.proof === 'copies') draft.proof = 'copies'
  for (const field of ['note', 'phone'] as const) {
    if (typeof stored[field] === 'string') draft[field] = stored[field]
  }
  if (stored.sent && typeof stored.sent.messageId === 'string') draft.sent = stored.sent
  return draft
}

/** The draft, kept in this tab until `forget`; resumed says that it was there already. */
export function useRecoveryDraft() {
  const before = sessionStorage.getItem(place)
  const draft = reactive(readRecovery(before))
  let keeping = true
  watch(draft, () => {
    if (keeping) sessionStorage.setItem(place, JSON.stringify(kept(draft)))
  })
  function forget() {
    keeping = false
    sessionStorage.removeItem(place)
  }
  return { draft, forget, resumed: before !== null }
}

/** A tracking number as people type it, in its one form; '' for what cannot be one. */
export function plainNumber(text: string): string {
  const plain = text.normalize('NFKC').toUpperCase().replace(/[\s\-–—]/gu, '')
  return /^[2-9A-HJKMNP-Z]{12}$/.test(plain) ? plain.replace(/(.{4})(.{4})(.{4})/, '$1-$2-$3') : ''
}
