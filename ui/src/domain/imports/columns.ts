import type { EntryKind } from '@/api/admin'

/** Which column of a file holds what, as somebody says; the row of the headings is 0 where there is none. */
export interface Columns { sheet: string; header_row: number; fields: string[] }
export interface ShownRow { line: number; cells: string[] }
export interface FirstRows { sheet: string; rows: ShownRow[] }

/** What columns of a roster of the kind can hold, the needed ones first. */
export const fieldsOf = (kind: EntryKind): string[] =>
  kind === 'student'
    ? ['name', 'id_number', 'id_type', 'student_number', 'grade', 'class', 'school', 'school_code']
    : ['name', 'id_number', 'id_type', 'certificate_number', 'school', 'school_code']
export const needed = ['name', 'id_number']

const isNumber = (cell: string) => /^['’]?[\dA-Za-z]{3,6}\*{3,}/.test(cell)
const isClass = (cell: string) => /(^|级|届|初|高)[（(]?[\d一二三四五六七八九十]+[）)]?班$/u.test(cell.replaceAll(/\s/g, ''))
const isName = (cell: string) => !isClass(cell) && /^[\p{Script=Han}·]{2,6}$/u.test(cell.replaceAll(/\s/g, ''))

/** The row that is likely that of the headings: the first with several texts and no number, if people stand beneath it; 0 for none. */
export function likelyHeaderRow(rows: ShownRow[]): number {
  const first = rows.findIndex(({ cells }) => cells.some(isNumber))
  const above = rows.slice(0, Math.max(first, 0)).reverse().find(({ cells }) => cells.filter((cell) => cell.trim()).length > 1)
  return first < 0 ? (rows[0]?.line ?? 0) : (above?.line ?? 0)
}

/** What the columns likely hold by what stands in them: numbers of people, the names beside them, and pupils' classes. */
export function likelyFields(rows: ShownRow[], headerRow: number, kind: EntryKind): string[] {
  const people = rows.filter(({ line }) => line > headerRow)
  const width = Math.max(0, ...rows.map(({ cells }) => cells.length))
  const mostly = (fits: (cell: string) => boolean) =>
    Array.from({ length: width }, (_, at) => at).find((at) => people.length > 0 && people.filter(({ cells }) => fits(cells[at] ?? '')).length * 2 > people.length)
  const likely = new Map([[mostly(isNumber), 'id_number'], [mostly(isName), 'name'], [kind === 'student' ? mostly(isClass) : undefined, 'class']])
  return Array.from({ length: width }, (_, at) => likely.get(at) ?? '')
}

/** The fields after a column was said to hold one, which no other column holds then. */
export const assigned = (fields: string[], at: number, field: string): string[] => fields.map((one, i) => (i === at ? field : field && one === field ? '' : one))
