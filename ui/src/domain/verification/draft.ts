import { reactive, watch } from 'vue'
import type { DocumentType } from '../identity/documents'

export type Kind = 'teacher' | 'student' | 'parent'
export const kinds: Kind[] = ['teacher', 'student', 'parent']

/** What somebody has typed to verify. Kept for the page's life only: numbers of documents are never stored in the browser. */
export interface VerificationDraft {
  kind: Kind
  idType: DocumentType
  idNumber: string
  name: string
  secondNumber: string
  /** Of whoever asks to be a guardian. */
  guardianName: string
  relation: string
}

const place = 'caotang.verification'

/** Keeps the harmless part (who one is, which document) through a reload; never a number or a name. */
export function useVerificationDraft(role: string | undefined) {
  const kept = read()
  const draft = reactive<VerificationDraft>({
    kind: kept.kind ?? (kinds.includes(role as Kind) ? (role as Kind) : 'teacher'),
    idType: kept.idType ?? 'resident_id',
    idNumber: '',
    name: '',
    secondNumber: '',
    guardianName: '',
    relation: '',
  })
  watch(
    () => [draft.kind, draft.idType],
    () => sessionStorage.setItem(place, JSON.stringify({ kind: draft.kind, idType: draft.idType })),
  )
  return draft
}

function read(): Partial<VerificationDraft> {
  try {
    return (JSON.parse(sessionStorage.getItem(place) ?? '{}') ?? {}) as Partial<VerificationDraft>
  } catch {
    return {}
  }
}
