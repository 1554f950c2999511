/** Eleven weeks of operations, arbitrary and the same on every run, for what looks far back; and what is known of them without engine or SQL. */
import fc from 'fast-check'
import type { IdentifiedOperation } from '../../../src/collector/batch.js'
import { type Asker, createAsker } from '../../../src/collector/query/asker.js'
import type { Store } from '../../../src/collector/store/store.js'
import { anyOperation } from '../store/operations.js'
import { opened, temporaryDirectory } from '../store/stores.js'
import { createRandom } from './anomaly/seasons.js'
import { dimensionValue } from './recomputed.js'

export const DAY = 86_400_000
/** A quarter past two in the afternoon of today. */
export const NOW = Math.floor(Date.now() / DAY) * DAY + 14.25 * 3_600_000
const KEPT = { '1m': 3650, '5m': 3650, '1h': 3650, '1d': 3650 }

const random = createRandom(11)
export const history: readonly IdentifiedOperation[] = fc
  .sample(anyOperation, { numRuns: 900, seed: 23 })
  .map((operation, index) => {
    // Half of them in the last eight days; whole milliseconds.
    const age = Math.floor(random() * (index % 2 === 0 ? 8 : 77) * DAY)
    const requestModel = index % 7 === 0 ? undefined : `model-${index % 5}`
    return {
      ...operation,
      id: `operation-${index}`,
      startTime: NOW - 1 - age,
      requestModel: age < 3 * DAY && index % 11 === 0 ? 'newcomer' : age > 40 * DAY ? 'old-timer' : requestModel,
      responseModel: undefined,
      operation: ['chat', 'chat', 'chat', 'embeddings', 'execute_tool', 'invoke_agent', 'my_own'][index % 7]!,
      agentName: index % 2 === 0 ? 'planner' : undefined,
      service: index % 3 === 0 ? 'api' : age < 2 * DAY && index % 3 === 1 ? 'new-service' : 'batch',
      userId: index % 4 === 0 ? undefined : `${index % 6}`.repeat(32),
      durationMs: index % 13 === 0 ? undefined : 1 + Math.floor(random() * 3000),
      error: random() < 0.2 ? { type: 'timeout' } : undefined,
    }
  }) as IdentifiedOperation[]

/** Holds the history; what comes last came late. Kept for ten years, so that nothing expires while tests run. */
export async function storeOfHistory(): Promise<Store> {
  const retentionDays = { raw: 3650, ...KEPT }
  const store = await opened({ path: temporaryDirectory() }, { retentionDays })
  const late = (one: IdentifiedOperation) => Number(one.id.split('-')[1]) % 10 === 3
  await store.insert(
    history.filter((one) => !late(one)),
    'first',
  )
  await store.insert(history.filter(late), 'late')
  return store
}

export const askerOf = (store: Store, now = NOW): Asker => createAsker(store, { kept: KEPT, now })

export function within(operations: readonly IdentifiedOperation[], start: number, end: number) {
  return operations.filter(({ startTime }) => startTime >= start && startTime < end)
}

export const isCall = ({ operation }: IdentifiedOperation) => operation === 'chat' || operation === 'embeddings'
export const failures = (operations: readonly IdentifiedOperation[]) =>
  operations.filter(({ error }) => error !== undefined).length
export const share = (part: number, whole: number) => (whole === 0 ? null : part / whole)
export const change = (value: number | null, before: number | null) =>
  value === null || before === null || before <= 0 ? null : (value - before) / before

/** In the order of their first ones. */
export function groups(operations: readonly IdentifiedOperation[], dimension: string) {
  const found = new Map<string, IdentifiedOperation[]>()
  for (const one of operations) {
    const value = dimensionValue(one, dimension)
    found.set(value, [...(found.get(value) ?? []), one])
  }
  return found
}

/** As numbers are compared: sums of floats in another order differ in the last digits. */
export function rounded<T>(value: T): T {
  return JSON.parse(
    JSON.stringify(value, (_, one) => (typeof one === 'number' && one !== 0 ? Number(one.toPrecision(9)) : one)),
  ) as T
}
