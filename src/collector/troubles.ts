/** Why the collector is not ready, where it is not. */
import type { Queue } from './queue/queue.js'
import type { Store } from './store/store.js'
import type { StoreWriter } from './store-writer.js'

/** What is looked at to tell whether it is ready. */
export function readinessOf(writer: StoreWriter<Store>, queue: Queue) {
  return [
    { name: 'store', look: () => storeTrouble(writer) },
    { name: 'queue', look: () => queueTrouble(queue) },
  ]
}

function storeTrouble(writer: StoreWriter<Store>): string | undefined {
  if (writer.trouble !== undefined) return writer.trouble
  return writer.store === undefined ? 'it is being opened' : undefined
}

function queueTrouble(queue: Queue): string | undefined {
  const { operationBytes, maxOperationBytes } = queue.sizes
  return operationBytes >= maxOperationBytes ? 'it is full: the store is slower than what comes in' : undefined
}
