/** Counts what never came to the queue, which counts by itself what does: the ledger is of everything. */
import type { Queue } from './queue/queue.js'
import type { Outcome } from './receive/receive.js'

/** What was rejected is counted where it is known how much it was. */
export function countOutcome(queue: Queue, { signal, outcome, items }: Outcome): void {
  if (outcome !== 'rejected' || items === undefined) return
  queue.count('rejected', { signal, operations: signal === 'events' ? items : 0, items })
}
