import { answer, api, once } from '@/api/client'
import type { components } from '@/api/schema'
import type { Nullable } from '@/api/types'

/** Somebody else's request for the entry that one holds, or held. */
export type Case = Nullable<components['schemas']['SupportCase'], 'school'>

export const myCases = async (): Promise<Case[]> => (await answer(api.GET('/api/v1/me/cases'))).items as Case[]

interface Words { id: string; note: string }
const body = ({ note }: Words) => (note ? { note } : {})

/** "This is me, keep it." */
export const keepEntry = (words: Words, key: string): Promise<Case> =>
  answer(api.POST('/api/v1/me/cases/{id}/keep', { params: { path: { id: words.id } }, body: body(words), headers: once(key) })) as Promise<Case>

export const appealCase = (words: Words, key: string) =>
  answer(api.POST('/api/v1/me/cases/{id}/appeal', { params: { path: { id: words.id } }, body: body(words), headers: once(key) }))
