import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Allowance, allowanceOf, createGivingWay } from '../../../src/collector/store/giving-way.js'

test('without pressure questions have all there is, under it one thread of one of them, and on a larger machine what ingest cannot take', () => {
  const f = (pressure: number, cores: number, readers: number, expected: Allowance) =>
    expect(allowanceOf(pressure, cores, readers)).toEqual(expected)
  f(0, 2, 2, { cores: 2, atOnce: 2 })
  f(0, 64, 8, { cores: 64, atOnce: 8 })
  f(1, 2, 2, { cores: 0.3, atOnce: 1, threads: 1 })
  f(1, 1, 2, { cores: 0.3, atOnce: 1, threads: 1 })
  f(1, 4, 8, { cores: 2.3, atOnce: 3, threads: 1 })
  f(1, 64, 8, { cores: 62.3, atOnce: 8, threads: 1 })
})

test('the more pressure the less questions may take, and never nothing', () => {
  const pressure = fc.double({ min: 0, max: 1, noNaN: true })
  fc.assert(
    fc.property(
      pressure,
      pressure,
      fc.integer({ min: 1, max: 128 }),
      fc.integer({ min: 1, max: 64 }),
      (a, b, cores, readers) => {
        const [less, more] = [Math.min(a, b), Math.max(a, b)].map((its) => allowanceOf(its, cores, readers))
        expect(more!.cores).toBeLessThanOrEqual(less!.cores + 1e-9)
        expect(more!.atOnce).toBeLessThanOrEqual(less!.atOnce)
        expect(more!.cores).toBeGreaterThanOrEqual(0.3 - 1e-9)
        expect(more!.atOnce).toBeGreaterThanOrEqual(1)
      },
    ),
  )
})

/** Asks one question after the other, as many at a time as may, on a clock of its own; `each` sees the moment at which one begins. */
function run(
  allowance: Allowance,
  durations: readonly number[],
  each: (now: number, takenMs: number, rested: number) => void,
) {
  let now = 0
  const pace = createGivingWay(
    () => allowance,
    () => now,
  )
  let left = [...durations]
  let running: { readonly until: number }[] = []
  let takenMs = 0
  let idleSince = 0
  while (left.length > 0 || running.length > 0) {
    const restMs = left.length === 0 ? Infinity : pace.restMs()
    if (restMs === 0) {
      each(now, takenMs, now - idleSince)
      pace.began()
      running.push({ until: now + left[0]! })
      left = left.slice(1)
      continue
    }
    const next = Math.min(now + restMs, ...running.map(({ until }) => until))
    takenMs += running.length * (next - now)
    now = next
    const ended = running.filter(({ until }) => until <= now)
    running = running.filter(({ until }) => until > now)
    for (const _ of ended) pace.ended()
    if (running.length === 0 && ended.length > 0) idleSince = now
  }
}

const duration = (max: number) => fc.double({ min: 0.1, max, noNaN: true })

test('under pressure questions never take more than their part, whatever each of them takes', () => {
  fc.assert(
    fc.property(fc.array(duration(800), { maxLength: 60 }), fc.integer({ min: 2, max: 6 }), (durations, cores) => {
      const allowance = allowanceOf(1, cores, 4)
      run(allowance, durations, (now, takenMs) => {
        expect(takenMs).toBeLessThanOrEqual(allowance.cores * now + 1e-6)
      })
    }),
  )
})

test('no question waits longer than two seconds for the rest after the one before, were that ever so long', () => {
  fc.assert(
    fc.property(fc.array(duration(100_000), { maxLength: 20 }), (durations) => {
      let longest = 0
      run(allowanceOf(1, 2, 2), durations, (_now, _taken, rested) => {
        longest = Math.max(longest, rested)
      })
      expect(longest).toBeLessThanOrEqual(2001)
    }),
  )
})

test('without pressure no question rests', () => {
  let now = 0
  let pressure = 1
  const pace = createGivingWay(
    () => allowanceOf(pressure, 2, 2),
    () => now,
  )
  const take = (milliseconds: number) => {
    pace.began()
    now += milliseconds
    pace.ended()
  }
  take(500)
  expect(pace.restMs()).toBe(100)
  // What was owed is forgotten with the pressure.
  pressure = 0
  expect(pace.restMs()).toBe(0)
  take(500)
  expect(pace.restMs()).toBe(0)
  pressure = 1
  expect(pace.restMs()).toBe(0)
})

test('one more than may at once waits until another has ended', () => {
  const pace = createGivingWay(
    () => allowanceOf(0, 2, 2),
    () => 0,
  )
  pace.began()
  expect(pace.restMs()).toBe(0)
  pace.began()
  expect(pace.restMs()).toBe(100)
  pace.ended()
  expect(pace.restMs()).toBe(0)
})
