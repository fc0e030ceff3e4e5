import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadTexts, t, useLanguage } from '@/core/i18n'
import { adminClassName, classLabel, className, entryYears, freeNumbers, gradeKey, gradeName, hasSystem, schoolYear, spans, stages, stagesOf, systemOf, yearsOf } from '@/domain/classes/naming'

describe('stages of a school', () => {
  it('are those of its classes, else what its code says, and the others after them', () => {
    expect(stagesOf('3151000001', [])[0]).toBe('junior')
    expect(stagesOf('3151000001', [{ stage: 'senior' }, { stage: 'junior' }]).slice(0, 2)).toEqual(['junior', 'senior'])
    expect(stagesOf('', [])).toEqual(stages)
    expect([...stagesOf('1151000001', [])].sort()).toEqual([...stages].sort())
  })
})

describe('grades', () => {
  it('turn on 1 September', () => {
    expect(schoolYear('2026-08-31')).toBe(2025)
    expect(schoolYear('2026-09-01')).toBe(2026)
    expect(gradeKey('junior', 2024, 3, '2025-08-31')).toBe('n7')
    expect(gradeKey('junior', 2024, 3, '2025-09-01')).toBe('n8')
  })
  it('are counted by each stage in its own way, and end with its years', () => {
    expect(gradeKey('primary', 2021, 6, '2026-10-01')).toBe('n6')
    expect(gradeKey('senior', 2026, 3, '2026-10-01')).toBe('senior1')
    expect(gradeKey('kindergarten', 2024, 3, '2026-10-01')).toBe('upper')
    expect(gradeKey('primary', 2020, 6, '2026-10-01')).toBe('over')
    expect(gradeKey('primary', 2027, 6, '2026-10-01')).toBe('before')
  })
  it('end primary school at five and begin junior school at six in the 五四 system', () => {
    expect(gradeKey('primary', 2021, yearsOf('primary', '54'), '2026-10-01')).toBe('over')
    expect(gradeKey('junior', 2026, yearsOf('junior', '54'), '2026-10-01')).toBe('n6')
    expect(gradeKey('junior', 2023, yearsOf('junior', '54'), '2026-10-01')).toBe('n9')
  })
})

describe('the system of a school', () => {
  it('matters to primary and junior school', () => {
    expect(stages.filter(hasSystem)).toEqual(['primary', 'junior'])
    expect(yearsOf('senior', '54')).toBe(3)
    expect(entryYears(yearsOf('junior', '63'), '2026-10-01')).toEqual([2027, 2026, 2025, 2024])
    expect(entryYears(yearsOf('junior', '54'), '2026-10-01')).toHaveLength(5)
  })
  it('is read from the classes that are there', () => {
    expect(systemOf([])).toBe('63')
    expect(systemOf([{ stage: 'primary', schooling_years: 6 }, { stage: 'vocational', schooling_years: 4 }])).toBe('63')
    expect(systemOf([{ stage: 'junior', schooling_years: 4 }])).toBe('54')
  })
  it('is that of most of them', () => {
    const classes = (...years: number[]) => years.map((schooling_years) => ({ stage: 'junior' as const, schooling_years }))
    expect(systemOf(classes(3, 3, 4))).toBe('63')
    expect(systemOf(classes(4, 3, 4))).toBe('54')
  })
})

describe('numbers of new classes', () => {
  it('are the lowest free ones, told in as few words as they can be', async () => {
    await loadTexts('administration')
    await useLanguage('zh-CN')
    expect(freeNumbers([1, 2, 4], 3)).toEqual([3, 5, 6])
    expect(spans([3, 5, 6, 7])).toBe('3、5–7')
    expect(spans([])).toBe('')
  })
})

describe('names of grades and classes', () => {
  it('are the server’s own in Chinese', () => {
    expect(gradeName('七年级')).toBe('七年级')
    expect(className({ name: '七年级3班', grade: '七年级' })).toBe('七年级3班')
  })
  describe('in English', () => {
    beforeAll(async () => {
      await loadTexts('member')
      await useLanguage('en')
    })
    afterAll(() => useLanguage('zh-CN'))

    it.each([
      ['九年级', '九年级3班', 'Grade 9, class 3'],
      ['十二年级', '十二年级1班', 'Grade 12, class 1'],
      ['高一', '高一12班', 'Grade 10, class 12'],
      ['中职二年级', '中职二年级1班', 'Vocational year 2, class 1'],
      ['大班', '大2班', 'Kindergarten upper year, class 2'],
      ['已毕业', '2019级3班', 'Entered 2019, class 3'],
      ['学制已满，待毕业', '2023级1班', 'Entered 2023, class 1'],
      ['未入学', '2027级1班', 'Entered 2027, class 1'],
    ])('say %s, %s', (grade, name, english) => {
      expect(className({ name, grade })).toBe(english)
      expect(className({ name })).toBe(english)
      expect(gradeName(grade)).not.toMatch(/\p{Script=Han}/u)
    })
    it('keep a name of its own', () => {
      for (const name of ['火箭班', '三年级3班', '实验3班', '3班']) expect(className({ name, grade: '九年级' })).toBe(name)
      expect(adminClassName({ name: '九年级3班', display_name: '九年级3班', grade: '九年级' })).toBe('九年级3班')
      expect(adminClassName({ name: '', display_name: '九年级3班', grade: '九年级' })).toBe('Grade 9, class 3')
    })
    it('have words for every grade that the form offers', () => {
      for (const stage of stages) {
        for (let entered = 2012; entered <= 2027; entered++) {
          const key = `class.grade.${gradeKey(stage, entered, yearsOf(stage), '2026-10-01')}`
          expect(t(key)).not.toBe(key)
        }
      }
    })
  })
})

describe('two classes that are called alike', () => {
  const one = { name: '', display_name: '一年级1班', grade: '一年级', stage: 'primary' }
  it('are told apart by their stage', () => {
    const other = { ...one, stage: 'special' }
    expect([one, other].map((each) => classLabel(each, [one, other]))).toEqual(['一年级1班（小学）', '一年级1班（特教）'])
  })
  it('say nothing of it where no other is', () => {
    expect(classLabel(one, [one, { ...one, display_name: '一年级2班', stage: 'special' }])).toBe('一年级1班')
  })
})
