import { describe, expect, it } from 'vitest'
import { effectScope } from 'vue'
import type { RosterPreview } from '@/api/admin'
import { NetworkTrouble, Problem } from '@/core/errors'
import { refusalBeforehand, refusalOf, sizeInWords } from '@/domain/imports/files'
import { useImport } from '@/domain/imports/flow'
import { lookAgainAfter, needsLook, percent } from '@/domain/imports/state'
import { Abandoned, type Upload } from '@/domain/imports/upload'

const preview = { total: 2, accepted: 1, rejected: 1 } as RosterPreview
const target = { kind: 'student' as const, school_id: 's1' }

/** A sender whose answers are given by hand. */
function byHand() {
  const sent: { path: string; form: FormData; key?: string; resolve: (value: unknown) => void; reject: (why: unknown) => void }[] = []
  const send = <T>(path: string, form: FormData, _progress: (share: number) => void, key?: string): Upload<T> => {
    let abandon = () => {}
    const answer = new Promise<T>((resolve, reject) => {
      sent.push({ path, form, key, resolve: resolve as (value: unknown) => void, reject })
      abandon = () => reject(new Abandoned())
    })
    return { answer, abandon }
  }
  const flow = effectScope().run(() => useImport(send))!
  return { flow, sent }
}

describe('the way of a roster', () => {
  it('goes from the choice over the preview to the import', async () => {
    const { flow, sent } = byHand()
    flow.choose(new File(['x'], '名单.csv'))
    const checking = flow.check(target)
    expect(flow.step.value).toBe('checking')
    expect(sent[0].path).toContain('dry_run=true')
    expect(sent[0].form.get('school_id')).toBe('s1')
    sent[0].resolve(preview)
    await checking
    expect(flow.step.value).toBe('preview')
    const started = flow.confirm(target)
    sent[1].resolve({ id: 'i1' })
    expect(await started).toBe('i1')
  })

  it('keeps the file and the preview when the network fails, and repeats with the same key', async () => {
    const { flow, sent } = byHand()
    flow.choose(new File(['x'], '名单.csv'))
    const checking = flow.check(target)
    sent[0].resolve(preview)
    await checking
    const lost = flow.confirm(target)
    sent[1].reject(new NetworkTrouble())
    expect(await lost).toBeUndefined()
    expect(flow.step.value).toBe('preview')
    expect(flow.trouble.value?.kind).toBe('network')
    expect(flow.file.value?.name).toBe('名单.csv')
    const again = flow.confirm(target)
    sent[2].resolve({ id: 'i1' })
    expect(await again).toBe('i1')
    expect(sent[2].key).toBe(sent[1].key)
    expect(sent[1].key).toBeTruthy()
  })

  it('goes back to the choice when it is stopped, without a complaint', async () => {
    const { flow } = byHand()
    flow.choose(new File(['x'], '名单.csv'))
    const checking = flow.check(target)
    flow.stop()
    await checking
    expect(flow.step.value).toBe('choose')
    expect(flow.trouble.value).toBeNull()
  })

  it('sends nothing that surely cannot be read', async () => {
    const { flow, sent } = byHand()
    flow.choose(new File(['x'], '名单.xls'))
    await flow.check(target)
    expect(sent).toHaveLength(0)
    expect(flow.refusal.value).toBe('legacy_xls')
  })

  it('forgets the answer to a file that was replaced meanwhile', async () => {
    const { flow, sent } = byHand()
    flow.choose(new File(['x'], 'a.csv'))
    const first = flow.check(target)
    flow.choose(new File(['y'], 'b.csv'))
    const second = flow.check(target)
    await first
    expect(flow.step.value).toBe('checking')
    sent[1].resolve(preview)
    await second
    expect(flow.file.value?.name).toBe('b.csv')
    expect(flow.step.value).toBe('preview')
  })
})

describe('why a file is refused', () => {
  const refused = (status: number, code: string, field?: string) => new Problem(status, code, 't', 'd', field ? [{ field: 'file', code: field, message: 'm' }] : [])
  it('is told before sending where it can be', () => {
    expect(refusalBeforehand({ name: 'a.XLS', size: 9 })).toBe('legacy_xls')
    expect(refusalBeforehand({ name: 'a.pdf', size: 9 })).toBe('not_a_table')
    expect(refusalBeforehand({ name: 'a.xlsx', size: 0 })).toBe('empty')
    expect(refusalBeforehand({ name: 'a.xlsx', size: 9 })).toBeNull()
  })
  it('is read from the answer', () => {
    expect(refusalOf(refused(415, 'unsupported_file', 'password_protected'))).toBe('password_protected')
    expect(refusalOf(refused(415, 'unsupported_file', 'new_reason'))).toBe('not_a_table')
    expect(refusalOf(refused(413, 'payload_too_large'))).toBe('too_big')
    expect(refusalOf(refused(422, 'invalid', 'school_not_named'))).toBeNull()
    expect(refusalOf(new NetworkTrouble())).toBeNull()
  })
  it('names sizes as people do', () => {
    expect([sizeInWords(12), sizeInWords(45_600), sizeInWords(2_340_000), sizeInWords(212_000_000)]).toEqual(['12 B', '46 KB', '2.3 MB', '212 MB'])
  })
})

describe('progress of an import', () => {
  it('is 100 only when it is done', () => {
    expect(percent({ state: 'running', progress: 0.999 })).toBe(99)
    expect(percent({ state: 'running', progress: 1 })).toBe(99)
    expect(percent({ state: 'done', progress: 1 })).toBe(100)
  })
  it('is looked at ever more rarely', () => {
    expect(lookAgainAfter(0)).toBeLessThan(1000)
    expect(lookAgainAfter(1000)).toBe(5000)
  })
  it('asks for a look while it goes on or when it failed', () => {
    const states = (['queued', 'running', 'done', 'failed'] as const).filter((state) => needsLook({ state } as never))
    expect(states).toEqual(['queued', 'running', 'failed'])
    const undone = (undo_state: string) => needsLook({ state: 'done', rejected: 1, rejected_kept: true, created_at: new Date().toISOString(), undo_state } as never)
    expect([undone(''), undone('failed'), undone('done')]).toEqual([true, true, false])
    expect(needsLook({ state: 'done', rejected: 1, rejected_kept: false, created_at: new Date().toISOString() } as never)).toBe(false)
  })
})
