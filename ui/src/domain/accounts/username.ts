import { characters, halfWidth, isFullWidth, isSpace } from '../identity/width'

export interface UsernameRule {
  min: number
  max: number
}
export type UsernameFault = 'too_short' | 'too_long' | 'full_width' | 'space' | 'letters_digits_only'
/** One typed character, with what is wrong about it. */
export interface Piece {
  char: string
  fault: Exclude<UsernameFault, 'too_short' | 'too_long'> | null
}

/** What was typed, character by character (F-03). */
export function pieces(text: string): Piece[] {
  return characters(text).map((char) => ({ char, fault: faultOf(char) }))
}

function faultOf(char: string): Piece['fault'] {
  if (/^[A-Za-z0-9]$/.test(char)) return null
  if (isSpace(char)) return 'space'
  return isFullWidth(char) && /^[A-Za-z0-9]$/.test(halfWidth(char)) ? 'full_width' : 'letters_digits_only'
}

/** Every part of the rule that the name breaks; none for a valid name. */
export function usernameFaults(text: string, rule: UsernameRule): UsernameFault[] {
  const faults = new Set<UsernameFault>()
  const typed = pieces(text)
  if (typed.length < rule.min) faults.add('too_short')
  if (typed.length > rule.max) faults.add('too_long')
  for (const { fault } of typed) if (fault) faults.add(fault)
  return [...faults]
}

/** The name that was meant: plain letters and digits, without spaces. */
export const plainUsername = (text: string) => halfWidth(text).replace(/\s/gu, '')
