/** What an hour should be like by the same hour of the weeks before: their median, and how far from it is not out of the ordinary yet. Knows numbers, not what they are of. */

const HOUR = 3_600_000
export const HOURS_OF_WEEK = 168
const DAY_HOURS = 24

/** Of a normal distribution the median absolute deviation is this many times smaller than the standard deviation. */
const TO_STANDARD_DEVIATION = 1.4826
/** The least deviation of logarithms that is believed: series without any noise would make the smallest change a large one. */
const LEAST_DEVIATION = 0.05

export type ExpectationOptions = {
  /** How many are looked back on. */
  readonly weeks: number
  /** Of how many the same hour has to be known. */
  readonly minWeeks: number
  /** Added to every value: where it may be zero, zero has no logarithm. */
  readonly offset: number
}

/**
 * Expectations of the hours of one series after another, each told by its place, by logarithms: what varies, varies by shares.
 *
 * From each hour of the weeks before, what the whole of its week was above or below the others is taken away, so that growth is no deviation.
 * The median of the same hours is what is expected, at the level of the last week. The deviation is the median absolute one of
 * those same hours, and no less than that of all hours of the weeks from the medians of the other weeks: four hours alone often agree by chance.
 */
export class Expectations {
  #start = 0
  readonly #weeks: number
  readonly #minWeeks: number
  readonly offset: number
  /** Nothing less is expected than nothing. */
  readonly #least: number
  /** Where the first hour stands in what follows: after weeks of unknown hours, so that the weeks before every hour are there. */
  readonly #first: number
  /** NaN where an hour is unknown. What one series has used the next one uses again: of many the garbage would be megabytes. */
  #logarithms = new Float64Array()
  /** Of each hour and the same hour of the weeks before it their median; NaN where none is known, or nobody asked yet. Two days differ in 24 of a week's. */
  #middles = new Float64Array()
  /** By the place of a day's first hour. */
  readonly #byDay = new Map<number, Reference>()
  /** Of the same hours. */
  readonly #samples: Float64Array
  readonly #ofWeek = new Float64Array(HOURS_OF_WEEK)

  constructor({ weeks, minWeeks, offset }: ExpectationOptions) {
    this.#weeks = weeks
    this.#minWeeks = minWeeks
    this.offset = offset
    this.#least = Math.log(offset)
    // The day of the first hour may begin before it, and is judged by the week before, whose hours have weeks before them as well.
    this.#first = DAY_HOURS + (1 + weeks) * HOURS_OF_WEEK
    this.#samples = new Float64Array(weeks)
  }

  /**
   * Whatever is asked from now on is of these hours.
   * @param values NaN where it is unknown
   * @param start of the first one, in epoch milliseconds
   */
  take(values: Float64Array, start: number): void {
    const places = this.#first + values.length
    if (this.#logarithms.length < places) {
      this.#logarithms = new Float64Array(places)
      this.#middles = new Float64Array(places)
    }
    this.#start = start
    this.#byDay.clear()
    this.#logarithms.fill(Number.NaN)
    this.#middles.fill(Number.NaN)
    for (let hour = 0; hour < values.length; hour++) {
      const value = values[hour]! + this.offset
      if (value > 0) this.#logarithms[this.#first + hour] = Math.log(value)
    }
  }

  /** Whether enough weeks are known to expect something of an hour. */
  isKnown(hour: number): boolean {
    return this.#sameHours(this.#first + hour - HOURS_OF_WEEK, NO_LEVELS) >= this.#minWeeks
  }

  /** What is expected of an hour; NaN where too few weeks are known. */
  at(hour: number): number {
    return Math.max(0, Math.exp(this.#expectedAt(this.#first + hour)) - this.offset)
  }

  /** How far the logarithm of an hour is above what is expected of it; NaN where one of them is unknown. */
  distanceAt(hour: number): number {
    const place = this.#first + hour
    return this.#logarithms[place]! - Math.max(this.#least, this.#expectedAt(place))
  }

  /** Of that distance the standard deviation, beside what chance adds where there are few calls. Told when it is asked for: most hours are near what is expected. */
  deviationAt(hour: number): number {
    const place = this.#first + hour
    const reference = this.#reference(place)
    const count = this.#sameHours(place - HOURS_OF_WEEK, reference.levels)
    const samples = this.#samples
    const middle = median(samples, count)
    for (let index = 0; index < count; index++) samples[index] = Math.abs(samples[index]! - middle)
    const own = median(samples, count) * TO_STANDARD_DEVIATION
    reference.deviation ??= this.#deviation(reference)
    return Math.max(own, reference.deviation, LEAST_DEVIATION)
  }

  /** The logarithm of what is expected, with the offset; NaN where too few weeks are known. */
  #expectedAt(place: number): number {
    const weekBefore = place - HOURS_OF_WEEK
    if (this.#sameHours(weekBefore, NO_LEVELS) < this.#minWeeks) return Number.NaN
    const { levels } = this.#reference(place)
    const count = this.#sameHours(weekBefore, levels)
    return median(this.#samples, count) + levels[0]!
  }

  /** What the weeks before the day of an hour say: the same for all its hours. */
  #reference(hour: number): Reference {
    const day = hour - ((this.#start / HOUR + hour - this.#first) % DAY_HOURS)
    let reference = this.#byDay.get(day)
    if (reference === undefined) {
      reference = { day, levels: this.#levelsBefore(day), deviation: undefined }
      this.#byDay.set(day, reference)
    }
    return reference
  }

  /** Into the samples what is known of an hour and of the same hour of the weeks before it, without the levels of their weeks; how many they are. */
  #sameHours(hour: number, levels: Float64Array): number {
    const logarithms = this.#logarithms
    const samples = this.#samples
    let count = 0
    for (let week = 0, at = hour; week < this.#weeks; week++, at -= HOURS_OF_WEEK) {
      const value = logarithms[at]!
      if (!Number.isNaN(value)) samples[count++] = levels === NO_LEVELS ? value : value - levels[week]!
    }
    return count
  }

  #levelsBefore(day: number): Float64Array {
    const levels = new Float64Array(this.#weeks)
    const logarithms = this.#logarithms
    const middles = this.#middles
    const above = this.#ofWeek
    for (let hour = day - HOURS_OF_WEEK; hour < day; hour++)
      if (Number.isNaN(middles[hour]!)) middles[hour] = median(this.#samples, this.#sameHours(hour, NO_LEVELS))
    for (let week = 0; week < levels.length; week++) {
      const before = week * HOURS_OF_WEEK
      let count = 0
      for (let hour = day - HOURS_OF_WEEK; hour < day; hour++) {
        const one = logarithms[hour - before]! - middles[hour]!
        if (!Number.isNaN(one)) above[count++] = one
      }
      levels[week] = count === 0 ? 0 : median(above, count)
    }
    return levels
  }

  /** Each hour from the median of the others, as what is judged is no part of what it is judged by either. */
  #deviation({ day, levels }: Reference): number {
    const samples = this.#samples
    const distances = new Float64Array(this.#weeks * HOURS_OF_WEEK)
    let told = 0
    for (let hour = day - HOURS_OF_WEEK; hour < day; hour++) {
      const count = this.#sameHours(hour, levels)
      if (count < 2) continue
      sort(samples, count)
      for (let index = 0; index < count; index++)
        distances[told++] = Math.abs(samples[index]! - medianWithout(samples, count, index))
    }
    return told === 0 ? 0 : median(distances, told) * TO_STANDARD_DEVIATION
  }
}

const NO_LEVELS = new Float64Array(0)

/** What the weeks before a day say of all its hours. */
type Reference = {
  /** The place of its first hour. */
  readonly day: number
  /** What each week was above the others, the last one first. */
  readonly levels: Float64Array
  /** Undefined until somebody asks for it. */
  deviation: number | undefined
}

/** Of the first `count` numbers, which are put in another order, or lost; NaN of none. */
function median(numbers: Float64Array, count: number): number {
  if (count === 0) return Number.NaN
  let lower = (count - 1) >> 1
  let upper = count >> 1
  let left = count
  // Only what is near the middle need be put in order. Counting has no branches that cannot be foreseen, as comparing in halves has.
  while (left > FEW) {
    let least = Number.POSITIVE_INFINITY
    let most = Number.NEGATIVE_INFINITY
    for (let index = 0; index < left; index++) {
      least = Math.min(least, numbers[index]!)
      most = Math.max(most, numbers[index]!)
    }
    const scale = LAST_PART / (most - least)
    // All alike, as far as numbers tell.
    if (!Number.isFinite(scale)) return least
    counts.fill(0)
    for (let index = 0; index < left; index++) counts[((numbers[index]! - least) * scale) | 0]!++
    let first = 0
    let before = 0
    while (before + counts[first]! <= lower) before += counts[first++]!
    let last = first
    for (let reached = before + counts[first]!; reached <= upper; ) reached += counts[++last]!
    let kept = 0
    for (let index = 0; index < left; index++) {
      const number = numbers[index]!
      const part = ((number - least) * scale) | 0
      if (part >= first && part <= last) numbers[kept++] = number
    }
    if (kept === left) break
    lower -= before
    upper -= before
    left = kept
  }
  if (left <= FEW) sort(numbers, left)
  else numbers.subarray(0, left).sort()
  return (numbers[lower]! + numbers[upper]!) / 2
}

/** So many numbers are put in order one by one. */
const FEW = 16
/** Of the parts of their range that more numbers are counted in. */
const LAST_PART = 63
const counts = new Uint32Array(LAST_PART + 1)

/** Puts the first `count` in order: a few, which are put in their places faster than a function is called for them. */
function sort(numbers: Float64Array, count: number): void {
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
