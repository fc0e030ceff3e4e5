import type { Me } from '@/api/types'

/** What to call who sits here: by their own name when it is known, never by a child's. */
export function ownName(me: Me | null): string {
  const binding = me?.binding
  const childs = binding?.kind === 'parent' && binding.entry_kind === 'student'
  return (childs ? undefined : binding?.name) ?? me?.account.username ?? ''
}
