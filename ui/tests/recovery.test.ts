import { beforeEach, describe, expect, it } from 'vitest'
import { detour } from '@/core/guards'
import { kept, plainNumber, readRecovery, useRecoveryDraft } from '@/domain/recovery/draft'
import { milestones } from '@/domain/recovery/progress'
import { managesSchools, mayOpen, onlyService, regionOffered, widestRegion, type Whose } from '@/domain/scope/scope'
import type { Grant } from '@/api/types'

describe('what is typed for a lost account', () => {
  beforeEach(() => sessionStorage.clear())
  it('comes back without what may not be kept', () => {
    const { draft } = useRecoveryDraft()
    Object.assign(draft, { kind: 'teacher', name: '林涛', idNumber: '510104199001011234', code: '123456', phone: '13890001234', note: '七年级', proof: 'copies', step: 'phone' })
    const text = JSON.stringify(kept(draft))
    for (const secret of ['林涛', '510104199001011234', '123456"']) expect(text).not.toContain(secret)
    expect(readRecovery(text)).toMatchObject({ kind: 'teacher', phone: '13890001234', note: '七年级', proof: 'copies', step: 'who', name: '' })
  })
  it('survives something strange in the store', () => {
    for (const strange of ['{not json', 'null', '[]', '{"kind":"king","school":{"id":1},"sent":7}']) expect(readRecovery(strange)).toMatchObject({ kind: 'student', school: null, sent: null })
  })
})

describe('a tracking number', () => {
  it('is taken as people type it', () => {
    expect(plainNumber(' ab2c defg-hj3k ')).toBe('AB2C-DEFG-HJ3K')
    expect(plainNumber('ＡＢ２Ｃ－ＤＥＦＧ－ＨＪ３Ｋ')).toBe('AB2C-DEFG-HJ3K')
    for (const wrong of ['', 'AB2C', 'AB2C-DEFG-HJ3O', 'AB2C-DEFG-HJ3K-X']) expect(plainNumber(wrong)).toBe('')
  })
})

describe('the way of a request', () => {
  const at = '2026-11-25T00:00:00Z'
  const words = (all: ReturnType<typeof milestones>) => all.map(({ step, state }) => `${step} ${state}`)
  it('shows what is past, what goes on and what lies ahead', () => {
    expect(words(milestones({ proof: 'copies', state: 'collecting', steps: [{ step: 'filed', at }] }))).toEqual(['filed past', 'submitted now', 'decided ahead', 'completed ahead'])
    expect(words(milestones({ proof: 'school', state: 'open', steps: [{ step: 'filed', at }] }))).toEqual(['filed past', 'decided now', 'completed ahead'])
    expect(words(milestones({ proof: 'school', state: 'approved', steps: [{ step: 'filed', at }, { step: 'approved', at }] }))).toEqual(['filed past', 'approved past', 'completed now'])
  })
  it('ends where the request ended', () => {
    expect(words(milestones({ proof: 'school', state: 'rejected', steps: [{ step: 'filed', at }, { step: 'rejected', at }] }))).toEqual(['filed past', 'rejected ended'])
  })
})

describe('customer service', () => {
  const service: Grant[] = [{ level: 'service', scope_id: '510000', scope_name: '四川省' }]
  const school: Grant[] = [{ level: 'school', scope_id: 's1', scope_name: '草堂中学' }]
  it('administers nothing', () => {
    expect(onlyService(service)).toBe(true)
    expect([...service, ...school].length && onlyService([...service, ...school])).toBe(false)
    expect(onlyService([])).toBe(false)
    expect(managesSchools(service)).toBe(false)
    expect(regionOffered('510104', service)).toBe(false)
    expect(widestRegion(service)).toBe('')
  })
  it('opens what is everyone\'s, and is led nowhere else', () => {
    expect(detour('administrator', { must: [], admin_grants: service }, '/admin/registry')).toBeNull()
    const office: Grant[] = [{ level: 'county', scope_id: '510104', scope_name: '锦江区' }]
    const province: Grant[] = [{ level: 'province', scope_id: '510000', scope_name: '四川省' }]
    const open = (whose?: Whose) => [service, school, office, province].map((grants) => mayOpen(grants, whose))
    expect(open('everyone')).toEqual([true, true, true, true])
    expect(open()).toEqual([false, true, true, true])
    expect(open('offices')).toEqual([false, false, true, true])
    expect(open('province')).toEqual([false, false, false, true])
  })
})
