import { nextTick, watch, type Ref } from 'vue'
import { useRoute } from 'vue-router'

/** Goes to what the address names after # as soon as it is there: the router looked for it before it was loaded. */
export function useAnchor(loaded: Ref<unknown>): void {
  const id = useRoute().hash.slice(1)
  const stop = watch(loaded, async (there) => {
    if (!id || !there) return
    stop()
    await nextTick()
    document.getElementById(id)?.scrollIntoView({ block: 'start' })
  })
}
