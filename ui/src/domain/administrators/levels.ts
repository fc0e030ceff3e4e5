import type { Administrator } from '@/api/admin'
import type { Grant } from '@/api/types'

// Customer service is no height: nobody is appointed to it here.
const heights: Administrator['level'][] = ['school', 'county', 'city', 'province']

/** The levels that somebody with these grants may appoint: those below their highest, the lowest first. */
export function appointable(grants: Pick<Grant, 'level'>[]): Administrator['level'][] {
  const highest = Math.max(0, ...grants.map(({ level }) => heights.findIndex((height) => height === level)))
  return heights.slice(0, highest)
}
