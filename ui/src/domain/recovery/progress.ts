import type { Recovery } from '@/api/types'

/** A step of the way as it is shown: with its time once it is past. */
export interface Milestone {
  step: string
  at: string | null
  state: 'past' | 'now' | 'ahead' | 'ended'
}

const way = {
  school: ['filed', 'decided', 'completed'],
  copies: ['filed', 'submitted', 'decided', 'completed'],
} as const

/** The whole way of a request: what is past, what is going on, what lies ahead. One that has ended has nothing ahead. */
export function milestones({ proof, state, steps }: Pick<Recovery, 'proof' | 'state' | 'steps'>): Milestone[] {
  const past = steps.map(({ step, at }): Milestone => ({ step, at, state: ['rejected', 'withdrawn', 'expired', 'stopped'].includes(step) ? 'ended' : 'past' }))
  if (!['collecting', 'open', 'approved'].includes(state)) return past
  const done = past.map(({ step }) => (step === 'approved' ? 'decided' : step))
  const ahead = way[proof].filter((step) => !done.includes(step))
  return [...past, ...ahead.map((step, index): Milestone => ({ step, at: null, state: index === 0 ? 'now' : 'ahead' }))]
}
