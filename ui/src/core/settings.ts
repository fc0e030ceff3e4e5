import { shallowRef } from 'vue'
import { answer, api } from '@/api/client'
import type { Settings } from '@/api/types'

/** The rules in force. Until the server has told them, its defaults stand in. */
export const settings = shallowRef<Settings>({
  demo: false,
  realname_proof: 'one_number',
  password_policy: { min: 8, max: 15, require_digit: true, require_upper: true, require_lower: true, allow_special: false },
  username: { min: 6, max: 16 },
  sms: { code_ttl: 300, cooldown: 60, daily_limit: 10, provinces: ['四川'], provinces_english: ['Sichuan'] },
  roles: ['teacher', 'student', 'parent', 'public'],
})

let asked: Promise<void> | null = null

/** Fetches the settings once. A failure is tried again at the next page. */
export function knowSettings(): Promise<void> {
  asked ??= answer(api.GET('/api/v1/settings')).then(
    (told) => void (settings.value = told),
    () => void (asked = null),
  )
  return asked
}
