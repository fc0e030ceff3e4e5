import { answer, api } from '@/api/client'
import type { Role } from '@/api/types'

/** One's space in one of one's roles. */
export const mySpace = (as?: Role) => answer(api.GET('/api/v1/me/space', { params: { query: as ? { as } : {} } }))

/** The applications that a verified person may open; refused to everybody else. */
export const myApps = async () => (await answer(api.GET('/api/v1/me/apps'))).items

/** One page of the class, from the cursor of the page before. */
export const classmates = (cursor?: string) =>
  answer(api.GET('/api/v1/me/classmates', { params: { query: { limit: 100, ...(cursor ? { cursor } : {}) } } }))

/** One page of a class that one teaches. */
export const pupilsTaught = (id: string, cursor?: string) =>
  answer(api.GET('/api/v1/me/classes/{id}/pupils', { params: { path: { id }, query: { limit: 100, ...(cursor ? { cursor } : {}) } } }))
