/** What an hour should be like by the same hour of the weeks before: their median, and how far from it is not out of the ordinary yet. Knows numbers, not what they are of. */

const HOUR = 3_600_000
export const HOURS_OF_WEEK = 168
const DAY_HOURS = 24

/** Of a normal distribution the median absolute deviation is this many times smaller than the standard deviation. */
const TO_STANDARD_DEVIATION = 1.4826
/** The least deviation of logarithms that is believed: series without any noise would make the smallest change a large one. */
const LEAST_DEVIATION = 0.05

/** Consecutive hours, and what each of them has: null where it is unknown. */
export type Values = {
  /** Epoch milliseconds. */
  readonly start: number
  readonly hours: number
  readonly valueAt: (hour: number) => number | null
}

/**
 * Expectations of hours of a series, by logarithms: what varies, varies by shares.
 *
 * From each hour of the weeks before, what the whole of its week was above or below the others is taken away, so that growth is no deviation.
 * The median of the same hours is what is expected, at the level of the last week. The deviation is the median absolute one of
 * those same hours, and no less than that of all hours of the weeks from the medians of the other weeks: four hours alone often agree by chance.
 */
export class Expectations {
  readonly #start: number
  readonly #weeks: number
  readonly #minWeeks: number
  /** Added to every value: where it may be zero, zero has no logarithm. */
  readonly offset: number
  /** Where the first hour stands in what follows: after weeks of unknown hours, so that the weeks before every hour are there. */
  readonly #first: number
  /** NaN where an hour is unknown. */
  readonly #logarithms: Float64Array
  /** Of each hour and the same hour of the weeks before it their median; NaN where none is known. Two days differ in 24 of a week's. */
  readonly #middles: Float64Array
  /** By the place of a day's first hour. */
  readonly #byDay = new Map<number, Reference>()
  /** Of the same hours. */
  readonly #samples: Float64Array
  readonly #ofWeek = new Float64Array(HOURS_OF_WEEK)

  constructor(
    { start, hours, valueAt }: Values,
    { weeks, minWeeks, offset }: { weeks: number; minWeeks: number; offset: number },
  ) {
    this.#start = start
    this.#weeks = weeks
    this.#minWeeks = minWeeks
    this.offset = offset
    // The day of the first hour may begin before it, and is judged by the week before, whose hours have weeks before them as well.
    this.#first = DAY_HOURS + (1 + weeks) * HOURS_OF_WEEK
    this.#samples = new Float64Array(weeks)
    this.#logarithms = new Float64Array(this.#first + hours).fill(Number.NaN)
    this.#middles = this.#logarithms.slice()
    for (let hour = 0; hour < hours; hour++) {
      const value = valueAt(hour)
      if (value !== null && value + offset > 0) this.#logarithms[this.#first + hour] = Math.log(value + offset)
    }
    for (let hour = this.#first; hour < this.#middles.length; hour++)
      this.#middles[hour] = median(this.#samples, this.#sameHours(hour, NO_LEVELS))
  }

  /** Of the hour of the series that starts at `time`; NaN where too few weeks are known. */
  at(time: number): number {
    const hour = this.#placeOf(time)
    const weekBefore = hour - HOURS_OF_WEEK
    if (this.#sameHours(weekBefore, NO_LEVELS) < this.#minWeeks) return Number.NaN
    const { levels } = this.#reference(hour)
    const count = this.#sameHours(weekBefore, levels)
    return Math.max(0, Math.exp(median(this.#samples, count) + levels[0]!) - this.offset)
  }

  /** Of the logarithm of that hour, beside what chance adds where there are few calls. Told when it is asked for: most hours are near what is expected. */
  deviationAt(time: number): number {
    const hour = this.#placeOf(time)
    const reference = this.#reference(hour)
    const count = this.#sameHours(hour - HOURS_OF_WEEK, reference.levels)
    const samples = this.#samples
    const middle = median(samples, count)
    for (let index = 0; index < count; index++) samples[index] = Math.abs(samples[index]! - middle)
    const own = median(samples, count) * TO_STANDARD_DEVIATION
    reference.deviation ??= this.#deviation(reference)
    return Math.max(own, reference.deviation, LEAST_DEVIATION)
  }

  #placeOf(time: number): number {
    return this.#first + (time - this.#start) / HOUR
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

/** Of the first `count` numbers, which are put in another order; NaN of none. */
function median(numbers: Float64Array, count: number): number {
  const middle = count >> 1
  if (count <= FEW) {
    sort(numbers, count)
    return count % 2 === 1 ? numbers[middle]! : (numbers[middle - 1]! + numbers[middle]!) / 2
  }
  const upper = select(numbers, count, middle)
  if (count % 2 === 1) return upper
  // What stands before the place is no larger than what stands there.
  let lower = numbers[0]!
  for (let index = 1; index < middle; index++) if (numbers[index]! > lower) lower = numbers[index]!
  return (lower + upper) / 2
}

/** So many numbers are put in order, one by one; of more only the one that is looked for is put in its place. */
const FEW = 16

/** The number that has `place` of the first `count` before it in their order: all before it are no larger then, and all behind it no smaller (Hoare's quickselect). */
function select(numbers: Float64Array, count: number, place: number): number {
  let left = 0
  let right = count - 1
  while (left < right) {
    const pivot = numbers[(left + right) >> 1]!
    let low = left
    let high = right
    while (low <= high) {
      while (numbers[low]! < pivot) low++
      while (numbers[high]! > pivot) high--
      if (low > high) break
      const number = numbers[low]!
      numbers[low++] = numbers[high]!
      numbers[high--] = number
    }
    if (place <= high) right = high
    else if (place >= low) left = low
    else break
  }
  return numbers[place]!
}

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
