import { describe, expect, it } from 'vitest'
import { checkCharacter, documentFault, grouped, plainDocumentNumber } from '@/domain/identity/documents'
import { fieldsSwapped, nameFault, sameName } from '@/domain/identity/names'

const today = '20260901'
const fault = (number: string) => documentFault('resident_id', number, today)

describe('a resident ID number', () => {
  it.each(['11010519491231002X', '440524188001010014', '11010519491231002x', ' 1101 0519 4912 3100 2X', '１１０１０５１９４９１２３１００２Ｘ'])('%s is right', (number) => {
    expect(fault(number)).toBeNull()
  })
  it('tells what is wrong, as early as it can be known', () => {
    expect(fault('')).toBe('empty')
    expect(fault('110105')).toBe('short')
    expect(fault('1101051949123100')).toBe('short')
    expect(fault('110105194912310021')).toBe('check_digit')
    expect(fault('11010519491331')).toBe('birth_date')
    expect(fault('110105202302291234')).toBe('birth_date')
    expect(fault('11010520260902')).toBe('future')
    expect(fault('1101051949123100211')).toBe('long')
    expect(fault('11010X')).toBe('characters')
    expect(fault('张三')).toBe('characters')
  })
  it('never refuses an unknown area', () => {
    const seventeen = '99999919900101123'
    expect(fault(seventeen + checkCharacter(seventeen))).toBeNull()
  })
  it('catches every change of a single digit', () => {
    const right = '440524188001010014'
    for (let at = 0; at < 18; at++) {
      const other = right[at] === '1' ? '2' : '1'
      expect(fault(right.slice(0, at) + other + right.slice(at + 1)), `digit ${at}`).not.toBeNull()
    }
  })
  it('is shown in groups', () => {
    expect(grouped('11010519491231002x')).toBe('110105 19491231 002X')
  })
})

describe('other documents', () => {
  it('knows a residence permit by its area', () => {
    const permit = '81000019900101123'
    expect(documentFault('residence_permit', permit + checkCharacter(permit), today)).toBeNull()
    expect(documentFault('residence_permit', '11010519491231002X', today)).toBe('area')
  })
  it.each([['H12345678', null], ['m12345678', null], ['H1234567801', null], ['H1234567', 'short'], ['A12345678', 'characters'], ['H123456789012', 'long']])('home-return permit %s: %s', (number, expected) => {
    expect(documentFault('home_return_permit', number, today)).toBe(expected)
  })
  it('accepts both forms of the permanent residence card', () => {
    expect(documentFault('permanent_residence', 'CHN110015010203', today)).toBeNull()
    const card = '91115619820101061'
    expect(documentFault('permanent_residence', card + checkCharacter(card), today)).toBeNull()
    expect(documentFault('permanent_residence', card + (checkCharacter(card) === '1' ? '2' : '1'), today)).toBe('check_digit')
  })
  it.each([['G51010420180101001X', null], ['l510104201801010001', null], ['J51010420180101000', 'short'], ['510104201801010001', 'characters'], ['G5101042018010100112', 'long']])('student number %s: %s', (number, expected) => {
    expect(documentFault('student_number', number, today)).toBe(expected)
  })
  it('takes 5 to 20 letters and digits for a passport', () => {
    expect(documentFault('passport', 'E1234', today)).toBeNull()
    expect(documentFault('passport', 'E123', today)).toBe('short')
    expect(documentFault('passport', 'E1234_', today)).toBe('characters')
  })
  it('compares without width, case and spaces', () => {
    expect(plainDocumentNumber(' ｈ1234 5678 ')).toBe('H12345678')
  })
})

describe('names', () => {
  it.each([
    ['阿依古丽·买买提', '阿依古丽•买买提'],
    ['阿依古丽·买买提', '阿依古丽・买买提'],
    ['阿依古丽·买买提', '阿依古丽‧买买提'],
    ['阿依古丽·买买提', '阿依古丽．买买提'],
    ['阿依古丽·买买提', ' 阿依古丽 . 买买提 '],
    ['张三', '张　三'],
    ['Tom Lee', 'Ｔom  lee'],
  ])('%s is %s', (one, other) => {
    expect(sameName(one, other)).toBe(true)
  })
  it('differ otherwise', () => {
    expect(sameName('张三', '张叁')).toBe(false)
    expect(sameName('阿依古丽买买提', '阿依古丽·买买提')).toBe(false)
  })
  it('count characters, not units', () => {
    expect(nameFault('𠮷'.repeat(50))).toBeNull()
    expect(nameFault('𠮷'.repeat(51))).toBe('too_long')
    expect(nameFault('  ')).toBe('empty')
    expect(nameFault('张3')).toBe('digits')
  })
  it('in the number’s field are noticed', () => {
    expect(fieldsSwapped('11010519491231002X', '张三')).toBe(true)
    expect(fieldsSwapped('１１０１０５１９４９１２３１００２Ｘ', '')).toBe(true)
    expect(fieldsSwapped('张三', '11010519491231002X')).toBe(false)
    expect(fieldsSwapped('张三', '')).toBe(false)
  })
})
