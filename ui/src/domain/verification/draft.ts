import { reactive, ref, watch } from 'vue'
import type { Named } from '@/api/types'
import type { NumberType } from '../identity/documents'

export type Kind = 'teacher' | 'student' | 'parent'
export const kinds: Kind[] = ['teacher', 'student', 'parent']

/** What somebody has typed to verify. Numbers are kept for the page's life only: they are never stored in the browser. */
export interface VerificationDraft {
  kind: Kind
  idType: NumberType
  idNumber: string
  name: string
  secondNumber: string
  /** Of whoever asks to be a guardian. */
  guardianName: string
  relation: string
}

const place = 'caotang.verification'

/** What is kept through a reload, for the account that chose it: never a number or a name, for others sit down at the same computer. */
interface Kept extends Partial<Pick<VerificationDraft, 'kind' | 'idType' | 'relation'>> {
  account?: string
  /** That the school's administrator is asked at. */
  school?: Named | null
}

/** The draft, kept in this tab until `forget`; what another account has typed there is dropped. */
export function useVerificationDraft(account: { id: string; role: string } | undefined) {
  const kept = read(account?.id)
  const role = account?.role as Kind
  const draft = reactive<VerificationDraft>({
    kind: kept.kind ?? (kinds.includes(role) ? role : 'teacher'),
    idType: kept.idType ?? 'resident_id',
    idNumber: '',
    name: '',
    secondNumber: '',
    guardianName: '',
    relation: kept.relation ?? '',
  })
  const school = ref<Named | null>(kept.school ?? null)
  let keeping = true
  watch([draft, school], () => {
    const { kind, idType, relation } = draft
    if (keeping) sessionStorage.setItem(place, JSON.stringify({ account: account?.id, kind, idType, relation, school: school.value } satisfies Kept))
  })
  function forget() {
    keeping = false
    sessionStorage.removeItem(place)
  }
  return { draft, school, forget }
}

function read(account: string | undefined): Kept {
  try {
    const kept = (JSON.parse(sessionStorage.getItem(place) ?? '{}') ?? {}) as Kept
    return kept.account === account ? kept : {}
  } catch {
    return {}
  }
}
