import { halfWidth } from '../identity/width'

/** The eleven digits of a mobile number as people write it: +86, 0086, spaces and hyphens fall away. */
export function plainPhone(text: string): string {
  return halfWidth(text).replace(/[\s\-‐–—()]/gu, '').replace(/^(\+86|0086)/, '')
}

export const phoneFits = (text: string) => /^1\d{10}$/.test(plainPhone(text))
