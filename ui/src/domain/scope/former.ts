import { answer, api } from '@/api/client'
import { Problem } from '@/core/errors'
import { isAdministrator, refreshSession } from '@/core/session'

const code = 'administration_merged'

/** Why somebody who administers nothing did so before: their school has become part of another. Null for everybody else. */
export async function becauseMerged(): Promise<{ title: string; detail: string } | null> {
  try {
    await answer(api.GET('/api/v1/admin/overview'))
  } catch (thrown) {
    if (thrown instanceof Problem && thrown.code === code) return { title: thrown.title, detail: thrown.detail }
  }
  return null
}

let noticing = false

/**
 * Looks anew at what somebody administers once the server says that this has ended: a page that was open while the school was merged
 * shows buttons that work no longer.
 */
export function noticeWhenGrantsEnd(): void {
  if (noticing) return
  noticing = true
  api.use({
    async onResponse({ response }) {
      if (response.status !== 403 || !isAdministrator.value) return
      const problem = (await response.clone().json().catch(() => ({}))) as { code?: string }
      if (problem.code === code) void refreshSession().catch(() => {})
    },
  })
}
