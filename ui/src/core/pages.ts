import { computed, ref } from 'vue'
import type { Page } from '@/api/types'
import { useLoad } from './load'

/**
 * A list read page by page. The cursors of the pages before are kept, so that
 * one can go back; `first` starts over, as after a change of filters.
 */
export function usePages<T>(fetch: (cursor: string | undefined) => Promise<Page<T>>) {
  const cursors = ref<(string | undefined)[]>([undefined])
  const list = useLoad(() => fetch(cursors.value[cursors.value.length - 1]), { now: false })
  const items = computed(() => list.data.value?.items ?? [])
  const number = computed(() => cursors.value.length)
  const more = computed(() => Boolean(list.data.value?.next_cursor))

  async function next(): Promise<void> {
    const cursor = list.data.value?.next_cursor
    if (!cursor || list.loading.value) return
    cursors.value = [...cursors.value, cursor]
    await list.load()
  }
  async function previous(): Promise<void> {
    if (cursors.value.length === 1 || list.loading.value) return
    cursors.value = cursors.value.slice(0, -1)
    await list.load()
  }
  async function first(): Promise<void> {
    cursors.value = [undefined]
    await list.load()
  }
  return { ...list, items, number, more, next, previous, first }
}
