/** When a question is about: times and durations as they are written, and the windows that suit a range. */
import { InvalidQuestion } from './invalid-question.js'

/** Half-open, in epoch milliseconds. */
export type TimeRange = { readonly start: number; readonly end: number }

export const GRANULARITIES = ['1m', '5m', '1h', '1d'] as const
/** Length of the windows of a series, UTC-aligned. */
export type Granularity = (typeof GRANULARITIES)[number]

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

export const WINDOW_MS: { readonly [granularity in Granularity]: number } = {
  '1m': MINUTE,
  '5m': 5 * MINUTE,
  '1h': HOUR,
  '1d': DAY,
}

/** Range of a question that names none. */
const DEFAULT_RANGE_MS = DAY
/** Five years and some days: the longest any tier is kept by default. */
export const LONGEST_RANGE_MS = 1830 * DAY
/** 2100-01-01: a time past it is written in the wrong unit. */
const LATEST = 4_102_444_800_000
/** Below it a number is one of seconds: as milliseconds it would be before March 1973. */
const SECONDS_BELOW = 100_000_000_000

const UNITS: { readonly [unit: string]: number } = { s: 1000, m: MINUTE, h: HOUR, d: DAY, w: 7 * DAY }
const DURATION = /^(\d{1,6})([smhdw])$/
// A date alone, or with a time of day; without a zone it is UTC.
const ISO_8601 = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?)?$/

/** Milliseconds of a duration such as `90s`, `15m`, `24h`, `7d` or `2w`. */
export function parseDuration(field: string, text: string): number {
  const [, amount, unit] = DURATION.exec(text) ?? []
  const milliseconds = Number(amount) * (UNITS[unit ?? ''] ?? 0)
  if (amount === undefined || milliseconds <= 0)
    throw new InvalidQuestion(field, `must be a duration such as 15m, 24h, 7d or 2w; got ${shown(text)}`)
  return milliseconds
}

/** Epoch milliseconds of an ISO 8601 time, or of seconds or milliseconds since 1970. */
export function parseTime(field: string, given: string | number): number {
  const text = String(given)
  let time = Number.NaN
  if (/^\d{1,16}(\.\d{1,9})?$/.test(text)) time = Number(text) < SECONDS_BELOW ? Number(text) * 1000 : Number(text)
  else if (ISO_8601.test(text))
    time = Date.parse(/T.*(Z|[+-]\d{2}:?\d{2})$/.test(text) || text.length === 10 ? text : `${text}Z`)
  if (!(time >= 0 && time <= LATEST))
    throw new InvalidQuestion(
      field,
      `must be a time such as 2026-01-31, 2026-01-31T12:00:00Z or seconds since 1970; got ${shown(text)}`,
    )
  return time
}

/** What a question says of its range. */
export type GivenRange = {
  readonly start_time?: string | number | undefined
  readonly end_time?: string | number | undefined
  /** Of `end_time`, or of now. */
  readonly last?: string | undefined
}

/** The range that is meant: until now where it has no end, of a day where it has no start. */
export function rangeOf({ start_time: from, end_time: to, last }: GivenRange, now: number): TimeRange {
  if (last !== undefined && from !== undefined)
    throw new InvalidQuestion('last', 'and start_time say the same: give one of them')
  const end = to === undefined ? now : parseTime('end_time', to)
  const start =
    from === undefined
      ? end - (last === undefined ? DEFAULT_RANGE_MS : parseDuration('last', last))
      : parseTime('start_time', from)
  if (start < 0) throw new InvalidQuestion('last', 'begins before 1970')
  if (start >= end)
    throw new InvalidQuestion(
      'start_time',
      `must be before end_time; got ${new Date(start).toISOString()} and ${new Date(end).toISOString()}`,
    )
  if (end - start > LONGEST_RANGE_MS)
    throw new InvalidQuestion(
      'start_time',
      `is ${Math.round((end - start) / DAY)} days before end_time; at most 1830 are answered`,
    )
  return { start, end }
}

/** Granularity of a series nobody chose one for: a few hundred points. */
export function granularityFor({ start, end }: TimeRange): Granularity {
  const length = end - start
  if (length <= 6 * HOUR) return '1m'
  if (length <= 2 * DAY) return '5m'
  if (length <= 31 * DAY) return '1h'
  return '1d'
}

/** The start of the window a time is in. */
export function windowStart(time: number, granularity: Granularity): number {
  return Math.floor(time / WINDOW_MS[granularity]) * WINDOW_MS[granularity]
}

/** The end of the last window that begins before a time. */
export function windowEnd(time: number, granularity: Granularity): number {
  return Math.ceil(time / WINDOW_MS[granularity]) * WINDOW_MS[granularity]
}

/** What a client sent, fit to be shown to it again. */
export function shown(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text)
}
