export type StepState = 'done' | 'now' | 'late' | 'refused' | 'skipped'

/** One step of a request as a list shows it: in words. */
export interface ShownStep {
  key: string
  state: StepState
  what: string
  when?: string
  words?: string
}
