import type { Stage } from '@/api/admin'
import { i18n, t } from '@/core/i18n'
import { dayInChina } from '@/core/moment'

export const stages: Stage[] = ['primary', 'junior', 'senior', 'kindergarten', 'vocational', 'special']

const categories: Record<string, Stage[]> = { 11: ['kindergarten'], 21: ['primary'], 31: ['junior'], 34: ['senior'], 36: ['vocational'], 51: ['special'] }

/** The stages with those first that a school has classes of, or that its code (学校标识码) says it teaches. */
export function stagesOf(code: string, classes: { stage: Stage }[]): Stage[] {
  const own = stages.filter((stage) => classes.some((one) => one.stage === stage))
  const likely = own.length ? own : (categories[code.slice(0, 2)] ?? [])
  return [...likely, ...stages.filter((stage) => !likely.includes(stage))]
}

/** How primary and junior school share nine years: six and three (六三制) or five and four (五四制). */
export type System = '63' | '54'
export const systems: System[] = ['63', '54']
const shared: Partial<Record<Stage, Record<System, number>>> = { primary: { 63: 6, 54: 5 }, junior: { 63: 3, 54: 4 } }
const usualYears: Record<Stage, number> = { kindergarten: 3, primary: 6, junior: 3, senior: 3, vocational: 3, special: 9 }

/** Whether the stage is longer or shorter by the system. */
export const hasSystem = (stage: Stage): boolean => stage in shared

/** Years that a stage takes. */
export const yearsOf = (stage: Stage, system: System = '63'): number => shared[stage]?.[system] ?? usualYears[stage]

/** The system that most of the classes go by; 六三制 where none says otherwise. */
export function systemOf(classes: { stage: Stage; schooling_years: number }[]): System {
  const by = (system: System) => classes.filter(({ stage, schooling_years }) => shared[stage]?.[system] === schooling_years).length
  return by('54') > by('63') ? '54' : '63'
}

/** The lowest numbers that new classes of a stage and year can have: both systems share them. */
export function freeNumbers(taken: number[], count: number): number[] {
  const free: number[] = []
  for (let number = 1; free.length < count; number++) if (!taken.includes(number)) free.push(number)
  return free
}

/** Numbers in as few words as they can be told: 1–4、6. */
export function spans(numbers: number[]): string {
  const ranges: [number, number][] = []
  for (const number of [...numbers].sort((one, other) => one - other)) {
    const last = ranges[ranges.length - 1]
    if (last && last[1] === number - 1) last[1] = number
    else ranges.push([number, number])
  }
  return ranges.map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`)).join(t('class.and'))
}

/** How many classes made at once nobody means without being asked. */
export const manyClasses = 20

/** The year in which the school year began: it turns on 1 September in China. */
export function schoolYear(day: string = dayInChina()): number {
  const [year, month] = day.split('-').map(Number)
  return month >= 9 ? year : year - 1
}

const kindergarten = ['lower', 'middle', 'upper']

/** The grade of a class as a key of the texts under `class.grade`, e.g. n7, senior1, upper; `before` it enters, `over` after its years. */
export function gradeKey(stage: Stage, entryYear: number, years = usualYears[stage], day?: string): string {
  const year = schoolYear(day) - entryYear + 1
  if (year < 1) return 'before'
  if (year > years) return 'over'
  switch (stage) {
    case 'kindergarten':
      return kindergarten[year - 1]
    case 'senior':
    case 'vocational':
      return `${stage}${year}`
    default:
      return `n${stage === 'junior' ? year + 9 - years : year}`
  }
}

/** The entry years that an administrator would add a class for, newest first: next year's, and all that are still there. */
export function entryYears(years: number, day?: string): number[] {
  const newest = schoolYear(day) + 1
  return Array.from({ length: years + 1 }, (_, back) => newest - back)
}

// The server names grades and classes as Chinese schools do, in whatever
// language it is asked. Readers of English are told the same in English.
const numerals = ['一', '二', '三', '四', '五', '六', '七', '八', '九', '十', '十一', '十二']
const keys = new Map<string, string>([
  ...numerals.map((numeral, at) => [`${numeral}年级`, `n${at + 1}`] as const),
  ...numerals.slice(0, 3).map((numeral, at) => [`高${numeral}`, `senior${at + 1}`] as const),
  ...numerals.slice(0, 5).map((numeral, at) => [`中职${numeral}年级`, `vocational${at + 1}`] as const),
  ['小班', 'lower'], ['中班', 'middle'], ['大班', 'upper'], ['学前班', 'preschool'],
  ['未入学', 'before'], ['学制已满，待毕业', 'over'], ['已毕业', 'left'],
])

/** Whether a class should have graduated and has not. */
export const yearsOver = ({ grade }: { grade: string }): boolean => keys.get(grade) === 'over'

/** The server's name of a grade, such as 七年级, in the reader's language. */
export function gradeName(grade: string): string {
  const key = i18n.global.locale.value === 'en' ? keys.get(grade) : undefined
  return key ? t(`class.grade.${key}`) : grade
}

/**
 * What a class is called, in the reader's language; `name` is what the server
 * calls it. A name of its own stays as it is, also where it looks like
 * another grade's.
 */
export function className({ name, grade }: { name: string; grade?: string }): string {
  if (i18n.global.locale.value !== 'en') return name
  const [, year, ofYear] = /^(\d{4})级(\d+)班$/.exec(name) ?? []
  if (year) return t('class.of_year', { year, n: ofYear })
  const [, called, n] = /^(.*\D)(\d+)班$/.exec(name) ?? []
  const own = [called, `${called}班`].find((one) => keys.has(one) && (grade === undefined || one === grade))
  return own ? t('class.of_grade', { grade: gradeName(own), n }) : name
}

/** The same for a class as the administration reads it: its own name apart from what it is called. */
export const adminClassName = (one: { name: string; display_name: string; grade: string }): string =>
  one.name || className({ name: one.display_name, grade: one.grade })

/** The same in a list of a school's classes, where two of different stages may be called alike: then with the stage. */
export function classLabel(one: Listed, list: Listed[]): string {
  const called = adminClassName(one)
  const alike = list.some((other) => other.stage !== one.stage && adminClassName(other) === called)
  return alike ? t('class.of_stage', { name: called, stage: t(`request.stages.${one.stage}`) }) : called
}

type Listed = { name: string; display_name: string; grade: string; stage: string }
