import { describe, expect, it } from 'vitest'
import { passwordFits, passwordRules } from '@/domain/accounts/password'
import { phoneFits, plainPhone } from '@/domain/accounts/phone'
import { emptyDraft, readDraft, stepToShow } from '@/domain/accounts/registration'
import { newsOf } from '@/domain/accounts/sms'
import { pieces, plainUsername, usernameFaults } from '@/domain/accounts/username'

const rule = { min: 6, max: 16 }
const policy = { min: 8, max: 15, require_digit: true, require_upper: true, require_lower: true, allow_special: false }

describe('a username', () => {
  it.each(['abc123', 'ABCDEF', '123456', 'a'.repeat(16)])('%s is valid', (name) => {
    expect(usernameFaults(name, rule)).toEqual([])
  })
  it('counts exactly: five are too few, six are enough, seventeen too many', () => {
    expect(usernameFaults('abcde', rule)).toEqual(['too_short'])
    expect(usernameFaults('abcdef', rule)).toEqual([])
    expect(usernameFaults('a'.repeat(17), rule)).toEqual(['too_long'])
  })
  it('names what a Chinese keyboard typed, and means the plain form', () => {
    expect(usernameFaults('ａｂｃ１２３', rule)).toEqual(['full_width'])
    expect(usernameFaults(' abc123', rule)).toEqual(['space'])
    expect(usernameFaults('abc　1234', rule)).toEqual(['space'])
    expect(plainUsername(' ａｂｃ　１２３')).toBe('abc123')
  })
  it.each(['张三abcd', 'abc_123', 'abc-123', 'abc@123', '😀abcdef', 'абвгде'])('%s holds something else', (name) => {
    expect(usernameFaults(name, rule)).toContain('letters_digits_only')
  })
  it('shows which character is at fault', () => {
    expect(pieces('aｂ c').map(({ fault }) => fault)).toEqual([null, 'full_width', 'space', null])
  })
})

describe('a password', () => {
  const unmet = (password: string, of = policy) => passwordRules(password, of).filter(({ met }) => !met).map(({ rule: name }) => name)
  it.each([
    ['Abcdefg1', []],
    ['Abcdefghijklmn1', []],
    ['Abcdef1', ['length']],
    ['Abcdefghijklmno1', ['length']],
    ['abcdefg1', ['upper']],
    ['ABCDEFG1', ['lower']],
    ['Abcdefgh', ['digit']],
    ['Abcdefg1!', ['no_special']],
    ['Abcdefg1 ', ['no_special']],
    ['Ａbcdefg1', ['upper', 'no_special']],
  ])('%s breaks %j', (password, rules) => {
    expect(unmet(password)).toEqual(rules)
  })
  it('meets nothing when empty', () => {
    expect(unmet('')).toEqual(['length', 'digit', 'upper', 'lower', 'no_special'])
  })
  it('follows an operator who allows specials and more length', () => {
    expect(passwordFits('Abcdefg1!' + 'x'.repeat(30), { ...policy, max: 64, allow_special: true })).toBe(true)
  })
})

describe('a phone', () => {
  it.each(['13812345678', '+86 138-1234-5678', '0086 13812345678', '１３８１２３４５６７８'])('%s is one number', (text) => {
    expect(plainPhone(text)).toBe('13812345678')
  })
  it.each(['1381234567', '138123456789', '23812345678', '+1 3812345678', ''])('%s does not fit', (text) => {
    expect(phoneFits(text)).toBe(false)
  })
})

describe('the news of a message', () => {
  it('claims nothing before anything is known', () => {
    expect(newsOf('register', null)).toBe('unknown')
    expect(newsOf('reset_password', null)).toBe('unknown')
  })
  it('does not say of a reset that a message is on its way: perhaps none is', () => {
    expect(newsOf('reset_password', 'sent')).toBe('withheld')
    expect(newsOf('recover_account', 'sent')).toBe('sent')
    expect(newsOf('reset_password', 'failed')).toBe('failed')
  })
})

describe('a registration', () => {
  const draft = { ...emptyDraft(), step: 'phone' as const, role: 'teacher' as const, username: 'zhang001', phone: '13812345678', code: '123' }
  it('comes back as it was left', () => {
    expect(readDraft(JSON.stringify(draft))).toEqual(draft)
  })
  it('never takes a password from what was kept', () => {
    expect(readDraft(JSON.stringify({ ...draft, password: 'Abcdefg1' }))).not.toHaveProperty('password')
  })
  it.each([null, '', 'nonsense', '[]', '7', '{"role":"king","step":4,"phone":9}'])('starts anew from %j', (kept) => {
    expect(readDraft(kept)).toEqual(emptyDraft())
  })
  it('asks for the password again after a reload, then goes on at the phone', () => {
    expect(stepToShow(draft, '')).toBe('account')
    expect(stepToShow(draft, 'Abcdefg1')).toBe('phone')
  })
})
