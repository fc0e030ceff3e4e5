import { computed, onScopeDispose, ref, shallowRef } from 'vue'
import type { EntryKind, RosterPreview } from '@/api/admin'
import { troubleFrom, type Trouble } from '@/core/errors'
import { newKey } from '@/core/idempotency'
import type { Columns } from './columns'
import { refusalBeforehand, refusalOf, type Refusal } from './files'
import { Abandoned, upload, type Upload } from './upload'

export interface ImportTarget {
  kind: EntryKind
  /** '' when the file itself names the schools. */
  school_id: string
  /** Whether people who are there already are moved to the class that the file names, … */
  update?: boolean
  /** … and get the name that it has. */
  rename?: boolean
  /** What the columns hold, where somebody says so. */
  columns?: Columns
  /** Whether the sheets with the same headings are read along. */
  all_sheets?: boolean
}

export type Step = 'choose' | 'checking' | 'preview' | 'sending'

type Send = <T>(path: string, form: FormData, progress: (share: number) => void, key?: string) => Upload<T>

/**
 * One roster on its way in: chosen, looked at by the server without changing
 * anything, then sent for good. The file stays at hand whatever fails.
 */
export function useImport(send: Send = upload) {
  const step = ref<Step>('choose')
  const file = shallowRef<File>()
  const preview = shallowRef<RosterPreview>()
  const trouble = shallowRef<Trouble | null>(null)
  const beforehand = ref<Refusal | null>(null)
  const sent = ref(0)
  let running: Upload<unknown> | null = null
  let key = ''

  const refusal = computed(() => beforehand.value ?? refusalOf(trouble.value))

  function choose(chosen: File): void {
    running?.abandon()
    file.value = chosen
    preview.value = undefined
    trouble.value = null
    beforehand.value = refusalBeforehand(chosen)
    step.value = 'choose'
  }

  /** Goes back to the choice, e.g. because kind or school change what the file means. */
  function reconsider(): void {
    running?.abandon()
    preview.value = undefined
    trouble.value = null
    step.value = 'choose'
  }

  async function deliver<T>(path: string, target: ImportTarget, during: Step, withKey?: string, knowingly = false): Promise<T | undefined> {
    if (!file.value) return undefined
    const before = step.value
    step.value = during
    trouble.value = null
    sent.value = 0
    const form = new FormData()
    form.append('kind', target.kind)
    if (target.school_id) form.append('school_id', target.school_id)
    if (target.update) form.append('update', 'true')
    if (target.update && target.rename) form.append('rename', 'true')
    if (target.columns) form.append('columns', JSON.stringify(target.columns))
    if (target.all_sheets) form.append('all_sheets', 'true')
    if (knowingly) form.append('confirm_changes', 'true')
    form.append('file', file.value, file.value.name)
    const mine = send<T>(path, form, (share) => (sent.value = share), withKey)
    running = mine
    try {
      return await mine.answer
    } catch (thrown) {
      if (running === mine) {
        step.value = before
        if (!(thrown instanceof Abandoned)) trouble.value = troubleFrom(thrown)
      }
      return undefined
    } finally {
      if (running === mine) running = null
    }
  }

  /** Asks what the server makes of the file. */
  async function check(target: ImportTarget): Promise<void> {
    if (!file.value || beforehand.value) return
    const understood = await deliver<RosterPreview>('/api/v1/admin/registry/imports?dry_run=true', target, 'checking')
    if (!understood) return
    preview.value = understood
    key = newKey()
    step.value = 'preview'
  }

  /** Sends the file for good, knowingly where it changes many people; resolves to the import's id, or to undefined when there is trouble. */
  async function confirm(target: ImportTarget, knowingly = false): Promise<string | undefined> {
    const started = await deliver<{ id: string }>('/api/v1/admin/registry/imports', target, 'sending', key, knowingly)
    return started?.id
  }

  const stop = () => running?.abandon()
  onScopeDispose(stop)
  return { step, file, preview, trouble, refusal, sent, choose, reconsider, check, confirm, stop }
}
