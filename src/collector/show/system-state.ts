/** The state of the collector as its page shows it: what is measured of it, looked at now. */
import type { Sources } from '../self-metric.js'
import { processSnapshot } from '../self-metrics.js'

type Looked = Omit<Sources, 'ledger' | 'process'>

/** Counts are since the start. */
export function systemState(sources: Looked) {
  const { operationBytes, maxOperationBytes } = sources.queue()
  const { size, capacity, refused } = sources.memory()
  return {
    queue: { operationBytes, maxOperationBytes },
    targets: sources.targets(),
    /** Null until it was looked at. */
    store: sources.store() ?? null,
    normalise: sources.normalise(),
    memory: { size, capacity, refused },
    answers: sources.answers(),
    /** Values of operations left out, by field. */
    discarded: sources.discarded(),
    /** Operations whose value of an attribute was beyond its limit, by attribute. */
    overflowed: sources.overflowed(),
    process: processSnapshot(),
  }
}

export type SystemState = ReturnType<typeof systemState>
