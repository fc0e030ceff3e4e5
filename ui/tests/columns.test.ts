import { describe, expect, it } from 'vitest'
import { assigned, likelyFields, likelyHeaderRow } from '@/domain/imports/columns'

const rows = [
  { line: 1, cells: ['八年级名单'] },
  { line: 3, cells: ['序', '谁', '号'] },
  { line: 4, cells: ['1', '韩 梅梅', '510104********001X'] },
  { line: 5, cells: ['2', '阿依·古丽', '510104********0028'] },
]

describe('columns that nobody knows', () => {
  it('are guessed by what stands in them', () => {
    expect(likelyHeaderRow(rows)).toBe(3)
    expect(likelyFields(rows, 3, 'student')).toEqual(['', 'name', 'id_number'])
  })
  it('may have no headings at all', () => {
    expect(likelyHeaderRow(rows.slice(2))).toBe(0)
    expect(likelyHeaderRow([])).toBe(0)
    expect(likelyFields([], 0, 'student')).toEqual([])
  })
  it('know a class by how classes are written, of pupils', () => {
    for (const classes of [['七年级1班', '七年级2班'], ['七年级一班', '七年级二班'], ['1班', '（2）班'], ['2024级3班', '初一3班']]) {
      const people = classes.map((one, at) => ({ line: at + 2, cells: [one, '韩梅梅', '510104********001X'] }))
      expect(likelyFields(people, 1, 'student')).toEqual(['class', 'name', 'id_number'])
      expect(likelyFields(people, 1, 'teacher')).toEqual(['', 'name', 'id_number'])
    }
  })
  it('never hold one thing twice', () => {
    expect(assigned(['name', '', 'id_number'], 1, 'name')).toEqual(['', 'name', 'id_number'])
    expect(assigned(['name', '', 'id_number'], 2, '')).toEqual(['name', '', ''])
  })
})
