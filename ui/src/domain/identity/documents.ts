import { halfWidth } from './width'

export type DocumentType = 'resident_id' | 'residence_permit' | 'home_return_permit' | 'permanent_residence' | 'passport'
/** What a guardian may name a child by: a document, or the student number. */
export type NumberType = DocumentType | 'student_number'
export const documentTypes: DocumentType[] = ['resident_id', 'residence_permit', 'home_return_permit', 'permanent_residence', 'passport']
/** Why a number cannot be right. `short` is no mistake yet while somebody types. */
export type DocumentFault = 'empty' | 'short' | 'long' | 'characters' | 'birth_date' | 'future' | 'check_digit' | 'area'

/** The number as it is compared: plain, upper case, without spaces. */
export const plainDocumentNumber = (text: string) => halfWidth(text).replace(/[\s-]/gu, '').toUpperCase().replace(/[×ХΧⅩ✕]$/u, 'X')

const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]

/** The 18th character of a resident ID number (MOD 11-2) for its first seventeen digits. */
export function checkCharacter(digits: string): string {
  const sum = weights.reduce((total, weight, at) => total + weight * Number(digits[at]), 0)
  return '10X98765432'[sum % 11]
}

/** What can be told about a number without the registry; null when nothing speaks against it. `today` is a day in China as YYYYMMDD. */
export function documentFault(type: NumberType, text: string, today = dayInChina()): DocumentFault | null {
  const number = plainDocumentNumber(text)
  if (!number) return 'empty'
  switch (type) {
    case 'resident_id':
      return eighteen(number, today)
    case 'residence_permit':
      return eighteen(number, today) ?? (/^8[123]0000/.test(number) ? null : 'area')
    case 'home_return_permit':
      if (!/^[HM]?\d*$/.test(number) || !/^[HM]/.test(number)) return 'characters'
      return number.length < 9 ? 'short' : number.length === 10 ? 'short' : number.length > 11 ? 'long' : null
    case 'permanent_residence':
      if (/^9\d*X?$/.test(number)) return eighteenLong(number) ?? (checkCharacter(number) === number[17] ? null : 'check_digit')
      if (!/^[A-Z]{1,3}\d*$/.test(number) || (number.length > 3 && !/^[A-Z]{3}/.test(number))) return 'characters'
      return number.length < 15 ? 'short' : number.length > 15 ? 'long' : null
    case 'passport':
      if (!/^[A-Z0-9]*$/.test(number)) return 'characters'
      return number.length < 5 ? 'short' : number.length > 20 ? 'long' : null
    case 'student_number':
      if (!/^[GJL][A-Z0-9]*$/.test(number)) return 'characters'
      return number.length < 19 ? 'short' : number.length > 19 ? 'long' : null
  }
}

function eighteenLong(number: string): DocumentFault | null {
  if (number.length > 18) return 'long'
  return number.length < 18 ? 'short' : null
}

function eighteen(number: string, today: string): DocumentFault | null {
  if (!/^\d{0,17}$|^\d{17}[\dX]/.test(number)) return 'characters'
  const birth = number.slice(6, 14)
  if (birth.length === 8) {
    if (!isDate(birth)) return 'birth_date'
    if (birth > today) return 'future'
  }
  const length = eighteenLong(number)
  if (length) return length
  return checkCharacter(number) === number[17] ? null : 'check_digit'
}

function isDate(digits: string): boolean {
  const [year, month, day] = [Number(digits.slice(0, 4)), Number(digits.slice(4, 6)), Number(digits.slice(6))]
  const date = new Date(Date.UTC(year, month - 1, day))
  return year >= 1800 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day
}

function dayInChina(): string {
  return new Date(Date.now() + 8 * 3600_000).toISOString().slice(0, 10).replace(/-/g, '')
}

/** A number in groups for reading: 510104 19900101 123 4. */
export function grouped(text: string): string {
  const number = plainDocumentNumber(text)
  if (!/^\d{7,}/.test(number)) return number
  return [number.slice(0, 6), number.slice(6, 14), number.slice(14, 18), number.slice(18)].filter(Boolean).join(' ')
}
