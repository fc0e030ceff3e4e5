import { halfWidth } from '../identity/width'

/** Characters that nobody mistakes for each other; the server makes codes of the same ones. */
const alphabet = '23456789ABCDEFGHJKMNPQRSTUVWXYZ'
export const codeLength = 12

/** The characters of a code in what was typed: any letter case, full-width, with spaces, dashes or the slip's whole address. */
export function plainCode(typed: string): string {
  const plain = halfWidth(typed).replace(/^.*[?&]code=/, '').toUpperCase()
  return Array.from(plain).filter((char) => /[0-9A-Z]/.test(char)).join('')
}

/** As it is printed: K7MP-3FQA-9TZX. */
export const groupedCode = (typed: string): string => (plainCode(typed).match(/.{1,4}/g) ?? []).join('-')

export type CodeFault = 'empty' | 'short' | 'long' | 'look_alike' | 'mistyped'

/** What is wrong with a code that can be seen without asking; null for one that may exist. */
export function codeFault(typed: string): CodeFault | null {
  const code = plainCode(typed)
  if (!code) return 'empty'
  if (Array.from(code).some((char) => !alphabet.includes(char))) return 'look_alike'
  if (code.length < codeLength) return 'short'
  if (code.length > codeLength) return 'long'
  // The last character is chosen so that this sum comes out even: a wrong or swapped character shows.
  const sum = Array.from(code).reduce((total, char, at) => total + (at + 1) * alphabet.indexOf(char), 0)
  return sum % alphabet.length === 0 ? null : 'mistyped'
}
