// Synthetic people. Every value differs from test to test and from worker to worker, since all share one server.
import { randomInt } from 'node:crypto'

const letters = 'abcdefghijklmnopqrstuvwxyz'

/** A username that nobody has: 12 letters and digits. */
export function newUsername(): string {
  return letters[randomInt(26)]! + letters[randomInt(26)]! + digits(10)
}

/** A password that meets the default policy. */
export const password = 'Caotang2026'
export const otherPassword = 'Huanhua759x'

/** A mobile number of Chengdu that nobody has. */
export function newPhone(): string {
  return '13880' + digits(6)
}

/** A valid resident identity number that no entry has: born on some day of 1900–1929, before the demo's people. */
export function newResidentID(birth = `19${randomInt(10, 30)}${two(randomInt(1, 13))}${two(randomInt(1, 29))}`): string {
  const first17 = `510104${birth}${digits(3)}`
  const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
  const sum = weights.reduce((total, weight, i) => total + weight * Number(first17[i]), 0)
  return first17 + '10X98765432'[sum % 11]
}

/** The same for a child of four, younger than the demo's pupils. */
export const newChildID = (): string => newResidentID(`${new Date().getFullYear() - 4}01${two(randomInt(1, 29))}`)

/** A name of three characters, rare enough to be found alone. */
export function newName(): string {
  const given = '澄霁砚蘅筠溪岚珩昀翊清远竹茂杉桐松柏荷蓼'
  const pick = () => given[randomInt(given.length)]!
  return '浣' + pick() + pick() + pick()
}

function digits(n: number): string {
  return Array.from({ length: n }, () => randomInt(10)).join('')
}

function two(n: number): string {
  return String(n).padStart(2, '0')
}
