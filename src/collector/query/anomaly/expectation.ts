/** What an hour should be like by the same hour of the weeks before: their median, and how far from it is not out of the ordinary yet. Knows numbers, not what they are of. */

const HOUR = 3_600_000
export const HOURS_OF_WEEK = 168
const DAY_HOURS = 24

/** Of a normal distribution the median absolute deviation is this many times smaller than the standard deviation. */
const TO_STANDARD_DEVIATION = 1.4826
/** The least deviation of logarithms that is believed: series without any noise would make the smallest change a large one. */
const LEAST_DEVIATION = 0.05

export type Expectation = {
  readonly expected: number
  /** Of the logarithm of an hour, beside what chance adds where there are few calls. Told when it is asked for: most hours are near what is expected. */
  readonly deviation: () => number
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
  readonly #start: number
  readonly #weeks: number
  readonly #minWeeks: number
  readonly #offset: number
  /** NaN where an hour is unknown. */
  readonly #logarithms: Float64Array
  /** Of each hour and the same hour of the weeks before it their median; NaN where none is known. Two days differ in 24 of a week's. */
  readonly #middles: Float64Array
  readonly #byDay = new Map<number, Reference>()

  constructor(
    { start, values }: Values,
    { weeks, minWeeks, offset }: { weeks: number; minWeeks: number; offset: number },
  ) {
    this.#start = start
    this.#weeks = weeks
    this.#minWeeks = minWeeks
    this.#offset = offset
    this.#logarithms = Float64Array.from(values, (value) =>
      value === null || value + offset <= 0 ? Number.NaN : Math.log(value + offset),
    )
    const same = new Float64Array(weeks)
    this.#middles = this.#logarithms.map((_, hour) => median(same, this.#sameHours(same, hour)))
  }

  /** Of the hour of the series that starts at `time`; undefined where too few weeks are known. */
  of(time: number): Expectation | undefined {
    const hour = (time - this.#start) / HOUR
    // The weeks before a day are the same for all its hours.
    const day = hour - (new Date(time).getUTCHours() % DAY_HOURS)
    let reference = this.#byDay.get(day)
    if (reference === undefined) {
      reference = this.#referenceBefore(day)
      this.#byDay.set(day, reference)
    }
    const samples = new Float64Array(this.#weeks)
    const count = this.#sameHours(samples, hour - HOURS_OF_WEEK, reference.levels)
    if (count < this.#minWeeks) return undefined
    const middle = median(samples, count)
    const { levels, deviation } = reference
    return {
      expected: Math.max(0, Math.exp(middle + levels[0]!) - this.#offset),
      deviation: () => {
        const distances = samples.subarray(0, count).map((sample) => Math.abs(sample - middle))
        return Math.max(median(distances, count) * TO_STANDARD_DEVIATION, deviation(), LEAST_DEVIATION)
      },
    }
  }

  /** What is known of an hour and of the same hour of the weeks before it, without the levels of their weeks; how many they are. */
  #sameHours(into: Float64Array, hour: number, levels?: Float64Array): number {
    let count = 0
    for (let week = 0; week < this.#weeks; week++) {
      const value = this.#logarithms[hour - week * HOURS_OF_WEEK]
      if (value !== undefined && !Number.isNaN(value)) into[count++] = value - (levels?.[week] ?? 0)
    }
    return count
  }

  #referenceBefore(day: number): Reference {
    const first = day - HOURS_OF_WEEK
    const own = new Float64Array(HOURS_OF_WEEK)
    const levels = Float64Array.from({ length: this.#weeks }, (_, week) => {
      let count = 0
      for (let hour = first; hour < day; hour++) {
        const above = this.#logarithms[hour - week * HOURS_OF_WEEK]! - this.#middles[hour]!
        if (!Number.isNaN(above)) own[count++] = above
      }
      return count === 0 ? 0 : median(own, count)
    })
    let deviation: number | undefined
    return { levels, deviation: () => (deviation ??= this.#deviation(first, day, levels)) }
  }

  /** Each hour from the median of the others, as what is judged is no part of what it is judged by either. */
  #deviation(from: number, until: number, levels: Float64Array): number {
    const samples = new Float64Array(this.#weeks)
    const distances = new Float64Array(this.#weeks * HOURS_OF_WEEK)
    let told = 0
    for (let hour = from; hour < until; hour++) {
      const count = this.#sameHours(samples, hour, levels)
      if (count < 2) continue
      sort(samples, count)
      for (let index = 0; index < count; index++)
        distances[told++] = Math.abs(samples[index]! - medianWithout(samples, count, index))
    }
    return told === 0 ? 0 : median(distances, told) * TO_STANDARD_DEVIATION
  }
}

/** What the weeks before a day say of all its hours. */
type Reference = {
  /** What each week was above the others, the last one first. */
  readonly levels: Float64Array
  readonly deviation: () => number
}

/** Of the first `count` numbers, which are sorted; NaN of none. */
function median(numbers: Float64Array, count: number): number {
  sort(numbers, count)
  const middle = count >> 1
  return count % 2 === 1 ? numbers[middle]! : (numbers[middle - 1]! + numbers[middle]!) / 2
}

/** Nearly always of a few weeks: one by one they are put in their place faster than a function is called for them. */
function sort(numbers: Float64Array, count: number): void {
  if (count > 16) numbers.subarray(0, count).sort()
  else
    for (let index = 1; index < count; index++) {
      const number = numbers[index]!
      let place = index
      for (; place > 0 && numbers[place - 1]! > number; place--) numbers[place] = numbers[place - 1]!
      numbers[place] = number
    }
}

/** Of all of the first `count` but one. */
function medianWithout(sorted: Float64Array, count: number, index: number): number {
  const at = (rank: number) => sorted[rank < index ? rank : rank + 1]!
  const middle = (count - 1) >> 1
  return count % 2 === 0 ? at(middle) : (at(middle - 1) + at(middle)) / 2
}
