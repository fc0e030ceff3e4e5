import { beforeEach, describe, expect, it } from 'vitest'
import { nextTick } from 'vue'
import { useVerificationDraft } from '@/domain/verification/draft'

const lin = { id: 'a1', role: 'parent' }

describe('what somebody has typed to verify', () => {
  beforeEach(() => sessionStorage.clear())

  it('stays through a reload, but for every number and name', async () => {
    const { draft, school } = useVerificationDraft(lin)
    Object.assign(draft, { idType: 'student_number', idNumber: 'L510104201801010001', secondNumber: '12345678901234567', name: '韩梅梅', guardianName: '韩父', relation: 'father' })
    school.value = { id: 's1', name: '草堂中学' }
    await nextTick()
    const again = useVerificationDraft(lin)
    expect(again.draft).toEqual({ kind: 'parent', idType: 'student_number', idNumber: '', secondNumber: '', name: '', guardianName: '', relation: 'father' })
    expect(again.school.value).toEqual({ id: 's1', name: '草堂中学' })
    expect(JSON.stringify({ ...sessionStorage })).not.toMatch(/\d{5}|韩/)
  })

  it('is not shown to another account, and goes once it is of no use', async () => {
    const { draft, forget } = useVerificationDraft(lin)
    draft.relation = 'father'
    await nextTick()
    expect(useVerificationDraft({ id: 'b2', role: 'student' }).draft).toMatchObject({ kind: 'student', relation: '' })
    forget()
    draft.relation = 'mother'
    await nextTick()
    expect(useVerificationDraft(lin).draft.relation).toBe('')
  })
})
