/** Durations and sizes as people write them: `20ms`, `24h`, `1GiB`, `512MB`. Read to milliseconds and bytes, and written back. */

const MS_OF: { readonly [unit: string]: number } = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
  y: 365 * 86_400_000,
}

const BYTES_OF: { readonly [unit: string]: number } = {
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
}

/** Milliseconds of `20ms`, `1.5h`, `1h30m`, or of a number, which is milliseconds. `undefined` for what is no duration. A year has 365 days. */
export function parseDuration(value: string | number): number | undefined {
  if (typeof value === 'number') return whole(value)
  const text = value.trim()
  if (/^\d+$/.test(text)) return whole(Number(text))
  if (!/^(?:\d+(?:\.\d+)?(?:ms|[smhdwy])){1,7}$/.test(text)) return undefined
  let total = 0
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhdwy])/g)) total += Number(amount) * MS_OF[unit!]!
  return whole(total)
}

/** Bytes of `1GiB`, `512 MB`, or of a number, which is bytes. `undefined` for what is no size. */
export function parseSize(value: string | number): number | undefined {
  if (typeof value === 'number') return whole(value)
  const [, amount, unit] = /^(\d+(?:\.\d+)?) ?([A-Za-z]*)$/.exec(value.trim()) ?? []
  if (amount === undefined || unit === undefined) return undefined
  if (unit === '') return /^\d+$/.test(amount) ? whole(Number(amount)) : undefined
  const bytes = BYTES_OF[unit]
  return bytes === undefined ? undefined : whole(Number(amount) * bytes)
}

/** So many milliseconds in the largest unit that says them exactly. */
export function formatDuration(ms: number): string {
  return format(ms, MS_OF, ['y', 'd', 'h', 'm', 's'], 'ms')
}

/** So many bytes in the largest unit that says them exactly. */
export function formatSize(bytes: number): string {
  return format(bytes, BYTES_OF, ['TiB', 'TB', 'GiB', 'GB', 'MiB', 'MB', 'KiB', 'kB'], 'B')
}

function format(value: number, units: typeof MS_OF, names: readonly string[], smallest: string): string {
  const name = names.find((unit) => value !== 0 && value % units[unit]! === 0) ?? smallest
  return `${value / (units[name] ?? 1)}${name}`
}

// A tenth of a millisecond or a third of a byte is nothing anybody means; what is not exact because of binary fractions is.
function whole(value: number): number | undefined {
  const rounded = Math.round(value)
  const isWhole = Math.abs(value - rounded) < 1e-6 * Math.max(1, Math.abs(value))
  return isWhole && rounded >= 0 && Number.isSafeInteger(rounded) ? rounded : undefined
}
