import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Fingerprints } from '../../src/collector/queue/fingerprints.js'
import { endOfId, ID_BYTES, writeId } from '../../src/collector/queue/id-bytes.js'
import { SeenIds } from '../../src/collector/queue/seen-ids.js'

/** Seen ids over a log that is a map, and a way to write a group, let it fail, or begin anew from the log. */
function log({ windowMs = 1000, capacity = 1e6 } = {}) {
  const records = new Map<number, Buffer>()
  const read = (position: number) => records.get(position)
  let seen = new SeenIds({ windowMs, capacity, read })
  return {
    records,
    get seen() {
      return seen
    },
    group(ids: string[], now: number): string[] {
      const added = ids.filter((id) => seen.add(id))
      const { written, removed } = seen.changes(now)
      for (const { position, bytes } of written) records.set(position, bytes)
      for (const position of removed) records.delete(position)
      seen.committed(now)
      return added
    },
    fail(ids: string[], now: number) {
      for (const id of ids) seen.add(id)
      seen.changes(now)
      seen.failed()
    },
    reopen() {
      seen = new SeenIds({ windowMs, capacity, read })
      for (const [position, bytes] of [...records].sort(([one], [other]) => one - other)) seen.load(position, bytes)
    },
  }
}

const hex = (length: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length })
const anyId = fc.oneof(
  fc.tuple(hex(32), hex(16)).map(([trace, span]) => `${trace}-${span}`),
  fc.uuid(),
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.tuple(hex(32), hex(16)).map(([trace, span]) => `${trace}-${span}`.toUpperCase()),
)

test('two ids have the same bytes only when they are the same, and the bytes tell where they end', () => {
  fc.assert(
    fc.property(anyId, anyId, (one, other) => {
      const bytes = [one, other].map((id) => {
        const buffer = Buffer.alloc(ID_BYTES + 50)
        const end = writeId(id, buffer, 7)
        expect(endOfId(buffer, 7)).toBe(end)
        return buffer.toString('hex', 7, end)
      })
      expect(bytes[0] === bytes[1]).toBe(one === other)
    }),
  )
})

test('ids of spans take 25 bytes, UUIDs 17, and upper case makes another id', () => {
  const f = (id: string, length: number) => expect(writeId(id, Buffer.alloc(ID_BYTES), 0)).toBe(length)
  f('4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7', 25)
  f('4BF92F3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7', 51)
  f('0190c8f0-5e1c-7cc3-98c4-dc0c0c07398f', 17)
  f('0190c8f0-5e1c-7cc3-98c4-dc0c0c07398g', 38)
  f('short', 7)
  f('x'.repeat(200), 202)
  f('x'.repeat(201), 33)
})

test('an id is new once', () => {
  const { group, reopen, records } = log()
  expect(group(['a', 'b', 'a'], 0)).toEqual(['a', 'b'])
  expect(group(['b', 'c'], 1)).toEqual(['c'])
  reopen()
  expect(group(['a', 'b', 'c', 'd'], 2)).toEqual(['d'])
  expect(records.size).toBe(1)
})

test('ids of a group that failed are still new', () => {
  const { group, fail } = log()
  fail(['a', 'b'], 0)
  expect(group(['a'], 1)).toEqual(['a'])
})

test('an id that is taken out again is new', () => {
  const { seen, group } = log()
  for (const id of ['a', 'b', 'c']) seen.add(id)
  for (const id of ['b', 'c']) seen.remove(id)
  expect(group(['b'], 0)).toEqual(['b'])
  expect(group(['a', 'b', 'c'], 1)).toEqual(['c'])
})

const many = (from: number, count: number) => Array.from({ length: count }, (_, index) => `id-${from + index}`)

test('ids expire when their window is over, in steps', () => {
  const { seen, group, records } = log({ windowMs: 1000 })
  group(many(0, 10_000), 0)
  expect([seen.size, records.size]).toEqual([10_000, 20])
  expect(group(['id-5'], 1000)).toEqual([])
  expect(seen.size).toBe(10_000)
  group(['x'], 1001)
  expect(seen.size).toBe(7441) // five records of 512 went, the first with more than 2,048 ids
  for (let time = 1002; time < 1010; time++) group([`y${time}`], time)
  expect(seen.size).toBe(9)
  expect(group(['id-5'], 1020)).toEqual(['id-5'])
  expect(seen.expiredEarly).toBe(0)
})

test('beyond the capacity the oldest ids expire early, and are counted', () => {
  const { seen, group } = log({ windowMs: 1e9, capacity: 2000 })
  for (let round = 0; round < 10; round++) group(many(round * 1000, 1000), round)
  expect(seen.size).toBeLessThanOrEqual(2000)
  expect(seen.size + seen.expiredEarly).toBe(10_000)
  expect(group(many(9000, 1000), 11)).toEqual([])
})

test('without a window or a capacity no id is remembered, and those of before are forgotten', () => {
  const f = (off: { windowMs?: number; capacity?: number }) => {
    const { records, group: remember } = log()
    remember(many(0, 100), 0)
    const { seen, group, records: later } = log(off)
    for (const [position, bytes] of records) {
      later.set(position, bytes)
      seen.load(position, bytes)
    }
    expect(group(['id-1', 'id-1'], 1)).toEqual(['id-1', 'id-1'])
    expect([seen.size, later.size]).toEqual([0, 0])
    expect(group(['id-1'], 2)).toEqual(['id-1'])
  }
  f({ windowMs: 0 })
  f({ capacity: 0 })
})

test('what is seen is what a set would hold, over any groups, failures and new beginnings', () => {
  const step = fc.record({
    what: fc.constantFrom('group', 'group', 'group', 'fail', 'reopen'),
    ids: fc.array(fc.nat(3000), { maxLength: 700 }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const tested = log({ windowMs: 1e9 })
      const model = new Set<string>()
      for (const [now, { what, ids: numbers }] of steps.entries()) {
        const ids = numbers.map((number) => `id-${number}`)
        if (what === 'reopen') tested.reopen()
        else if (what === 'fail') tested.fail(ids, now)
        else {
          const added = [...new Set(ids)].filter((id) => !model.has(id))
          expect(tested.group(ids, now)).toEqual(added)
          for (const id of added) model.add(id)
          expect(tested.seen.size).toBe(model.size)
        }
      }
    }),
    { numRuns: 50 },
  )
})

test('fingerprints that are alike are told apart by their places, whatever is added and deleted', () => {
  const step = fc.record({
    isAdded: fc.boolean(),
    print: fc.constantFrom(0, 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32 - 2),
    place: fc.integer({ min: 1, max: 40 }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const prints = new Fingerprints()
      const model = new Set<string>()
      for (const { isAdded, print, place } of steps) {
        const key = `${print}-${place}`
        if (isAdded && !model.has(key)) {
          prints.add(3, print, place)
          model.add(key)
        } else if (!isAdded) {
          prints.delete(3, print, place)
          model.delete(key)
        }
        expect(prints.has(3, print, (there) => there === place)).toBe(model.has(key))
      }
    }),
  )
})
