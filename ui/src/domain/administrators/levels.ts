import type { GrantLevel } from '@/api/admin'
import type { Grant } from '@/api/types'

const heights: GrantLevel[] = ['school', 'county', 'city', 'province']

/** The levels that somebody with these grants may appoint: those below their highest, the lowest first. */
export function appointable(grants: Pick<Grant, 'level'>[]): GrantLevel[] {
  const highest = Math.max(0, ...grants.map(({ level }) => heights.indexOf(level)))
  return heights.slice(0, highest)
}
