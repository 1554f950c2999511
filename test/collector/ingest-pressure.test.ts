import { expect, test } from 'vitest'
import { createIngestPressure, pressureOf } from '../../src/collector/ingest-pressure.js'

test('pressure is what the end of ingest that is behind has no room for', () => {
  const f = (taking: number, waiting: number, pressure: number) =>
    expect(pressureOf({ taking, waiting })).toBeCloseTo(pressure, 9)
  f(0, 0, 0)
  f(0.1, 10_000, 0)
  f(0.2, 0, 0.5)
  f(0.3, 0, 1)
  f(1, 1_000_000, 1)
  f(0, 15_000, 0.5)
  f(0.15, 20_000, 1)
})

test('it is that of now', () => {
  let waiting = 0
  const { now, taking } = createIngestPressure(() => waiting)
  expect(now()).toBe(0)
  waiting = 12_000
  expect(now()).toBe(0.2)
  waiting = 0
  taking.begin()
  const began = performance.now()
  while (performance.now() - began < 200);
  taking.end()
  expect(now()).toBeGreaterThan(0)
})
