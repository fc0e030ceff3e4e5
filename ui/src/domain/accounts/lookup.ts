import { ref } from 'vue'
import { plainDocumentNumber } from '../identity/documents'
import { halfWidth } from '../identity/width'
import { phoneFits, plainPhone } from './phone'

/** What was typed elsewhere and is to be looked up on the page of accounts: numbers are kept out of its address. */
export const brought = ref('')

export type LookupBy = 'id_number' | 'name' | 'username' | 'phone'
export const lookups: LookupBy[] = ['id_number', 'name', 'username', 'phone']

/** What a typed text most likely is; the person may say otherwise. */
export function lookupFor(text: string): LookupBy {
  if (phoneFits(text)) return 'phone'
  if (/^([A-Z]{0,3})\d{7,}X?$/.test(plainDocumentNumber(text))) return 'id_number'
  return /^[a-z0-9]+$/i.test(halfWidth(text).trim()) ? 'username' : 'name'
}

/** The query for one way of looking somebody up. */
export function lookupQuery(by: LookupBy, text: string): Partial<Record<LookupBy, string>> {
  const plain = { id_number: plainDocumentNumber, phone: plainPhone, username: (typed: string) => halfWidth(typed).trim(), name: (typed: string) => typed.trim() }
  return { [by]: plain[by](text) }
}
