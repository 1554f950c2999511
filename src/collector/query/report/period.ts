/** The days, weeks and months that reports are of: UTC, weeks from Monday on, half-open. */
import { InvalidQuestion } from '../invalid-question.js'
import { shown, type TimeRange } from '../time-range.js'

export const PERIODS = ['daily', 'weekly', 'monthly'] as const
export type PeriodName = (typeof PERIODS)[number]

export type Period = TimeRange & {
  /** The one before. */
  readonly previous: TimeRange
  /** How the period is named in its report. */
  readonly label: { readonly [field: string]: string }
}

const DAY_MS = 86_400_000
const DATE = /^\d{4}-\d{2}(-\d{2})?$/

/** The period a date is in: `2026-01-31`, or for a month `2026-01`; the one that is going on where there is none. */
export function periodOf(name: PeriodName, date: string | undefined, now: number): Period {
  const time = date === undefined ? now : timeOf(name, date)
  if (time > now) throw new InvalidQuestion('date', `must not be in the future; got ${shown(date!)}`)
  if (name === 'monthly') {
    const moment = new Date(time)
    const monthAt = (offset: number) => Date.UTC(moment.getUTCFullYear(), moment.getUTCMonth() + offset)
    const [before, start, end] = [monthAt(-1), monthAt(0), monthAt(1)]
    return { start, end, previous: { start: before, end: start }, label: { month: dateOf(start).slice(0, 7) } }
  }
  const length = name === 'weekly' ? 7 * DAY_MS : DAY_MS
  // 1970 began on a Thursday.
  const offset = name === 'weekly' ? 4 * DAY_MS : 0
  const start = Math.floor((time - offset) / length) * length + offset
  const end = start + length
  const label: Period['label'] =
    name === 'weekly' ? { week_start: dateOf(start), week_end: dateOf(end - DAY_MS) } : { date: dateOf(start) }
  return { start, end, previous: { start: start - length, end: start }, label }
}

function timeOf(name: PeriodName, date: string): number {
  const isMonth = date.length === 7
  const text = isMonth ? `${date}-01` : date
  const time = DATE.test(date) && !(isMonth && name !== 'monthly') ? Date.parse(text) : Number.NaN
  // Of what is no day of any month Date.parse makes another day, or nothing.
  if (!(time >= FIRST) || dateOf(time) !== text)
    throw new InvalidQuestion(
      'date',
      `must be a day such as 2026-01-31${name === 'monthly' ? ', or a month such as 2026-01' : ''}; got ${shown(date)}`,
    )
  return time
}

/** Before it there is no week or month to compare with. */
const FIRST = Date.UTC(1971, 0)

export function dateOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10)
}
