import { reactive } from 'vue'

/** What the page tells of a calculation that the server asked for: shown once it takes longer than a moment. */
export const captcha = reactive({ shown: false, done: 0 })

let cancelled = false
export const isCancelled = () => cancelled

/** Stops the calculation; the request that it was for is then refused. */
export function cancelCaptcha(): void {
  cancelled = true
}

/** Runs something while the page tells of it. */
export async function telling<T>(work: () => Promise<T>): Promise<T> {
  cancelled = false
  captcha.done = 0
  const timer = window.setTimeout(() => (captcha.shown = true), 300)
  try {
    return await work()
  } finally {
    window.clearTimeout(timer)
    captcha.shown = false
  }
}
