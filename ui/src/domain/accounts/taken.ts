import { answer, api } from '@/api/client'
import { fieldMessages, troubleFrom } from '@/core/errors'

/**
 * What the server says of a username that somebody has; '' for a free one. It throws where that cannot be found out, which
 * stops nobody: registering tells it in the end. The page loads this when the field is left, not before.
 */
export async function takenWords(username: string): Promise<string> {
  try {
    await answer(api.POST('/api/v1/accounts/username-checks', { body: { username } }))
    return ''
  } catch (thrown) {
    const trouble = troubleFrom(thrown)
    if (trouble.kind !== 'problem' || trouble.code !== 'username_taken') throw thrown
    return fieldMessages(trouble).username || trouble.title
  }
}
