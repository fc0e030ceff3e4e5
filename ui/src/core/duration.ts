import { t } from './i18n'

/** A wait in words, rounded up to the unit that a person would name. */
export function duration(seconds: number): string {
  if (seconds < 100) return t('common.duration.seconds', { n: seconds })
  if (seconds < 5400) return t('common.duration.minutes', { n: Math.ceil(seconds / 60) })
  return t('common.duration.hours', { n: Math.ceil(seconds / 3600) })
}
