/** Rows of an answer as the columns a chart draws: one list of times, one list of values for each series, stacked where they add up. */
import type { Measures, Row } from './api.js'

export type Series = {
  readonly name: string
  /** A custom property, such as `--series-1`. */
  readonly colour: string
  readonly values: readonly (number | null)[]
  /** Of all of it, where that is known better than by adding values up: among zeros an unknown value would be lost. */
  readonly total?: number | null
  /** What a click on it does; none: nothing. */
  readonly pick?: () => void
  /** Of lines that are there to compare with. */
  readonly isFaint?: boolean
}

export type Columns = { readonly times: readonly number[]; readonly series: readonly Series[] }

/** Rows of a series without groups: its times. */
export function timesOf(rows: readonly { readonly time: string }[]): number[] {
  const times: number[] = []
  for (const { time } of rows) {
    const moment = Date.parse(time)
    if (times.at(-1) !== moment) times.push(moment)
  }
  return times
}

/** One measure of rows that come by time and by one group, as values by name of the group. */
export function byGroup<M extends Measures>(rows: readonly Row<M>[], measure: keyof M & string) {
  const groups = new Map<string, (number | null)[]>()
  for (const row of rows) {
    const name = row.of[0] ?? ''
    const values = groups.get(name)
    if (values === undefined) groups.set(name, [row[measure]])
    else values.push(row[measure])
  }
  return groups
}

/** What is left of a whole without its parts: null where the whole is unknown. Noise of the arithmetic is nothing. */
export function rest(whole: readonly (number | null)[], parts: readonly (readonly (number | null)[])[]) {
  return whole.map((value, index) => {
    if (value === null) return null
    const left = value - parts.reduce((sum, part) => sum + (part[index] ?? 0), 0)
    return Math.abs(left) < Math.max(1e-9, Math.abs(value) * 1e-9) ? 0 : left
  })
}

/** Sums of windows that are next to each other, as bars of a length that is a multiple of theirs; of which nothing is known are unknown, though nothing was spent beside it. */
export function inBars({ times, series }: Columns, barMs: number): Columns {
  const bars = [...new Set(times.map((time) => Math.floor(time / barMs) * barMs))]
  const place = new Map(bars.map((bar, index) => [bar, index]))
  return {
    times: bars,
    series: series.map((one) => {
      const sums: (number | null)[] = bars.map(() => null)
      const unknown = new Set<number>()
      times.forEach((time, index) => {
        const value = one.values[index] ?? null
        const bar = place.get(Math.floor(time / barMs) * barMs)!
        if (value === null) unknown.add(bar)
        else sums[bar] = (sums[bar] ?? 0) + value
      })
      return { ...one, values: sums.map((sum, bar) => (sum === 0 && unknown.has(bar) ? null : sum)) }
    }),
  }
}

/** Each series with all below it: what is unknown is drawn as nothing, and told as unknown. */
export function stacked(series: readonly Series[]): (number | null)[][] {
  const sums: number[] = []
  return series.map(({ values }) =>
    values.map((value, index) => {
      sums[index] = (sums[index] ?? 0) + (value ?? 0)
      return sums[index]!
    }),
  )
}

/** Of all windows of a series. */
export function totalOf({ total, values }: Series): number | null {
  return total === undefined ? sumOf(values) : total
}

export function sumOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null)
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0)
}
