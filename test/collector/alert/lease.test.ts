import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Backlog } from '../../../src/collector/alert/backlog.js'
import { LEASE_MS, Lease } from '../../../src/collector/alert/lease.js'

/** What collectors on one store share. */
function sharedStates() {
  let kept = new Map<string, unknown>()
  return {
    states: {
      read: async () => new Map(kept),
      async write(_kind: string, values: Iterable<readonly [string, unknown]>) {
        kept = new Map([...new Map([...kept, ...values])].filter(([, value]) => value !== undefined))
      },
    },
  }
}

test('one of several holds it, from the look after its claim on, and another one when that is gone', async () => {
  const shared = sharedStates()
  let now = 0
  const [one, other] = [new Lease(() => now, 'one'), new Lease(() => now, 'other')]
  const held = async () => [await one.isHeld(shared), await other.isHeld(shared)]
  expect(await held()).toEqual([false, false])
  for (let looks = 0; looks < 10; looks++) {
    now += 15_000
    expect(await held()).toEqual([true, false])
  }
  // It stops without a word: the other one waits for three looks without a sign, claims it, and has it at the next.
  const taken: boolean[] = []
  for (let looks = 0; looks < 6; looks++) {
    now += 15_000
    taken.push(await other.isHeld(shared))
  }
  expect(taken).toEqual([false, false, false, true, true, true])
  await other.release(shared)
  expect(await held()).toEqual([false, false])
  expect(await held()).toEqual([true, false])
})

test('two never hold it at once, however their looks fall between each other', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat({ max: 2 }), fc.nat({ max: LEASE_MS })), { maxLength: 60 }),
      async (looks) => {
        const shared = sharedStates()
        let now = 0
        const leases = ['a', 'b', 'c'].map((id) => new Lease(() => now, id))
        let holder: number | undefined
        let heldAt = 0
        for (const [index, afterMs] of looks) {
          now += afterMs
          if (!(await leases[index]!.isHeld(shared))) continue
          // Whoever holds it takes it from one that gave no sign for long enough.
          if (holder !== undefined && holder !== index) expect(now - heldAt).toBeGreaterThanOrEqual(LEASE_MS)
          holder = index
          heldAt = now
        }
      },
    ),
  )
})

test('operations that wait for the store longer than they may are a backlog, those from before the start at once', () => {
  let totals = { accepted: 100, inQueue: 10 }
  let now = 0
  const backlog = new Backlog(
    () => totals,
    () => 30_000,
    () => now,
  )
  const f = (at: number, accepted: number, inQueue: number, isBehind: boolean) => {
    now = at
    totals = { accepted, inQueue }
    expect(backlog.isBehind()).toBe(isBehind)
  }
  f(0, 100, 10, true)
  f(1000, 120, 15, false)
  f(16_000, 140, 20, false)
  // All that was accepted half a minute ago is stored, though the queue is never empty.
  f(31_000, 200, 70, false)
  f(46_000, 220, 100, true)
  f(61_000, 220, 0, false)
})
