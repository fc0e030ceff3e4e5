import { onScopeDispose, watch } from 'vue'
import type { Ticket } from '@/api/types'
import { useLoad } from '@/core/load'
import { refreshSession } from '@/core/session'
import { myTickets } from './tickets'

/** Milliseconds until the next look at a request that may complete by itself: soon at first, for the school may be at it, then rarely. */
export const followAfter = (looks: number): number => Math.min(30_000, 3000 + looks * 1000)

/** Whether a request has verified the person between two looks. */
export const verifiedMeanwhile = (before: Ticket[], now: Ticket[]): boolean =>
  now.some((one) => one.ending === 'verified' && before.some(({ id, waits }) => id === one.id && waits))

/**
 * One's own requests, looked at again while one of them waits for the registry.
 * When one has verified the person, the session knows, and so does `verified`.
 * A look that fails leaves what was there, and is made again.
 */
export function useMyTickets(verified: () => void = () => {}, { now = true } = {}) {
  const list = useLoad(myTickets, { now })
  let looks = 0
  let timer = 0
  let left = false

  function later() {
    window.clearTimeout(timer)
    if (!left && list.data.value?.some(({ waits }) => waits)) timer = window.setTimeout(() => void look(), followAfter(looks++))
  }

  async function look() {
    if (document.visibilityState === 'hidden') return later()
    try {
      const fresh = await myTickets()
      if (!left) list.data.value = fresh
    } catch {
      later()
    }
  }

  watch(list.data, async (fresh, before) => {
    later()
    if (!fresh || !before || !verifiedMeanwhile(before, fresh)) return
    await refreshSession().catch(() => {})
    if (!left) verified()
  })
  onScopeDispose(() => {
    left = true
    window.clearTimeout(timer)
  })
  return list
}
