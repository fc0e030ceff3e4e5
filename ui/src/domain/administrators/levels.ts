import type { Administrator } from '@/api/admin'
import type { Grant } from '@/api/types'

const heights: Administrator['level'][] = ['school', 'county', 'city', 'province']

/** The levels that somebody with these grants may appoint: those below their highest, the lowest first; the province customer service, too. */
export function appointable(grants: Pick<Grant, 'level'>[]): Administrator['level'][] {
  const highest = Math.max(0, ...grants.map(({ level }) => heights.findIndex((height) => height === level)))
  return [...heights.slice(0, highest), ...(heights[highest] === 'province' ? (['service'] as const) : [])]
}
