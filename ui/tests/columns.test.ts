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
    expect(likelyFields(rows, 3)).toEqual(['', 'name', 'id_number'])
  })
  it('may have no headings at all', () => {
    expect(likelyHeaderRow(rows.slice(2))).toBe(0)
    expect(likelyHeaderRow([])).toBe(0)
    expect(likelyFields([], 0)).toEqual([])
  })
  it('never hold one thing twice', () => {
    expect(assigned(['name', '', 'id_number'], 1, 'name')).toEqual(['', 'name', 'id_number'])
    expect(assigned(['name', '', 'id_number'], 2, '')).toEqual(['name', '', ''])
  })
})
