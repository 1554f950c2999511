import { expect, test } from 'vitest'
import { backOff, isRetryable, retryAfter } from '../../src/collector/retry.js'

test('only 429, 502, 503 and 504 may be sent again', () => {
  const retryable = Array.from({ length: 500 }, (_, index) => 100 + index).filter(isRetryable)
  expect(retryable).toEqual([429, 502, 503, 504])
})

test('waits grow by the multiplier up to the longest, each between half and one and a half of itself', () => {
  const retry = { initialMs: 100, maxMs: 300, multiplier: 1.5 }
  const f = (failures: number, shortest: number, longest: number) => {
    expect(backOff(retry, failures, () => 0)).toBe(shortest)
    expect(backOff(retry, failures, () => 1)).toBe(longest)
  }
  f(1, 50, 150)
  f(2, 75, 225)
  f(3, 112.5, 337.5)
  f(4, 150, 450)
  f(5000, 150, 450)
})

test('Retry-After tells seconds or a date, and at most an hour is believed', () => {
  const now = Date.parse('2026-11-22T08:00:00Z')
  const f = (value: string | undefined, milliseconds: number | undefined) =>
    expect(retryAfter(value, now)).toBe(milliseconds)
  f('0', 0)
  f('7', 7000)
  f(' 120 ', 120_000)
  f('99999999999999999999', 3_600_000)
  f('Sun, 22 Nov 2026 08:00:30 GMT', 30_000)
  f('Sun, 22 Nov 2026 07:59:00 GMT', 0)
  f('Mon, 23 Nov 2026 08:00:00 GMT', 3_600_000)
  f(undefined, undefined)
  f('', undefined)
  f('soon', undefined)
  f('-5', 0) // read as a date long ago
})
