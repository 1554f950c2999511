/** How numbers are written: money, tokens, durations, shares. What is unknown is a dash, never a zero. */

export const UNKNOWN = '–'

export type Format = (value: number | null | undefined) => string

const known = (write: (value: number) => string): Format => {
  return (value) => (value === null || value === undefined || !Number.isFinite(value) ? UNKNOWN : write(value))
}

const grouped = (digits: number) =>
  new Intl.NumberFormat('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })
const GROUPED = [grouped(0), grouped(1), grouped(2), grouped(3)]
const withDigits = (value: number, digits: number) => GROUPED[digits]!.format(value)

/** Three digits and a letter: `1.23k`, `45.6M`. */
function compact(value: number): string {
  const size = Math.abs(value)
  const step = [1e12, 1e9, 1e6, 1e3].findIndex((one) => size >= one * 0.9995)
  if (step === -1) return String(Number(value.toPrecision(3)))
  const scaled = value / [1e12, 1e9, 1e6, 1e3][step]!
  const digits = Math.abs(scaled) >= 99.95 ? 0 : Math.abs(scaled) >= 9.995 ? 1 : 2
  return `${scaled.toFixed(digits)}${'TBMk'[step]}`
}

/** US dollars: cents where they say something, and as many digits as a small amount needs. */
export const money: Format = known((value) => {
  const size = Math.abs(value)
  const sign = value < 0 ? '−' : ''
  if (size === 0) return '$0.00'
  if (size < 0.0995)
    return `${sign}$${Number(size.toPrecision(2)).toFixed(Math.min(9, 1 - Math.floor(Math.log10(size))))}`
  return `${sign}$${size >= 100_000 ? compact(size) : withDigits(size, size < 1 ? 3 : size < 10_000 ? 2 : 0)}`
})

/** For axes: no more digits than needed. */
export const moneyShort: Format = known((value) => (value === 0 ? '$0' : `$${compact(value)}`))

/** A count as it is, with separators. */
export const count: Format = known((value) => withDigits(value, Number.isInteger(value) || value >= 100 ? 0 : 1))

/** A count in three digits: tokens, calls on an axis. */
export const short: Format = known((value) =>
  Math.abs(value) < 10_000 && Number.isInteger(value) ? count(value) : compact(value),
)

/** Milliseconds in the unit that suits them. */
export const duration: Format = known((value) => {
  if (value < 0.9995) return `${Number(value.toPrecision(2))} ms`
  if (value < 999.5) return `${value < 9.95 ? value.toFixed(1) : value.toFixed(0)} ms`
  if (value < 59_950) return `${(value / 1000).toFixed(value < 9_995 ? 2 : 1)} s`
  const minutes = Math.floor(Math.round(value / 1000) / 60)
  if (minutes < 60) return `${minutes}m ${String(Math.round(value / 1000) % 60).padStart(2, '0')}s`
  return `${Math.floor(minutes / 60)}h ${String(minutes % 60).padStart(2, '0')}m`
})

/** A fraction as a percentage. */
export const share: Format = known((value) => {
  const percent = value * 100
  if (percent === 0 || percent === 100) return `${percent}%`
  // Nearly all is not all, and nearly nothing is not nothing.
  if (percent > 99.95 && percent < 100) return '>99.9%'
  if (percent > 0 && percent < 0.01) return '<0.01%'
  return `${percent.toFixed(percent < 1 ? 2 : 1)}%`
})

/** Tokens per second. */
export const tokenRate: Format = known((value) => `${compact(value)} tok/s`)

/** Bytes in powers of 1024. */
export const bytes: Format = known((value) => {
  if (value < 1024) return `${value} B`
  const power = Math.min(4, Math.floor(Math.log2(value) / 10))
  const scaled = value / 1024 ** power
  const digits = scaled >= 99.95 ? 0 : scaled >= 9.995 ? 1 : 2
  return `${scaled.toFixed(digits)} ${['B', 'KiB', 'MiB', 'GiB', 'TiB'][power]}`
})

/** By what share a value changed; null where there is nothing to compare with. */
export function changeOf(value: number | null | undefined, before: number | null | undefined): number | null {
  return typeof value === 'number' && typeof before === 'number' && before > 0 ? (value - before) / before : null
}

/** `+12%`, `−3.4%`, `×8.1`. */
export const change: Format = known((value) => {
  if (value >= 4) return `×${compact(value + 1)}`
  const percent = Math.abs(value * 100)
  const text = percent >= 9.95 ? percent.toFixed(0) : percent.toFixed(1)
  if (Number(text) === 0) return '±0%'
  return `${value < 0 ? '−' : '+'}${text}%`
})

/** One number by another; null where either is unknown or there is nothing to divide by. */
export function ratio(value: number | null | undefined, by: number | null | undefined): number | null {
  return typeof value === 'number' && typeof by === 'number' && by > 0 ? value / by : null
}

/** What a million of `by` comes to. */
export function perMillion(value: number | null | undefined, by: number | null | undefined): number | null {
  const each = ratio(value, by)
  return each === null ? null : each * 1e6
}

/** Of counts by name, such as what was dropped by reason. */
export function sumOfCounts(counts: { readonly [name: string]: number }): number {
  return Object.values(counts).reduce((all, one) => all + one, 0)
}

/** A name from outside; what is unknown says so. */
export function nameOf(value: string | null | undefined): string {
  return value === '' || value === null || value === undefined ? '(unknown)' : value
}
