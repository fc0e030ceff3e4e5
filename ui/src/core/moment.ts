const china = 8 * 3600_000

/** A moment in China's time, as 2026-09-01 08:30. */
export function moment(time: string | number): string {
  return new Date(new Date(time).getTime() + china).toISOString().slice(0, 16).replace('T', ' ')
}

/** The day in China, as 2026-09-01. */
export const dayInChina = (time: string | number = Date.now()): string => moment(time).slice(0, 10)

/** The last day before a deadline, which is the end of it. */
export const lastDay = (deadline: string): string => dayInChina(Date.parse(deadline) - 1)

/** When a day in China begins, as the API takes times. */
export const beginningOf = (day: string): string => new Date(`${day}T00:00:00+08:00`).toISOString()

/** The day so many days later (or, negative, earlier). */
export const dayAfter = (day: string, days: number): string => new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10)
