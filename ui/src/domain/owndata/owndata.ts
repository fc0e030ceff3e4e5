import { answer, api } from '@/api/client'
import type { OwnData, OwnRecord, Page } from '@/api/types'

export const myData = (): Promise<OwnData> => answer(api.GET('/api/v1/me/data')) as Promise<OwnData>

export const myRecords = (cursor?: string): Promise<Page<OwnRecord>> =>
  answer(api.GET('/api/v1/me/data/records', { params: { query: { limit: 20, ...(cursor ? { cursor } : {}) } } }))

/** The file with everything, made for whoever knows the password. */
export const exportMyData = (password: string): Promise<Blob> =>
  answer<unknown>(api.POST('/api/v1/me/data/export', { body: { password }, parseAs: 'blob' })) as Promise<Blob>

/** Hands a file that was fetched to the browser, as if it had been a link. */
export function saveFile(file: Blob, name: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(file)
  link.download = name
  document.body.appendChild(link)
  link.click()
  document.body.removeChild(link)
  window.setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
}

/** A phone as the server masks it: enough to tell whether somebody typed the one they mean. */
export const maskedPhone = (phone: string): string => `${phone.slice(0, 3)}****${phone.slice(7)}`
