import { computed, reactive, type Ref } from 'vue'
import { answer, api } from '@/api/client'
import { fieldMessages, troubleFrom } from '@/core/errors'

/**
 * Asks whether a username is free while the rest is still to be typed. What cannot be found out stops nobody: registering
 * tells it in the end.
 */
export function useTakenCheck(name: Ref<string>) {
  /** What the server said of each name: '' when it is free. */
  const told = reactive(new Map<string, string>())
  const asked = new Map<string, Promise<void>>()
  const words = computed(() => told.get(name.value) ?? '')

  async function ask(username: string): Promise<void> {
    try {
      await answer(api.POST('/api/v1/accounts/username-checks', { body: { username } }))
      told.set(username, '')
    } catch (thrown) {
      const trouble = troubleFrom(thrown)
      if (trouble.kind === 'problem' && trouble.code === 'username_taken') told.set(username, fieldMessages(trouble).username || trouble.title)
      else asked.delete(username)
    }
  }

  /** Whether the name in the field is known to be taken. */
  async function look(): Promise<boolean> {
    const username = name.value
    const asking = asked.get(username) ?? ask(username)
    asked.set(username, asking)
    await asking
    return !!told.get(username)
  }
  return { words, look }
}
