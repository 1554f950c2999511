/** What is expected, against the same said in plain lists: sorted, filtered, and nothing kept. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Expectations } from '../../../../src/collector/query/anomaly/expectation.js'
import { createRandom, MONDAY } from './seasons.js'

const HOUR = 3_600_000
const WEEK = 168

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((one, other) => one - other)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

const upTo = (end: number) => Array.from({ length: end }, (_, index) => index)
const known = (numbers: readonly number[]) => numbers.filter((number) => !Number.isNaN(number))

type Options = { readonly weeks: number; readonly minWeeks: number; readonly offset: number }

function plainly(values: readonly (number | null)[], hour: number, day: number, { weeks, minWeeks, offset }: Options) {
  const logarithm = (at: number) => {
    const value = values[at] ?? null
    return value === null || value + offset <= 0 ? Number.NaN : Math.log(value + offset)
  }
  const sameHours = (at: number, levels = new Array(weeks).fill(0)) =>
    known(upTo(weeks).map((week) => logarithm(at - week * WEEK) - levels[week]))
  const weekBefore = upTo(WEEK).map((back) => day - 1 - back)
  const levels = upTo(weeks).map((week) => {
    const above = known(
      weekBefore.map((at) => (at < 0 ? Number.NaN : logarithm(at - week * WEEK) - median(sameHours(at)))),
    )
    return above.length === 0 ? 0 : median(above)
  })
  const samples = sameHours(hour - WEEK, levels)
  if (samples.length < minWeeks) return { expected: Number.NaN, deviation: Number.NaN }
  const middle = median(samples)
  const distances = weekBefore.flatMap((at) => {
    const all = sameHours(at, levels)
    return all.length < 2 ? [] : all.map((one, index) => Math.abs(one - median(all.toSpliced(index, 1))))
  })
  return {
    expected: Math.max(0, Math.exp(middle + levels[0]!) - offset),
    deviation: Math.max(
      median(samples.map((sample) => Math.abs(sample - middle))) * 1.4826,
      distances.length === 0 ? 0 : median(distances) * 1.4826,
      0.05,
    ),
  }
}

test('what is expected of an hour is the median of the same hours of the weeks before, at the level of the last one', () => {
  const series = fc.record({
    seed: fc.nat(),
    hours: fc.integer({ min: 1, max: 6 * WEEK }),
    before: fc.constantFrom(0, 300, 2000),
    // A series may begin at any hour of a day.
    begins: fc.nat({ max: 23 }),
    missing: fc.constantFrom(0, 0.1, 0.6),
    weeks: fc.integer({ min: 2, max: 20 }),
    minWeeks: fc.integer({ min: 1, max: 3 }),
    offset: fc.constantFrom(0, 0.5),
    // Where numbers are whole and small, many of them are alike.
    largest: fc.constantFrom(3, 1e6),
  })
  let told = 0
  fc.assert(
    fc.property(series, ({ seed, hours, before, begins, missing, largest, ...options }) => {
      const random = createRandom(seed)
      const values = upTo(hours).map(() => (random() < missing ? null : Math.floor(largest * random())))
      const start = MONDAY + begins * HOUR
      const known = Float64Array.from(values, (value) => value ?? Number.NaN)
      const expectations = new Expectations(options)
      // What was taken before leaves nothing behind.
      expectations.take(Float64Array.from({ length: before }, random), MONDAY)
      expectations.take(known, start)
      for (let hour = hours - 1; hour >= 0; hour -= 97) {
        const day = hour - ((begins + hour) % 24)
        const { expected, deviation } = plainly(values, hour, day, options)
        expect(expectations.isKnown(hour)).toBe(!Number.isNaN(expected))
        if (Number.isNaN(expected)) {
          expect([expectations.at(hour), expectations.distanceAt(hour)]).toEqual([Number.NaN, Number.NaN])
          continue
        }
        expect(expectations.at(hour) / (expected || 1)).toBeCloseTo(expected === 0 ? 0 : 1, 9)
        expect(expectations.deviationAt(hour)).toBeCloseTo(deviation, 9)
        const value = values[hour] === null ? 0 : values[hour]! + options.offset
        if (value === 0) expect(expectations.distanceAt(hour)).toBeNaN()
        else expect(expectations.distanceAt(hour)).toBeCloseTo(Math.log(value / (expected + options.offset)), 9)
        told++
      }
    }),
    { numRuns: 60, seed: 7 },
  )
  expect(told).toBeGreaterThan(50)
})

test('nothing less than nothing is expected, be the last week ever so poor', () => {
  // Nobody calls at noon; in the last week hardly anybody at all.
  const values = upTo(4 * WEEK + 24).map((hour) => (hour % 24 === 12 ? 0 : hour < 3 * WEEK ? 100 : 10))
  const expectations = new Expectations({ weeks: 4, minWeeks: 3, offset: 0.5 })
  expectations.take(Float64Array.from(values), MONDAY)
  expect(expectations.at(4 * WEEK + 11)).toBeCloseTo(10, 9)
  expect([expectations.at(4 * WEEK + 12), expectations.distanceAt(4 * WEEK + 12)]).toEqual([0, 0])
})
