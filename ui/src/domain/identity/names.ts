import { characters, halfWidth } from './width'

const dots = /[·•・‧．.∙⋅･᛫●﹒。｡]/gu

/** A name as it is compared: one dot, no white space, plain width, letters of one case. */
export function comparableName(name: string): string {
  return halfWidth(name.normalize('NFC').replace(dots, '·')).replace(/[\s\u200b\ufeff]/gu, '').replace(/\./g, '·').toLowerCase()
}

/** Whether two spellings are the same name. */
export const sameName = (one: string, other: string) => comparableName(one) === comparableName(other)

export type NameFault = 'empty' | 'too_long' | 'digits'

/** What speaks against a personal name (1 to 50 characters), or null. */
export function nameFault(name: string): NameFault | null {
  const trimmed = name.trim()
  if (!trimmed) return 'empty'
  if (characters(trimmed).length > 50) return 'too_long'
  return /\d/.test(halfWidth(trimmed)) ? 'digits' : null
}

/** Whether the number stands in the name's field and the name in the number's (F-17). */
export function fieldsSwapped(name: string, number: string): boolean {
  const nameLooksLikeNumber = /^[A-Z]{0,3}\d{6,}[\dX]?$/.test(halfWidth(name).replace(/[\s-]/gu, '').toUpperCase())
  const numberLooksLikeName = number.trim() !== '' && !/\d/.test(halfWidth(number)) && /\p{L}/u.test(number)
  return nameLooksLikeNumber && (numberLooksLikeName || number.trim() === '')
}
