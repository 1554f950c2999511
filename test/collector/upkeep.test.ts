/** History is dropped by the time that can be believed, with moved clocks. */
import { pino } from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { Upkeep } from '../../src/collector/upkeep.js'

const HOUR = 3_600_000
const DAY = 24 * HOUR

/** An upkeep whose clocks are moved by hand, and the times by which its store was told to drop. */
function upkept() {
  let time = Date.UTC(2026, 0, 1)
  let clock = 5000
  const times: number[] = []
  const retentions: unknown[] = []
  const warnings: string[] = []
  const start = time
  const store = {
    setRetention: async (retention: number) => void retentions.push(retention),
    applyRetention: async (now: number) => {
      times.push((now - start) / HOUR)
      return { dropped: [], isOverLimit: false }
    },
    size: async () => ({ tables: [] }),
    imported: async () => 7,
  }
  const log = pino({ level: 'warn' }, { write: (line: string) => void warnings.push(JSON.parse(line).msg) })
  let retention = 1
  const upkeep = new Upkeep({
    store: () => store,
    retention: () => retention,
    log,
    now: () => time,
    clock: () => clock,
  })
  onTestFinished(() => upkeep.stop())
  /** Both clocks go on by `passed`, the wall clock is put ahead by `leap` besides; the hours by which is dropped then. */
  const after = async (passed: number, leap = 0) => {
    time += passed + leap
    clock += passed
    await upkeep.lookAfter()
    return times.at(-1)
  }
  return { upkeep, after, warnings, retentions, keep: (next: number) => (retention = next) }
}

test('while the clock goes on as it should, it is believed', async () => {
  const { after, warnings, upkeep } = upkept()
  expect([await after(HOUR), await after(10 * HOUR), await after(0, 0.9 * HOUR)]).toEqual([1, 11, 11.9])
  expect(warnings).toEqual([])
  expect(upkeep.found).toEqual({ tables: [], imported: 7 })
})

test('a clock that leaps ahead for a while drops nothing, one that stays there is believed after a day', async () => {
  const { after, warnings } = upkept()
  expect(await after(HOUR)).toBe(1)
  expect([await after(HOUR, 365 * DAY), await after(HOUR), await after(HOUR, -365 * DAY)]).toEqual([2, 3, 4])
  expect(warnings).toHaveLength(1)
  // Again, and this time it was the truth.
  expect([await after(HOUR, 365 * DAY), await after(23 * HOUR)]).toEqual([5, 28])
  expect(await after(HOUR)).toBe(29 + 365 * 24)
  expect(await after(HOUR)).toBe(30 + 365 * 24)
  expect(warnings).toHaveLength(2)
})

test('a clock that is put back is followed at once: that drops nothing', async () => {
  const { after, warnings } = upkept()
  expect([await after(HOUR, -DAY), await after(HOUR)]).toEqual([-23, -22])
  expect(warnings).toEqual([])
})

test('how much is kept is asked each time', async () => {
  const { after, retentions, keep } = upkept()
  await after(HOUR)
  keep(2)
  await after(HOUR)
  expect(retentions).toEqual([1, 1, 2])
})
