/** Queues in directories of their own, for tests: made, and taken away with what is in them. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach } from 'vitest'
import type { Batch, IdentifiedOperation, Signal } from '../../src/collector/batch.js'
import { openQueue } from '../../src/collector/queue/open-queue.js'
import type { Queue, QueueOptions } from '../../src/collector/queue/queue.js'
import type { Run } from '../../src/collector/queue/store-consumer.js'

const open = new Set<Queue>()
const directories: string[] = []

afterEach(async () => {
  for (const queue of open) await queue.close()
  open.clear()
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true })
})

export function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'tokmeter-queue-'))
  directories.push(directory)
  return directory
}

/** A queue that syncs at once, in a new directory if none is named, closed when the test is over. */
export async function queueIn(options: Partial<QueueOptions> = {}): Promise<Queue> {
  const queue = await openQueue({ directory: newDirectory(), commitDelayMs: 0, ...options })
  open.add(queue)
  return queue
}

export const chat = (id: string): IdentifiedOperation => ({ id, operation: 'chat', startTime: 1_763_791_200_000 })

/** A request with an operation for each id. */
export function batch(
  ids: readonly string[],
  {
    signal = 'traces',
    bytes = Buffer.from(ids.join()),
    items = ids.length,
  }: {
    signal?: Signal
    bytes?: Uint8Array
    items?: number
  } = {},
): Batch {
  return { body: { signal, contentType: 'application/x-protobuf', bytes, items }, operations: ids.map(chat) }
}

export const everything = { maxOperations: 1_000_000, maxBytes: 1e9 }

/** The operations of a run. */
export async function operationsOf(run: Run | undefined): Promise<IdentifiedOperation[]> {
  const operations: IdentifiedOperation[] = []
  if (run !== undefined) for await (const some of run.read()) operations.push(...some)
  return operations
}

export async function idsOf(run: Run | undefined): Promise<string[]> {
  return (await operationsOf(run)).map(({ id }) => id)
}

/** Takes all that waits for the store, and returns the ids. */
export async function storeAll(queue: Queue, limits = everything): Promise<string[]> {
  const ids: string[] = []
  for (let run = await queue.store.next(limits); run !== undefined; run = await queue.store.next(limits)) {
    ids.push(...(await idsOf(run)))
    await run.commit()
  }
  return ids
}
