import type { Me } from '@/api/types'

/** What a page asks of the one who opens it. */
export type Needs = 'signed_in' | 'ready' | 'administrator'

export interface Detour {
  path: string
  query?: Record<string, string>
}

/** Where somebody has to go instead of a page, or null when it may open. */
export function detour(needs: Needs | undefined, who: Pick<Me, 'must' | 'admin_grants'> | null, wanted: string): Detour | null {
  if (!needs) return null
  if (!who) return { path: '/login', query: { next: wanted } }
  if (needs === 'signed_in') return null
  const must = who.must[0]
  if (must === 'cancel_closing') return { path: '/me/closing' }
  if (must) return { path: '/me/security', query: { must, next: wanted } }
  if (needs === 'administrator' && who.admin_grants.length === 0) return { path: '/no-permission' }
  return null
}
