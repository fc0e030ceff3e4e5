import { computed, ref, shallowRef } from 'vue'
import { fieldMessages, mayRetry, Problem, troubleFrom, type Trouble } from './errors'
import { KeyPerContent, type Keys } from './idempotency'

/**
 * Sends a form. A second click while the first is under way joins it; a retry
 * after a lost answer carries the same Idempotency-Key. `submit` resolves to
 * the answer, or to undefined when there is `trouble` to show.
 */
export function useSubmit<Content, Answer>(send: (content: Content, key: string) => Promise<Answer>, keys: Keys = new KeyPerContent()) {
  const busy = ref(false)
  const trouble = shallowRef<Trouble | null>(null)
  const fields = computed(() => fieldMessages(trouble.value))
  let running: Promise<Answer | undefined> | null = null
  let last: Content | undefined

  async function sendOnce(content: Content): Promise<Answer> {
    try {
      return await send(content, keys.keyFor(content))
    } catch (thrown) {
      if (!(thrown instanceof Problem) || thrown.code !== 'idempotency_key_reused') throw thrown
      keys.settled()
      return send(content, keys.keyFor(content))
    }
  }

  async function run(content: Content): Promise<Answer | undefined> {
    busy.value = true
    last = content
    try {
      const result = await sendOnce(content)
      keys.settled()
      trouble.value = null
      return result
    } catch (thrown) {
      const told = troubleFrom(thrown)
      if (!mayRetry(told)) keys.settled()
      trouble.value = told
      return undefined
    } finally {
      busy.value = false
      running = null
    }
  }

  function submit(content: Content): Promise<Answer | undefined> {
    running ??= run(content)
    return running
  }

  /** Sends the last content again. */
  const retry = () => (last === undefined ? Promise.resolve(undefined) : submit(last))

  const clear = () => {
    trouble.value = null
  }

  return { busy, trouble, fields, submit, retry, clear }
}
