/** What an hour should be like by the same hour of the weeks before: their median, and how far from it is not out of the ordinary yet. Knows numbers, not what they are of. */
import { medianAbsoluteDeviation, medianSorted } from 'simple-statistics'

const HOUR = 3_600_000
export const HOURS_OF_WEEK = 168
const DAY_HOURS = 24

/** Of a normal distribution the median absolute deviation is this many times smaller than the standard deviation. */
const TO_STANDARD_DEVIATION = 1.4826
/** The least deviation of logarithms that is believed: series without any noise would make the smallest change a large one. */
const LEAST_DEVIATION = 0.05

export type Expectation = {
  readonly expected: number
  /** Of the logarithm of an hour, beside what chance adds where there are few calls. */
  readonly deviation: number
}

/** Values of consecutive hours, null where one is unknown. */
export type Values = { readonly start: number; readonly values: readonly (number | null)[] }

/**
 * Expectations of hours of a series, by logarithms: what varies, varies by shares.
 *
 * From each hour of the weeks before, what the whole of its week was above or below the others is taken away, so that growth is no deviation.
 * The median of the same hours is what is expected, at the level of the last week. The deviation is the median absolute one of
 * those same hours, and no less than that of all hours of the weeks from the medians of the other weeks: four hours alone often agree by chance.
 *
 * @param offset added to every value: where it may be zero, zero has no logarithm
 */
export class Expectations {
  readonly #series: Values
  readonly #weeks: number
  readonly #minWeeks: number
  readonly #offset: number
  readonly #byDay = new Map<number, Reference>()

  constructor(series: Values, { weeks, minWeeks, offset }: { weeks: number; minWeeks: number; offset: number }) {
    this.#series = series
    this.#weeks = weeks
    this.#minWeeks = minWeeks
    this.#offset = offset
  }

  /** Of the hour that starts at `time`; undefined where too few weeks are known. */
  of(time: number): Expectation | undefined {
    // The weeks before a day are the same for all its hours.
    const hour = (time - this.#series.start) / HOUR
    const day = hour - (new Date(time).getUTCHours() % DAY_HOURS)
    let reference = this.#byDay.get(day)
    if (reference === undefined) {
      reference = this.#referenceBefore(day)
      this.#byDay.set(day, reference)
    }
    const samples = reference.samplesOf(hour - day)
    if (samples.length < this.#minWeeks) return undefined
    const middle = medianSorted(samples as number[])
    const own = samples.length > 1 ? medianAbsoluteDeviation(samples as number[]) * TO_STANDARD_DEVIATION : 0
    return {
      expected: Math.max(0, Math.exp(middle + reference.level) - this.#offset),
      deviation: Math.max(own, reference.deviation, LEAST_DEVIATION),
    }
  }

  #referenceBefore(day: number): Reference {
    const weeks = Array.from({ length: this.#weeks }, (_, week) =>
      Array.from({ length: HOURS_OF_WEEK }, (_, hour) => this.#logarithm(day - (week + 1) * HOURS_OF_WEEK + hour)),
    )
    return referenceOf(weeks)
  }

  #logarithm(hour: number): number | undefined {
    const value = this.#series.values[hour]
    if (value === undefined || value === null || value + this.#offset <= 0) return undefined
    return Math.log(value + this.#offset)
  }
}

type Reference = {
  /** Of the same hour of the week, without what their weeks were above the others; in their order. */
  readonly samplesOf: (hour: number) => readonly number[]
  /** What the last week was above the others. */
  readonly level: number
  readonly deviation: number
}

/** Of weeks of hours, the last week first. */
function referenceOf(weeks: readonly (readonly (number | undefined)[])[]): Reference {
  const middles = Array.from({ length: HOURS_OF_WEEK }, (_, hour) => middleOf(known(weeks.map((week) => week[hour]))))
  const levels = weeks.map((week) =>
    middleOf(known(week.map((value, hour) => (value === undefined ? undefined : value - middles[hour]!)))),
  )
  const levelled = Array.from({ length: HOURS_OF_WEEK }, (_, hour) =>
    known(weeks.map((week, index) => (week[hour] === undefined ? undefined : week[hour] - levels[index]!))).sort(
      ascending,
    ),
  )
  const distances: number[] = []
  // Each from the median of the others, as what is judged is no part of what it is judged by either.
  for (const samples of levelled)
    for (let index = 0; samples.length > 1 && index < samples.length; index++)
      distances.push(Math.abs(samples[index]! - medianWithout(samples, index)))
  return {
    samplesOf: (hour) => levelled[hour]!,
    level: levels[0] ?? 0,
    deviation: middleOf(distances) * TO_STANDARD_DEVIATION,
  }
}

const ascending = (one: number, other: number) => one - other

/** The median; 0 of nothing. Sorts what it is given: of few values that is faster than to select. */
function middleOf(values: number[]): number {
  return values.length === 0 ? 0 : medianSorted(values.sort(ascending))
}

/** Of all but one. */
function medianWithout(sorted: readonly number[], index: number): number {
  const at = (rank: number) => sorted[rank < index ? rank : rank + 1]!
  const count = sorted.length - 1
  const middle = Math.floor(count / 2)
  return count % 2 === 1 ? at(middle) : (at(middle - 1) + at(middle)) / 2
}

function known(values: readonly (number | undefined)[]): number[] {
  return values.filter((value) => value !== undefined)
}
