import { answer, api, once } from '@/api/client'
import { t } from '@/core/i18n'

/** What whoever asks may say they are to the child. */
export const relations = ['father', 'mother', 'other'] as const

/** What a guardian is called, and what they are to the child where that is known. */
export function guardianWords({ guardian_name, relation }: { guardian_name?: string; relation?: string }): string {
  const name = guardian_name || t('guardian.nameless')
  return relation ? t('guardian.queue.who', { name, relation: t(`guardian.relation.${relation}`) }) : name
}

export const myGuardianships = (cursor?: string) =>
  answer(api.GET('/api/v1/me/guardianships', { params: { query: { limit: 20, ...(cursor ? { cursor } : {}) } } }))

export const confirmBySlip = (id: string, code: string, key: string) =>
  answer(api.POST('/api/v1/me/guardianships/{id}/slip', { params: { path: { id } }, body: { code }, headers: once(key) }))

export const withdraw = (id: string, key: string) =>
  answer(api.POST('/api/v1/me/guardianships/{id}/withdraw', { params: { path: { id } }, headers: once(key) }))

export const leave = (id: string, password: string, key: string) =>
  answer(api.POST('/api/v1/me/guardianships/{id}/leave', { params: { path: { id } }, body: { password }, headers: once(key) })).then(() => true)

export const myGuardians = () => answer(api.GET('/api/v1/me/guardians'))

export const answerGuardian = (id: string, confirm: boolean, key: string) =>
  answer(api.POST('/api/v1/me/guardians/{id}/answer', { params: { path: { id } }, body: { confirm }, headers: once(key) })).then(() => true)

export interface GuardianFilter { state?: 'asked' | 'confirmed' | 'declined' | 'ended'; entry_id?: string; class_id?: string }

/** One page of the guardians whom one may decide about. */
export const guardianships = (filter: GuardianFilter, cursor?: string, limit = 20) =>
  answer(api.GET('/api/v1/guardianships', { params: { query: { ...filter, limit, ...(cursor ? { cursor } : {}) } } }))

export const decide = (body: { ids: string[]; confirm: boolean; reason?: string }, key: string) =>
  answer(api.POST('/api/v1/guardianships/decide', { body, headers: once(key) }))

export const endGuardianship = (id: string, reason: string, key: string) =>
  answer(api.POST('/api/v1/admin/guardianships/{id}/end', { params: { path: { id } }, body: { reason }, headers: once(key) })).then(() => true)
