import fc from 'fast-check'
import { expect, test } from 'vitest'
import { coverOf } from '../../../src/collector/query/tier-cover.js'
import {
  GRANULARITIES,
  granularityFor,
  parseDuration,
  parseTime,
  rangeOf,
  WINDOW_MS,
} from '../../../src/collector/query/time-range.js'

const NOW = Date.UTC(2026, 6, 15, 12, 34, 56, 789)
const DAY = 86_400_000
const KEPT = { '1m': 40, '5m': 40, '1h': 400, '1d': 1825 }

test.each([
  ['2026-01-31', Date.UTC(2026, 0, 31)],
  ['2026-01-31T12:00', Date.UTC(2026, 0, 31, 12)],
  ['2026-01-31T12:00:00.5', Date.UTC(2026, 0, 31, 12, 0, 0, 500)],
  ['2026-01-31T12:00:00Z', Date.UTC(2026, 0, 31, 12)],
  ['2026-01-31T12:00:00+02:00', Date.UTC(2026, 0, 31, 10)],
  ['1769860800', Date.UTC(2026, 0, 31, 12)],
  ['1769860800.25', Date.UTC(2026, 0, 31, 12, 0, 0, 250)],
  [1_769_860_800_000, Date.UTC(2026, 0, 31, 12)],
])('the time %s is read in UTC, whatever zone the machine is in', (given, expected) => {
  expect(parseTime('start_time', given)).toBe(expected)
})

test.each(['', 'yesterday', '2026-13-01', '31.01.2026', '-5', '1e3', '99999999999999999', 'NaN', '2026-01-31T25:00'])(
  'the time %j is told to be none',
  (given) => {
    expect(() => parseTime('start_time', given)).toThrow(/^start_time must be a time such as /)
  },
)

test('a duration is a number and a unit', () => {
  expect(['90s', '15m', '24h', '7d', '2w'].map((text) => parseDuration('last', text))).toEqual([
    90_000,
    900_000,
    DAY,
    7 * DAY,
    14 * DAY,
  ])
  for (const wrong of ['', '0h', '5', 'h', '1.5h', '-1h', '1 h', '1y', '9999999d'])
    expect(() => parseDuration('last', wrong), wrong).toThrow(/^last must be a duration such as 15m/)
})

test('a range is of a day until now, unless it is said to be another', () => {
  expect(rangeOf({}, NOW)).toEqual({ start: NOW - DAY, end: NOW })
  expect(rangeOf({ last: '7d' }, NOW)).toEqual({ start: NOW - 7 * DAY, end: NOW })
  expect(rangeOf({ last: '1h', end_time: '2026-01-31' }, NOW)).toEqual({
    start: Date.UTC(2026, 0, 30, 23),
    end: Date.UTC(2026, 0, 31),
  })
  expect(rangeOf({ start_time: '2026-01-31' }, NOW)).toEqual({ start: Date.UTC(2026, 0, 31), end: NOW })
  expect(() => rangeOf({ start_time: '2026-01-31', last: '1h' }, NOW)).toThrow('give one of them')
  expect(() => rangeOf({ start_time: '2026-02-01', end_time: '2026-01-31' }, NOW)).toThrow('must be before end_time')
  expect(() => rangeOf({ start_time: '2026-01-31', end_time: '2026-01-31' }, NOW)).toThrow('must be before end_time')
  expect(() => rangeOf({ last: '9999d' }, NOW)).toThrow('at most 1830')
})

test('a series nobody chose windows for has at most some hundred points', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1830 * DAY }), (length) => {
      const windows = length / WINDOW_MS[granularityFor({ start: 0, end: length })]
      expect(windows).toBeLessThanOrEqual(1830)
    }),
  )
})

test('a range is covered whole and once, by windows no wider than asked for and no narrower than kept', () => {
  const minutes = fc.integer({ min: 0, max: 3000 * 1440 })
  fc.assert(
    fc.property(
      minutes,
      fc.integer({ min: 1, max: 400 * DAY }),
      fc.constantFrom(...GRANULARITIES),
      (ago, length, widest) => {
        const range = { start: NOW - ago * 60_000, end: NOW - ago * 60_000 + length }
        const age = (NOW - range.start) / DAY
        let cover: ReturnType<typeof coverOf>
        try {
          cover = coverOf(range, widest, KEPT, NOW)
        } catch (error) {
          expect((error as Error).message).toContain(`${widest} is kept for ${KEPT[widest]} days`)
          expect(age).toBeGreaterThan(KEPT[widest] - 1)
          return
        }
        let at = cover.range.start
        for (const { tier, start, end } of cover.segments) {
          expect(start).toBe(at)
          expect(end).toBeGreaterThan(start)
          expect(start % WINDOW_MS[tier]).toBe(0)
          expect(end % WINDOW_MS[tier]).toBe(0)
          expect(WINDOW_MS[tier]).toBeLessThanOrEqual(WINDOW_MS[widest])
          if (tier !== '1d') expect(age).toBeLessThan(KEPT[tier])
          at = end
        }
        expect(at).toBe(cover.range.end)
        expect(cover.range.start).toBeLessThanOrEqual(range.start)
        expect(cover.range.end).toBeGreaterThanOrEqual(range.end)
        // Few rows are read: of each tier but the widest no more than make one of the next.
        const read = cover.segments.filter(({ tier }) => tier !== widest && age < 39)
        for (const { tier, start, end } of read) expect((end - start) / WINDOW_MS[tier]).toBeLessThan(48)
      },
    ),
    { numRuns: 500 },
  )
})
