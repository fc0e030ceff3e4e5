import type { AdminAccount } from '@/api/admin'

/** Somebody for whom an account stands: its owner, or a child. */
export interface Unbindable { id: string; name: string; kind: 'teacher' | 'student' | 'parent'; child: boolean; school: string }

/** Whom an administrator may unbind an account from: its own entry first, then the children of their scope. */
export const unbindable = ({ binding, children }: AdminAccount): Unbindable[] => [
  ...(binding ? [{ id: binding.id, name: binding.name, kind: binding.kind, child: false, school: binding.school.name }] : []),
  ...children.map((one) => ({ id: one.id, name: one.name, kind: 'parent' as const, child: true, school: one.school.name })),
]
