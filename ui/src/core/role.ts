import { computed, ref } from 'vue'
import type { Role } from '@/api/types'
import { me } from './session'

// In which of their roles somebody uses the platform: remembered on this device, for each account by itself (F-31).
const changes = ref(0)
const place = () => `caotang.role.${me.value?.account.id ?? ''}`

function kept(): string | null {
  try {
    return localStorage.getItem(place())
  } catch {
    return null // a browser that keeps nothing: the role of before is asked for again
  }
}

/** The chosen role, or the most the person's own. */
export const role = computed<Role | undefined>(() => {
  void changes.value
  const roles = me.value?.roles ?? []
  return roles.find((one) => one === kept()) ?? roles[0]
})

export function useRole(chosen: Role): void {
  try {
    localStorage.setItem(place(), chosen)
  } catch {
    return
  }
  changes.value++
}
