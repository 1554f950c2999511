/** The time a page is about: how it is named in the address, which moments it means, and the windows its charts have. */
import type { Granularity } from '../query/time-range.js'

/** In epoch milliseconds, half-open. */
export type Span = { readonly start: number; readonly end: number }

/** Until now, by how long; or from one moment to another. */
export type Range = { readonly last: string } | Span

export const PRESETS = ['15m', '1h', '6h', '24h', '7d', '30d', '90d'] as const
export const DEFAULT_RANGE: Range = { last: '24h' }

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const UNITS: { readonly [unit: string]: number } = { m: MINUTE, h: HOUR, d: DAY, w: 7 * DAY }
export const WINDOW_MS: { readonly [granularity in Granularity]: number } = {
  '1m': MINUTE,
  '5m': 5 * MINUTE,
  '1h': HOUR,
  '1d': DAY,
}

/** Milliseconds of `15m`, `24h`, `7d`; undefined for what is no duration, or longer than anything is kept. */
export function lengthOf(last: string): number | undefined {
  const [, amount, unit] = /^(\d{1,6})([mhdw])$/.exec(last) ?? []
  const length = Number(amount) * (UNITS[unit ?? ''] ?? 0)
  return length > 0 && length <= 1830 * DAY ? length : undefined
}

/** The moments a range means. What is until now ends with the minute that is not over yet, so that all panels ask the same. */
export function spanOf(range: Range, now: number): Span {
  if (!('last' in range)) return range
  const end = Math.ceil((now + 1) / MINUTE) * MINUTE
  return { start: end - (lengthOf(range.last) ?? DAY), end }
}

/** As long as `span`, and just before it. */
export function previousOf({ start, end }: Span): Span {
  return { start: start - (end - start), end: start }
}

/** Windows of a chart: some dozens up to a few hundred. `least`: none narrower, for what has few operations in a window. */
export function granularityOf({ start, end }: Span): Granularity {
  const length = end - start
  if (length <= 3 * HOUR) return '1m'
  if (length <= 26 * HOUR) return '5m'
  if (length <= 15 * DAY) return '1h'
  return '1d'
}

const BARS = [MINUTE, 2 * MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 6 * HOUR, DAY] as const
/** Most bars of a chart: more are stripes. */
const MOST_BARS = 100

/** Milliseconds of a bar: whole windows of the range's granularity, so that sums of them are bars. */
export function barOf(span: Span): number {
  const least = WINDOW_MS[granularityOf(span)]
  return BARS.find((bar) => bar >= least && (span.end - span.start) / bar <= MOST_BARS) ?? DAY
}

/** How often a page asks anew, in milliseconds; a range that is over does not change. */
export function refreshOf(range: Range): number | undefined {
  if (!('last' in range)) return undefined
  return (lengthOf(range.last) ?? DAY) <= 6 * HOUR ? 10_000 : 30_000
}

const NAMES: { readonly [unit: string]: string } = { m: 'minute', h: 'hour', d: 'day', w: 'week' }

/** A range in words: `last 24 hours`. */
export function rangeInWords(range: Range): string {
  if (!('last' in range)) return `${shortTime(range.start)} – ${shortTime(range.end)}`
  const [, amount = '', unit = ''] = /^(\d+)(\w)$/.exec(range.last) ?? []
  return `last ${amount === '1' ? '' : `${amount} `}${NAMES[unit]}${amount === '1' ? '' : 's'}`
}

const SHORT = new Intl.DateTimeFormat(undefined, {
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
})

/** In the reader's own time zone. */
export function shortTime(time: number): string {
  return SHORT.format(time)
}

/** A length in words: `15 minutes`, `hour`. */
export function lengthInWords(milliseconds: number): string {
  const [unit, name] =
    milliseconds >= DAY
      ? ([DAY, 'day'] as const)
      : milliseconds >= HOUR
        ? ([HOUR, 'hour'] as const)
        : ([MINUTE, 'minute'] as const)
  const amount = milliseconds / unit
  return amount === 1 ? name : `${amount} ${name}s`
}
