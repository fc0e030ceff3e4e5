import { onScopeDispose, ref, shallowRef } from 'vue'
import { troubleFrom, type Trouble } from './errors'

/**
 * Loads something a page shows. `waiting` turns true when it takes longer than
 * 300 ms: show the skeleton then, not before. Only the latest load counts.
 */
export function useLoad<T>(fetch: () => Promise<T>, { now = true } = {}) {
  const data = shallowRef<T>()
  const trouble = shallowRef<Trouble | null>(null)
  const loading = ref(false)
  const waiting = ref(false)
  let latest = 0
  let timer = 0

  async function load(): Promise<void> {
    const mine = ++latest
    loading.value = true
    window.clearTimeout(timer)
    timer = window.setTimeout(() => (waiting.value = true), 300)
    try {
      const result = await fetch()
      if (mine !== latest) return
      data.value = result
      trouble.value = null
    } catch (thrown) {
      if (mine === latest) trouble.value = troubleFrom(thrown)
    } finally {
      if (mine === latest) {
        window.clearTimeout(timer)
        loading.value = waiting.value = false
      }
    }
  }

  onScopeDispose(() => {
    latest++
    window.clearTimeout(timer)
  })
  if (now) void load()
  return { data, trouble, loading, waiting, load }
}
