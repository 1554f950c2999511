/** The distribution of latencies, against the operations themselves counted one by one. */
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { IdentifiedOperation } from '../../../src/collector/batch.js'
import { createAsker } from '../../../src/collector/query/asker.js'
import { distribution } from '../../../src/collector/query/distribution.js'
import type { Store } from '../../../src/collector/store/store.js'
import { anyOperation, NOON } from '../store/operations.js'
import { closeAll, opened, temporaryDirectory } from '../store/stores.js'

const HOUR = 3_600_000
const KEPT = { '1m': 40, '5m': 40, '1h': 400, '1d': 1825 }
const START = NOON - 12 * HOUR
const END = NOON + HOUR

type Cell = { readonly time: string; readonly above_ms: number; readonly up_to_ms: number; readonly count: number }

let operations: readonly IdentifiedOperation[]
let store: Store
beforeAll(async () => {
  store = await opened({ path: temporaryDirectory() })
  operations = fc.sample(anyOperation, { numRuns: 300, seed: 11 }).map((operation, index) => ({
    ...operation,
    id: `operation-${index}`,
    startTime: NOON - (Math.abs(operation.startTime) % (12 * HOUR)),
    // From a third of a millisecond to minutes; some take no time at all, and of some nobody knows.
    durationMs: index % 20 === 0 ? 0 : index % 7 === 0 ? undefined : 0.3 * 1.37 ** (index % 43),
    timeToFirstChunkMs: index % 2 === 0 ? 1.37 ** (index % 29) : undefined,
    userId: `${index % 3}`.repeat(32),
    operation: ['chat', 'embeddings', 'invoke_agent'][index % 3]!,
  })) as IdentifiedOperation[]
  await store.insert(operations, 'all')
})
afterAll(closeAll)

async function cellsOf(given: { readonly [name: string]: unknown }): Promise<Cell[]> {
  const range = { start_time: new Date(START).toISOString(), end_time: new Date(END).toISOString() }
  const parameters = distribution.parameters.parse({ ...range, granularity: '1h', ...given })
  const answer = await distribution.answer(parameters, createAsker(store, { kept: KEPT, now: NOON + 12 * HOUR }))
  return (answer as unknown as { cells: Cell[] }).cells
}

/** Operations in a cell, counted one by one. */
function counted(those: (operation: IdentifiedOperation) => boolean, { time, above_ms, up_to_ms }: Cell): number {
  const start = Date.parse(time)
  return operations.filter(
    (operation) =>
      those(operation) &&
      operation.startTime >= start &&
      operation.startTime < start + HOUR &&
      operation.durationMs !== undefined &&
      (up_to_ms === 0
        ? operation.durationMs === 0
        : operation.durationMs > above_ms && operation.durationMs <= up_to_ms),
  ).length
}

const total = (cells: readonly Cell[]) => cells.reduce((sum, { count }) => sum + count, 0)
const isCall = ({ operation }: IdentifiedOperation) => operation !== 'invoke_agent'

test('every cell counts the calls that took so long then, and together they are all of them', async () => {
  const cells = await cellsOf({})
  expect(cells.length).toBeGreaterThan(20)
  for (const cell of cells) expect([cell, cell.count]).toEqual([cell, counted(isCall, cell)])
  const known = operations.filter((operation) => isCall(operation) && operation.durationMs !== undefined)
  expect(total(cells)).toBe(known.length)
  expect(cells.filter(({ up_to_ms }) => up_to_ms === 0).length).toBeGreaterThan(0)
})

test('a bucket ends half a doubling after it begins, where the next one begins', async () => {
  for (const { above_ms, up_to_ms } of (await cellsOf({})).filter((cell) => cell.up_to_ms > 0)) {
    expect(up_to_ms / above_ms).toBeCloseTo(Math.SQRT2, 9)
    expect(Math.log2(up_to_ms) * 2).toBeCloseTo(Math.round(Math.log2(up_to_ms) * 2), 9)
  }
})

test('filters hold, of rollups and of raw operations', async () => {
  const agents = await cellsOf({ operation: 'invoke_agent' })
  for (const cell of agents) expect(cell.count).toBe(counted((operation) => !isCall(operation), cell))
  const userId = '1'.repeat(32)
  const ofUser = await cellsOf({ user_id: userId })
  for (const cell of ofUser)
    expect(cell.count).toBe(counted((operation) => isCall(operation) && operation.userId === userId, cell))
  expect([agents.length > 0, ofUser.length > 0]).toEqual([true, true])
})

test('time to the first chunk is a field of its own', async () => {
  const cells = await cellsOf({ field: 'time_to_first_chunk_ms' })
  expect(total(cells)).toBe(
    operations.filter((operation) => isCall(operation) && operation.timeToFirstChunkMs !== undefined).length,
  )
})
