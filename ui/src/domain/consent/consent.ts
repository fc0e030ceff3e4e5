import { answer, api, once } from '@/api/client'
import type { components } from '@/api/schema'

export type Asked = components['schemas']['ConsentAsked']
export type ConsentRecord = components['schemas']['ConsentRecord']
/** Whether it is still to be answered: never was, or for a text or by a guardian that counts no longer. */
export const undecided = ({ state }: Pick<Asked, 'state'>) => ['not_asked', 'outdated', 'lapsed'].includes(state)

export interface Decision { purpose: Asked['purpose']; version: number; given: boolean }

export const myConsents = () => answer(api.GET('/api/v1/me/consents'))

export const sayConsent = (body: { guardianship_id: string; decisions: Decision[] }, key: string) =>
  answer(api.POST('/api/v1/me/consents', { body, headers: once(key) })).then(() => true)

export const readLink = (token: string) => answer(api.POST('/api/v1/consent-links/read', { body: { token } }))

export const readSlip = (code: string) => answer(api.POST('/api/v1/slips/consents/read', { body: { code } }))

export const sayByLink = (body: { token: string; decisions: Decision[] }, key: string) =>
  answer(api.POST('/api/v1/consent-links/say', { body, headers: once(key) })).then(() => true)

export const sayBySlip = (body: { code: string; name: string; relation: string; decisions: Decision[] }, key: string) =>
  answer(api.POST('/api/v1/slips/consents/say', { body, headers: once(key) })).then(() => true)

export const countConsents = (id: string) => answer(api.GET('/api/v1/classes/{id}/consents', { params: { path: { id } } }))

export type PupilConsents = components['schemas']['ConsentOfPupil']

/** How a class's list can be narrowed. */
export const narrowings = ['all', 'silent', 'unlinked', 'refused'] as const
export type Narrowing = (typeof narrowings)[number]
const unanswered = ({ answers }: PupilConsents) => answers.some(undecided)

/** Whether a pupil belongs to the narrowed list: silent has somebody who could answer, unlinked nobody. */
export function narrowed(pupil: PupilConsents, by: Narrowing): boolean {
  switch (by) {
    case 'silent': return pupil.linked && unanswered(pupil)
    case 'unlinked': return pupil.asked && !pupil.linked && unanswered(pupil)
    case 'refused': return pupil.answers.some(({ state }) => state === 'refused' || state === 'withdrawn')
    default: return true
  }
}

/** What stands for each pupil of a class: a class's pupils come at once. */
export const classConsents = (id: string, cursor?: string) =>
  answer(api.GET('/api/v1/classes/{id}/consents/pupils', { params: { path: { id }, query: { limit: 200, ...(cursor ? { cursor } : {}) } } }))

/** Everything that was said for one of them. */
export const pupilConsents = (id: string, entry_id: string, cursor?: string) =>
  answer(api.GET('/api/v1/classes/{id}/consents/records', { params: { path: { id }, query: { entry_id, limit: 20, ...(cursor ? { cursor } : {}) } } }))

export const remind = (id: string, key: string) => answer(api.POST('/api/v1/classes/{id}/consents/remind', { params: { path: { id } }, headers: once(key) }))
