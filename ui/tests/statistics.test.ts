import { describe, expect, it } from 'vitest'
import type { StatisticsRow } from '@/api/admin'
import { missingAt, percentOf, queryOf, shortOf, viewFrom } from '@/domain/statistics/statistics'

const row = (level: StatisticsRow['level'], activated: number): StatisticsRow => ({
  id: 'x', level, name: 'X', teacher: { entries: 0, activated: 0, target: null }, student: { entries: 3, activated, target: 50 },
})

describe('statistics', () => {
  it('rounds, but says 100 % only when all have activated, 0 % only when nobody has, and nothing where there is nobody', () => {
    expect(percentOf({ entries: 84, activated: 55 })).toBe(65.5)
    expect(percentOf({ entries: 2_161, activated: 2 })).toBe(0.1)
    expect(percentOf({ entries: 100_000, activated: 1 })).toBe(0.1)
    expect(percentOf({ entries: 100_000, activated: 0 })).toBe(0)
    expect(percentOf({ entries: 100_000, activated: 99_999 })).toBe(99.9)
    expect(percentOf({ entries: 10_000, activated: 9_999 })).toBe(99.9)
    expect(percentOf({ entries: 3, activated: 3 })).toBe(100)
    expect(percentOf({ entries: 0, activated: 0 })).toBeNull()
  })

  it('counts whole people up to the target', () => {
    expect(shortOf({ entries: 3, activated: 1, target: 50 })).toBe(1)
    expect(shortOf({ entries: 3, activated: 2, target: 50 })).toBe(0)
    expect(shortOf({ entries: 3, activated: 0, target: null })).toBeNull()
  })

  it('leads to the names that are missing, and nowhere when none is', () => {
    expect(missingAt(row('class', 1), 's')).toEqual({ school_id: 's', class_id: 'x', bound: 'false' })
    expect(missingAt(row('none', 1), 's')).toEqual({ school_id: 's', class_id: 'none', bound: 'false' })
    expect(missingAt(row('county', 1), '')).toEqual({ region: 'x', bound: 'false' })
    expect(missingAt(row('county', 3), '')).toBeNull()
  })

  it('keeps in the address what was chosen and forgives what is nonsense', () => {
    const view = { scope: '510100', order: 'missing', kind: 'teacher', days: 90 } as const
    expect(viewFrom(queryOf(view))).toEqual(view)
    expect(viewFrom({ order: 'x', days: '7', scope: ['a'] })).toEqual({ scope: '', order: 'name', kind: '', days: 30 })
  })
})
