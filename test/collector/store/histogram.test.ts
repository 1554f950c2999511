import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  addHistograms,
  BASE,
  bucketOf,
  countOf,
  type Histogram,
  quantilesOf,
  RELATIVE_ERROR,
  ZERO_BUCKET,
} from '../../../src/collector/store/histogram.js'

const histogramOf = (values: readonly number[]) =>
  addHistograms(values.map((value): Histogram => ({ [bucketOf(value)]: 1 })))

test('a bucket holds what is above its lower end up to its upper end, as in OpenTelemetry at scale 4', () => {
  const f = (value: number, bucket: number) => expect([value, bucketOf(value)]).toEqual([value, bucket])
  f(1, -1)
  f(1.0001, 0)
  f(2, 15)
  f(2.0001, 16)
  f(0.5, -17)
  f(1024, 159)
  f(2 ** 39, 623)
  f(0, ZERO_BUCKET)
  expect(BASE ** 16).toBeCloseTo(2, 12)
})

test('every value from the least to the largest possible one has a bucket of its own that fits the column', () => {
  for (const value of [Number.MIN_VALUE, 1e-9, 1e10, 1e12, Number.MAX_SAFE_INTEGER, Number.MAX_VALUE]) {
    const bucket = bucketOf(value)
    expect(bucket > ZERO_BUCKET && bucket < 32_768).toBe(true)
  }
})

test('a quantile is never further off the value of its rank than the error stated', () => {
  expect(RELATIVE_ERROR).toBeCloseTo(0.02166, 5)
  const value = fc.oneof(fc.double({ min: 1e-6, max: 1e12, noNaN: true }), fc.nat({ max: 100_000 }))
  fc.assert(
    fc.property(
      fc.array(value, { minLength: 1, maxLength: 200 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (values, quantile) => {
        const sorted = [...values].sort((a, b) => a - b)
        const exact = sorted[Math.max(1, Math.ceil(quantile * sorted.length)) - 1]!
        const [told] = quantilesOf(histogramOf(values), [quantile])
        expect(Math.abs(told! - exact)).toBeLessThanOrEqual(RELATIVE_ERROR * exact * (1 + 1e-9))
      },
    ),
  )
})

test('histograms added up are the histogram of all', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 1e9, noNaN: true })), fc.nat(), (values, cut) => {
      const at = cut % (values.length + 1)
      const sum = addHistograms([histogramOf(values.slice(0, at)), histogramOf(values.slice(at))])
      expect(sum).toEqual(histogramOf(values))
      expect(countOf(sum)).toBe(values.length)
    }),
  )
})

test('of nothing there is no quantile, and of zeros it is zero', () => {
  expect(quantilesOf({}, [0.5, 0.99])).toEqual([undefined, undefined])
  expect(quantilesOf(histogramOf([0, 0, 5]), [0, 0.5, 1]).map((value) => value! < 1)).toEqual([true, true, false])
})
