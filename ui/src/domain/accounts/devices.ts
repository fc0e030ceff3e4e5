import { answer, api } from '@/api/client'
import type { Device, Page, Place, SecurityEvent, Session } from '@/api/types'
import { t, te } from '@/core/i18n'

export const mySessions = (cursor?: string): Promise<Page<Session>> => answer(api.GET('/api/v1/me/sessions', { params: { query: { cursor, limit: 20 } } }))

export const endSession = (id: string) => answer(api.DELETE('/api/v1/me/sessions/{id}', { params: { path: { id } } })).then(() => true)

export const endOtherSessions = () => answer(api.DELETE('/api/v1/me/sessions'))

export const mySecurityEvents = (cursor?: string): Promise<Page<SecurityEvent>> => answer(api.GET('/api/v1/me/security-events', { params: { query: { cursor, limit: 10 } } }))

/** A device in words: "Windows 10/11 · Chrome 126", or that it is not known. */
export function deviceWords(device: Device, program = false): string {
  const system = device.system && `${t(`devices.system.${device.system}`)} ${device.system_version}`.trim()
  const browser = device.browser && `${t(`devices.browser.${device.browser}`)} ${device.browser_version}`.trim()
  return [system, browser].filter(Boolean).join(' · ') || t(program ? 'devices.program' : 'devices.unknown')
}

/** A place in words, with what of the address may be shown. */
export function placeWords(place: Place): string {
  const name = place.kind === 'known' ? place.name : t(`devices.place.${place.kind}`)
  return place.masked_address ? `${name}（${place.masked_address}）` : name
}

/** What happened, in words; a kind that this page does not know yet is told as a change of the account's security. */
export function eventWords(event: Pick<SecurityEvent, 'kind' | 'masked_phone'>): string {
  const key = `devices.event.${event.kind}`
  return t(te(key) ? key : 'devices.event.other', { phone: event.masked_phone })
}

/** Where an event comes from, in lines: the device and its place, or whose doing it was. */
export function sourceWords(event: Pick<SecurityEvent, 'by' | 'device' | 'place'>): string[] {
  return event.by === 'owner' ? [deviceWords(event.device), placeWords(event.place)] : [t(`devices.by_${event.by}`)]
}
