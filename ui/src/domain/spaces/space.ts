import { answer, api } from '@/api/client'

export const mySpace = () => answer(api.GET('/api/v1/me/space'))

/** One page of the class, from the cursor of the page before. */
export const classmates = (cursor?: string) =>
  answer(api.GET('/api/v1/me/classmates', { params: { query: { limit: 100, ...(cursor ? { cursor } : {}) } } }))
