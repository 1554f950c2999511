import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BusyShare } from '../../src/collector/busy-share.js'

function onClock(windowMs: number) {
  let now = 1000
  const busy = new BusyShare({ windowMs, clock: () => now })
  const pass = (milliseconds: number) => {
    now += milliseconds
  }
  const work = (milliseconds: number) => {
    busy.begin()
    pass(milliseconds)
    busy.end()
  }
  return { busy, pass, work, now: () => now }
}

test('the share is of the last window, however long nothing was done before', () => {
  const { busy, pass, work } = onClock(100)
  const f = (share: number) => expect(busy.share()).toBeCloseTo(share, 9)
  f(0)
  work(30)
  f(0.3)
  pass(70)
  f(0.3)
  pass(10)
  f(0.2)
  work(20)
  f(0.2)
  pass(1_000_000)
  f(0)
  work(50)
  f(0.5)
})

test('work that is still going on counts up to now', () => {
  const { busy, pass } = onClock(100)
  busy.begin()
  pass(25)
  expect(busy.share()).toBeCloseTo(0.25, 9)
  pass(5000)
  expect(busy.share()).toBe(1)
  busy.end()
  pass(50)
  expect(busy.share()).toBeCloseTo(0.5, 9)
})

test('it is what was done in the window, but for what is too short to be told apart', () => {
  const step = fc.record({ pause: fc.nat(60), work: fc.nat(60) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
      const { busy, pass, work, now } = onClock(100)
      const done: (readonly [from: number, to: number])[] = []
      for (const step of steps) {
        pass(step.pause)
        const from = now()
        work(step.work)
        done.push([from, now()])
        const since = now() - 100
        const inWindow = done.reduce((sum, [from, to]) => sum + Math.max(0, to - Math.max(from, since)), 0)
        expect(Math.abs(busy.share() - inWindow / 100)).toBeLessThanOrEqual(0.05 + 1e-9)
      }
    }),
  )
})
