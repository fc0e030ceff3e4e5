import type { Trouble } from '@/core/errors'

/** Why a file is no roster that can be read. Each has words that say why and what to do. */
export const refusals = [
  'empty', 'too_big', 'truncated', 'zip_bomb', 'not_a_table', 'password_protected', 'legacy_xls', 'no_header', 'no_rows', 'wrong_kind', 'too_many_columns', 'too_many_rows', 'row_too_long', 'text_too_long',
] as const
export type Refusal = (typeof refusals)[number]

/** What can be told before anything is sent. */
export function refusalBeforehand(file: { name: string; size: number }): Refusal | null {
  const ending = /\.([^.]+)$/.exec(file.name)?.[1]?.toLowerCase()
  if (ending === 'xls' || ending === 'et') return 'legacy_xls'
  if (ending && !['xlsx', 'csv', 'txt', 'tsv', 'xlsm'].includes(ending)) return 'not_a_table'
  return file.size === 0 ? 'empty' : null
}

/** Why the server refused the file, or null when the trouble is another. */
export function refusalOf(trouble: Trouble | null): Refusal | null {
  if (trouble?.kind !== 'problem') return null
  if (trouble.code === 'payload_too_large') return 'too_big'
  if (trouble.code !== 'unsupported_file') return null
  const named = trouble.fields.map(({ code }) => code).find((code) => refusals.includes(code as Refusal))
  return (named as Refusal | undefined) ?? 'not_a_table'
}

/** A size in the unit that a person would name. */
export function sizeInWords(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  if (bytes < 1_000_000) return `${Math.round(bytes / 1000)} KB`
  return `${(bytes / 1_000_000).toFixed(bytes < 10_000_000 ? 1 : 0)} MB`
}
