import { currentLanguage } from './language'

/** A moment as people in the province read it, to the minute. */
export function moment(at: string): string {
  return new Intl.DateTimeFormat(currentLanguage(), { dateStyle: 'medium', timeStyle: 'short', timeZone: 'Asia/Shanghai' }).format(new Date(at))
}

export function day(at: string): string {
  return new Intl.DateTimeFormat(currentLanguage(), { dateStyle: 'medium', timeZone: 'Asia/Shanghai' }).format(new Date(at))
}
