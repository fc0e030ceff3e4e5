import { describe, expect, it } from 'vitest'
import type { Ticket } from '@/api/types'
import { followAfter, verifiedMeanwhile } from '@/domain/support/follow'

const ticket = (id: string, more: Partial<Ticket>): Ticket => ({
  id, kind: 'missing_entry', state: 'open', school: null, created_at: '2026-09-01T00:00:00Z', answer: null, answered_at: null, summary: '', ...more,
})

describe('requests that complete by themselves', () => {
  it('are looked at rarely after a while', () => {
    expect(followAfter(0)).toBe(3000)
    expect(followAfter(1000)).toBe(30_000)
  })
  it('are noticed once, when one that waited has verified the person', () => {
    const waits = ticket('a', { waits: true })
    const done = ticket('a', { state: 'done', ending: 'verified' })
    expect(verifiedMeanwhile([waits], [done])).toBe(true)
    expect(verifiedMeanwhile([done], [done])).toBe(false)
    expect(verifiedMeanwhile([waits], [ticket('a', { state: 'declined', ending: 'account_taken' })])).toBe(false)
    expect(verifiedMeanwhile([waits], [ticket('b', { state: 'done', ending: 'verified' }), waits])).toBe(false)
  })
})
