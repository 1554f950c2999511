import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MemoryBudget } from '../../../src/collector/security/memory-budget.js'

test('a lease takes what there is, not more, and gives it back once', () => {
  const memory = new MemoryBudget(100)
  const first = memory.lease()
  const second = memory.lease()
  expect([first.take(60), second.take(41), second.take(40), first.take(1), memory.size]).toEqual([
    true,
    false,
    true,
    false,
    100,
  ])
  first.release()
  first.release()
  expect([memory.size, memory.refused]).toEqual([40, 2])
  // What comes late, after the request is over, would never be given back.
  expect([first.take(1), memory.size]).toEqual([false, 40])
  second.release()
  expect(memory.size).toBe(0)
})

test('whatever is taken and given back in whatever order, the size is that of the leases, and within the capacity', () => {
  const step = fc.record({ lease: fc.nat(3), bytes: fc.option(fc.nat(60), { nil: undefined }) })
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const memory = new MemoryBudget(100)
      const leases = Array.from({ length: 4 }, () => ({ lease: memory.lease(), held: 0 }))
      for (const { lease: index, bytes } of steps) {
        const one = leases[index]!
        if (bytes === undefined) {
          one.lease.release()
          leases[index] = { lease: memory.lease(), held: 0 }
        } else if (one.lease.take(bytes)) one.held += bytes
        expect(memory.size).toBe(leases.reduce((sum, { held }) => sum + held, 0))
        expect(memory.size).toBeLessThanOrEqual(100)
      }
    }),
  )
})
