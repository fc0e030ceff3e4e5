import type { LocationQueryValue } from 'vue-router'
import type { Me } from '@/api/types'
import { ownPath } from './errors'

/**
 * Where a signed-in person goes on: what they must do, else the page they wanted, else their space. An administrator who
 * is nobody in the registry has their work in the administration area.
 */
export function destination(who: Pick<Me, 'must' | 'binding' | 'admin_grants'>, next: LocationQueryValue | LocationQueryValue[] | undefined) {
  const wanted = ownPath(next)
  const must = who.must[0]
  if (must === 'cancel_closing') return { path: '/me/closing' }
  if (must) return { path: '/me/security', query: { must, ...(wanted ? { next: wanted } : {}) } }
  return wanted ?? (who.admin_grants.length > 0 && !who.binding ? '/admin' : '/space')
}
