import type { Stage } from '@/api/admin'
import { dayInChina } from '@/core/moment'

export const stages: Stage[] = ['primary', 'junior', 'senior', 'kindergarten', 'vocational', 'special']

/** Years that a stage takes where a school does not say otherwise (六三 system). */
export const usualYears: Record<Stage, number> = { kindergarten: 3, primary: 6, junior: 3, senior: 3, vocational: 3, special: 9 }

/** The year in which the school year began: it turns on 1 September in China. */
export function schoolYear(day: string = dayInChina()): number {
  const [year, month] = day.split('-').map(Number)
  return month >= 9 ? year : year - 1
}

/** How many years a class that entered in that year has been there: 1 in its first year; below 1 not yet, above the years left. */
export const yearWithin = (entryYear: number, day?: string): number => schoolYear(day) - entryYear + 1

/** Whether the class has left its stage. */
export const hasLeft = (stage: Stage, entryYear: number, years = usualYears[stage], day?: string): boolean => yearWithin(entryYear, day) > years

const digits = ['〇', '一', '二', '三', '四', '五', '六', '七', '八', '九']

/** The grade of a class as Chinese schools call it, e.g. 七年级; '' before it enters or after it left. */
export function gradeInChinese(stage: Stage, entryYear: number, day?: string): string {
  const year = yearWithin(entryYear, day)
  if (year < 1 || year > usualYears[stage]) return ''
  switch (stage) {
    case 'kindergarten':
      return ['小班', '中班', '大班'][year - 1]
    case 'primary':
    case 'special':
      return `${digits[year]}年级`
    case 'junior':
      return `${digits[year + 6]}年级`
    case 'senior':
      return `高${digits[year]}`
    case 'vocational':
      return `职${digits[year]}`
  }
}

/** The entry years that an administrator would add a class for, newest first: next year's, and all that are still there. */
export function entryYears(stage: Stage, day?: string): number[] {
  const newest = schoolYear(day) + 1
  return Array.from({ length: usualYears[stage] + 1 }, (_, back) => newest - back)
}
