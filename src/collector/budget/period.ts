/** The periods of budgets: aligned to UTC, half-open, weeks from Monday, months as in the calendar. */
import type { TimeRange } from '../query/time-range.js'

export const PERIODS = ['hour', 'day', 'week', 'month'] as const
export type Period = (typeof PERIODS)[number]

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const WEEK_MS = 7 * DAY_MS
/** 1970-01-05. */
const FIRST_MONDAY = 4 * DAY_MS

/** Days that the longest period of a kind lasts, an hour being a part of one. */
export const LONGEST_DAYS: { readonly [period in Period]: number } = { hour: 1, day: 1, week: 7, month: 31 }

/** The period a time is in. Epoch milliseconds. */
export function periodAt(period: Period, time: number): TimeRange {
  if (period === 'month') {
    const date = new Date(time)
    const month = (offset: number) => Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + offset)
    return { start: month(0), end: month(1) }
  }
  const length = { hour: HOUR_MS, day: DAY_MS, week: WEEK_MS }[period]
  const first = period === 'week' ? FIRST_MONDAY : 0
  const start = Math.floor((time - first) / length) * length + first
  return { start, end: start + length }
}
