import type { EntryKind } from '@/api/admin'
import { plainDocumentNumber } from '../identity/documents'

/** What the list of entries is narrowed to, as it stands in the address. '' = all. */
export interface RegistryFilters {
  kind: EntryKind | ''
  region: string
  school_id: string
  class_id: string
  bound: 'true' | 'false' | ''
  /** Those who have graduated, instead of those who have not. */
  graduated: 'true' | ''
  name: string
}

type Query = Record<string, string | null | (string | null)[] | undefined>

export const noFilters: RegistryFilters = { kind: '', region: '', school_id: '', class_id: '', bound: '', graduated: '', name: '' }

const single = (value: Query[string]): string => (Array.isArray(value) ? single(value[0]) : (value ?? '').trim())
const oneOf = <T extends string>(value: string, ...allowed: T[]): T | '' => (allowed.includes(value as T) ? (value as T) : '')

/** The filters that an address names; what it spells wrong counts as not named. */
export function filtersFrom(query: Query): RegistryFilters {
  return {
    kind: oneOf(single(query.kind), 'teacher', 'student'),
    region: /^\d{6}$/.test(single(query.region)) ? single(query.region) : '',
    school_id: single(query.school_id),
    class_id: single(query.class_id),
    bound: oneOf(single(query.bound), 'true', 'false'),
    graduated: oneOf(single(query.graduated), 'true'),
    name: Array.from(single(query.name)).slice(0, 50).join(''),
  }
}

/** The address's query for the filters: only those that narrow, always in the same order. */
export function queryOf(filters: RegistryFilters): Record<string, string> {
  return Object.fromEntries(Object.entries(filters).filter(([, value]) => value !== '')) as Record<string, string>
}

/** How many filters narrow the list. */
export const countFilters = (filters: RegistryFilters): number => Object.keys(queryOf(filters)).length

/** The filters after one changes: another school has other classes, another region other schools. */
export function narrowed(filters: RegistryFilters, change: Partial<RegistryFilters>): RegistryFilters {
  const next = { ...filters, ...change }
  if ('region' in change && change.region !== filters.region && !('school_id' in change)) next.school_id = ''
  if (next.school_id !== filters.school_id && !('class_id' in change)) next.class_id = ''
  return next
}

/** What was typed into the one search box: a document's number or a name. */
export function searchIn(text: string): { name: string; id_number: string } {
  const number = plainDocumentNumber(text)
  if (/^[A-Z]{0,3}\d{4,}X?$/.test(number)) return { name: '', id_number: number }
  return { name: text.trim(), id_number: '' }
}

/** How many digits there are of a number that is not whole; 0 for any other. Numbers are kept sealed, so half a one finds nobody. */
export function digitsOfPart(text: string): number {
  const number = plainDocumentNumber(text)
  return /^\d{4,17}$/.test(number) ? number.length : 0
}
