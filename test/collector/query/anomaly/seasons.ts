/** Generated traffic for judging the judge: days and weeks in their courses, growth, and chance. The same for the same seed. */
import type { HourColumns, Severity } from '../../../../src/collector/query/anomaly/anomaly.js'

/** One hour of them, which is easier to write than a column; null where something is unknown. */
export type HourPoint = {
  /** Epoch milliseconds of its start. */
  readonly time: number
  readonly operations: number
  readonly errors: number
  readonly slow?: Severity | undefined
  readonly costUsd: number | null
  readonly tokensPerCall: number | null
}

export function columnsOf(hours: readonly HourPoint[]): HourColumns {
  const column = (of: (hour: HourPoint) => number | null) => Float64Array.from(hours, (hour) => of(hour) ?? Number.NaN)
  return {
    start: hours[0]?.time ?? 0,
    operations: column(({ operations }) => operations),
    errors: column(({ errors }) => errors),
    cost: column(({ costUsd }) => costUsd),
    tokensPerCall: column(({ tokensPerCall }) => tokensPerCall),
    slow: hours.map(({ slow }) => slow),
  }
}

const HOUR = 3_600_000
/** A Monday. */
export const MONDAY = Date.UTC(2026, 5, 1)

export type Season = {
  readonly seed: number
  readonly weeks: number
  /** Calls of a mean hour. */
  readonly calls: number
  /** How many times as much each week is as the one before. @default 1 */
  readonly growth?: number
  /** Standard deviation of the logarithm of what an hour has, beside the chance of counts. @default 0.15 */
  readonly noise?: number
  /** Share of calls that fail. @default 0.01 */
  readonly errors?: number
}

/** Numbers from 0 to 1 that look random and are the same for the same seed (mulberry32). */
export function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Hours from MONDAY on: by day four times as much as by night, at the weekend a third of it; calls by Poisson, cost and tokens of a call with heavy tails. */
export function season({ seed, weeks, calls, growth = 1, noise = 0.15, errors = 0.01 }: Season): HourPoint[] {
  const random = createRandom(seed)
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  const poisson = (mean: number) => {
    if (mean > 200) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal()))
    let count = 0
    for (let product = 1 - random(); product > Math.exp(-mean); product *= 1 - random()) count++
    return count
  }
  return Array.from({ length: weeks * 168 }, (_, hour) => {
    const ofDay = 1 + 0.6 * Math.sin((2 * Math.PI * ((hour % 24) - 8)) / 24)
    const ofWeek = Math.floor(hour / 24) % 7 >= 5 ? 1 / 3 : 1
    const operations = poisson(calls * ofDay * ofWeek * growth ** (hour / 168) * Math.exp(noise * normal()))
    // Means of `operations` calls, each with a deviation of its own size.
    const perCall = (mean: number) => mean * Math.exp(noise * normal() + normal() / Math.sqrt(Math.max(1, operations)))
    return {
      time: MONDAY + hour * HOUR,
      operations,
      errors: poisson(operations * errors),
      costUsd: operations * perCall(0.01),
      tokensPerCall: operations === 0 ? null : perCall(1500),
    }
  })
}
