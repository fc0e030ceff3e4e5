import { describe, expect, it } from 'vitest'
import { codeFault, groupedCode, plainCode } from '@/domain/slips/code'
import { filenameIn } from '@/core/files'
import { mayHaveSlip, plan, standing, type Holder } from '@/domain/slips/slips'

// A code that the server made.
const code = 'CFDWSD8M88TD'

describe('the code of a slip', () => {
  it.each(['CFDW-SD8M-88TD', 'cfdw sd8m 88td', 'ＣＦＤＷ－ＳＤ８Ｍ－８８ＴＤ', 'https://edu.example.cn/activate?code=CFDW-SD8M-88TD', ' cfdw—sd8m—88td '])('is read from %s', (typed) => {
    expect(plainCode(typed)).toBe(code)
    expect(codeFault(typed)).toBeNull()
  })
  it('is shown in the groups of the paper', () => expect(groupedCode('cfdwsd8m8')).toBe('CFDW-SD8M-8'))
  it.each([['', 'empty'], ['CFDW', 'short'], [code + '2', 'long'], ['CFDW-SD8M-88T0', 'look_alike'], ['CFDW-SD8M-88TE', 'mistyped'], ['FCDW-SD8M-88TD', 'mistyped']])('%s is %s', (typed, fault) => {
    expect(codeFault(typed)).toBe(fault)
  })
})

const holder = (change: Partial<Holder>): Holder => ({ entry_id: 'e', name: '李雷', state: 'none', expires_at: null, used_at: null, activated: false, can_reset: false, ...change })

describe('printing', () => {
  const people = [
    holder({ entry_id: '1' }),
    holder({ entry_id: '2', state: 'unused' }),
    holder({ entry_id: '3', state: 'used', activated: true, can_reset: true }),
    holder({ entry_id: '4', state: 'ended', activated: true }),
    holder({ entry_id: '5', state: 'expired' }),
  ]
  it('of a class leaves the activated alone', () => expect(plan(people, [])).toEqual({ fresh: 2, live: 1 }))
  it('of somebody chosen sets a password anew', () => expect(plan(people, ['2', '3', '4'])).toEqual({ fresh: 1, live: 1 }))
  it('is of no use to who has a phone', () => expect(people.map(mayHaveSlip)).toEqual([true, true, true, false, true]))
  it('says how everybody stands', () => {
    expect(people.map(standing)).toEqual(['none', 'unused', 'activated', 'activated', 'expired'])
    expect(standing(holder({ activated: true, can_reset: true, state: 'unused' }))).toBe('reset')
    expect(standing(holder({ state: 'used' }))).toBe('none')
  })
})

it('a download has the name that the server gives it', () => {
  expect(filenameIn("attachment; filename=\"slips.pdf\"; filename*=UTF-8''%E6%BF%80%20%E7%A0%81.pdf", 'slips.pdf')).toBe('激 码.pdf')
  expect(filenameIn(null, 'slips.pdf')).toBe('slips.pdf')
  expect(filenameIn("attachment; filename*=UTF-8''%E6%BF", 'slips.pdf')).toBe('slips.pdf')
})
