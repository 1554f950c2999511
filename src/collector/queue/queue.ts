/**
 * The durable queue: what is appended is on the disk when the promise resolves, and stays there until the store, and each target of
 * forwarding, is done with it. Ids seen before, positions and the ledger are moved in the same transactions. Knows neither the
 * store nor the targets.
 */
import type { Batch, IdentifiedOperation, Signal } from '../batch.js'
import { type Arrival, countArrival, type Ledger, ledgerOf, SIGNALS } from '../ledger.js'
import { Admission, freeBytesOf } from './admission.js'
import { encodeBody } from './body-codec.js'
import { type Entries, entryKey } from './entries.js'
import type { Environment } from './environment.js'
import { GroupCommit, type Writes } from './group-commit.js'
import { encodeOperations } from './operation-codec.js'
import { QueueFull, type RefusalReason } from './queue-full.js'
import { type SeenIds, seenKey } from './seen-ids.js'
import { configureTargets, firstNeeded, offerBody, type QueueState, type TargetLimits } from './state.js'
import { StoreConsumer } from './store-consumer.js'
import { TargetConsumer } from './target-consumer.js'

const MEBIBYTE = 1024 * 1024
/** Most operations of one entry: a run for the store is made of whole entries. */
const ENTRY_OPERATIONS = 1000
/** About what an operation takes, for the limit of what is not encoded yet. */
const OPERATION_BYTES = 300
/** Bodies that are removed with one group; more are removed with the next ones. */
const REMOVED_PER_GROUP = 2000

export type QueueOptions = {
  /** Made when it is not there. */
  readonly directory: string
  /** Most bytes of operations that wait for the store. What waits for a target is bounded by that target's own limit. @default 1 GiB */
  readonly maxBytes?: number
  /** How long a batch waits for others to be synced with, in milliseconds. One that comes alone does not wait. @default 20 */
  readonly commitDelayMs?: number
  /** Batches that are not made to wait for more. @default 1000 */
  readonly commitBatches?: number
  /** How long the id of an operation is remembered, in milliseconds; 0: not at all. @default 24 hours */
  readonly seenWindowMs?: number
  /** Most ids remembered, the latest ones; each takes about 13 bytes of memory. 0: none. @default 5,000,000 */
  readonly seenIds?: number
  /** Free space of the file system below which nothing is taken, in bytes. @default 64 MiB */
  readonly minFreeBytes?: number
  /** How long nothing is taken after a write failed, in milliseconds. @default 1000 */
  readonly failurePauseMs?: number
  readonly targets?: readonly TargetLimits[]
  /** Epoch milliseconds. */
  readonly now?: () => number
  /** Free bytes of the file system of a directory. */
  readonly freeBytes?: (directory: string) => Promise<number>
}

/** The operations of a batch that were new, and how many had been accepted before. */
export type Appended = {
  readonly accepted: number
  readonly duplicates: number
  readonly fresh: readonly IdentifiedOperation[]
}

/** What a directory holds when it is opened. */
export type QueueParts = {
  readonly options: QueueOptions
  readonly environment: Environment
  readonly state: QueueState
  readonly operations: Entries
  readonly bodies: Entries
  readonly seen: SeenIds
}

export class Queue {
  /** The store's side of the queue. */
  readonly store: StoreConsumer
  readonly #now: () => number
  readonly #maxBytes: number
  readonly #environment: Environment
  readonly #operations: Entries
  readonly #bodies: Entries
  readonly #seen: SeenIds
  readonly #group: GroupCommit<QueueState>
  readonly #admission: Admission
  #limits: ReadonlyMap<string, TargetLimits>
  readonly #targets = new Map<string, TargetConsumer>()
  /** Up to here the group that is being written removes bodies. */
  #removedBodiesBefore: number
  #closing: Promise<void> | undefined

  /** @internal */
  constructor({ options, environment, state, operations, bodies, seen }: QueueParts) {
    this.#now = options.now ?? Date.now
    this.#maxBytes = options.maxBytes ?? 1024 * MEBIBYTE
    this.#environment = environment
    this.#operations = operations
    this.#bodies = bodies
    this.#seen = seen
    this.#removedBodiesBefore = bodies.first
    this.#group = new GroupCommit({
      root: environment.root,
      table: environment.state,
      state,
      delayMs: options.commitDelayMs ?? 20,
      maxChanges: options.commitBatches ?? 1000,
      finish: (draft, writes) => this.#finish(draft, writes),
      settled: (error) => this.#settled(error),
    })
    this.#admission = new Admission({
      directory: options.directory,
      maxBytes: this.#maxBytes,
      minFreeBytes: options.minFreeBytes ?? 64 * MEBIBYTE,
      failurePauseMs: options.failurePauseMs ?? 1000,
      freeBytes: options.freeBytes ?? freeBytesOf,
      bytesInQueue: () => this.#group.state.operationBytes,
    })
    const { id, operations: table } = environment
    this.store = new StoreConsumer({ queueId: id, table, entries: operations, group: this.#group })
    this.#limits = limitsByName(options.targets ?? [])
    // Comes to the disk with the first group; till then the same configuration makes the same of what is there.
    this.#group.note((noted) => configureTargets(noted, bodies, this.#limits))
    this.#followLimits()
  }

  /**
   * Takes a request: resolves when its operations and, where a target wants it, its body are synced to the disk. Operations whose id
   * was seen before are counted as duplicates and not kept. Throws `QueueFull` when nothing of it is taken. What is handed in must
   * not be changed before.
   */
  async append(batch: Batch): Promise<Appended> {
    if (this.#closing !== undefined) throw new Error('the queue is closed')
    const { body, operations } = batch
    const arrival: Arrival = { signal: body.signal, operations: operations.length, items: body.items }
    const isForwarded = this.#isForwarded(body.signal)
    if (operations.length === 0 && !isForwarded) {
      this.#group.note((state) => countArrival(state.counts, 'accepted', arrival))
      return { accepted: 0, duplicates: 0, fresh: [] }
    }
    const operationBytes = operations.length * OPERATION_BYTES
    const bodyBytes = isForwarded ? body.bytes.length : 0
    const refusal = await this.#admission.enter(operationBytes, bodyBytes)
    if (refusal !== undefined) throw this.#refuse(arrival, refusal)
    try {
      return await this.#stage(batch, arrival, operationBytes + bodyBytes)
    } finally {
      this.#admission.leave(operationBytes, bodyBytes)
    }
  }

  /** Counts what never came to `append`: rejected as invalid, or refused for want of memory. On the disk within a second. */
  count(outcome: 'rejected' | 'refused', arrival: Arrival): void {
    this.#group.note((state) => countArrival(state.counts, outcome, arrival))
  }

  /** What became of everything received since the directory was made. It balances. */
  ledger(): Ledger {
    const { counts, operationsInQueue, targets } = this.#group.state
    return ledgerOf(counts, this.#environment.createdAt, operationsInQueue, (name) => targets[name]?.items ?? 0)
  }

  /** Sizes, for gauges: bytes of operations that wait for the store and the limit of them; ids remembered and those forgotten too early. */
  get sizes() {
    return {
      operationBytes: this.#group.state.operationBytes,
      maxOperationBytes: this.#maxBytes,
      seenIds: this.#seen.size,
      seenIdsExpiredEarly: this.#seen.expiredEarly,
    }
  }

  /** A target's side of the queue; undefined for a target that is not configured. */
  target(name: string): TargetConsumer | undefined {
    return this.#targets.get(name)
  }

  /**
   * Makes the targets those of a new configuration: a new one begins with what comes from now on, what waits for one that is gone
   * is dropped, and its consumer closed.
   */
  async setTargets(targets: readonly TargetLimits[]): Promise<void> {
    const before = this.#limits
    const limits = limitsByName(targets)
    await new Promise<void>((resolve, reject) => {
      this.#group.stageWithin(0, {
        prepare: (draft) => {
          configureTargets(draft, this.#bodies, limits)
          this.#limits = limits
        },
        done: (error) => {
          if (error === undefined) return resolve()
          this.#limits = before
          reject(error)
        },
      })
    })
    this.#followLimits()
  }

  /** Takes no more, writes what is staged, and gives the directory back. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await this.#group.flush()
    this.store.close()
    for (const consumer of this.#targets.values()) consumer.close()
    // Those who were told of the end may have had something to say yet.
    await this.#group.flush()
    this.#group.stop(new Error('the queue is closed'))
    await this.#environment.close()
  }

  /** Makes the consumers those of the limits. */
  #followLimits(): void {
    for (const [name, consumer] of this.#targets) {
      if (this.#limits.has(name)) continue
      this.#targets.delete(name)
      consumer.close()
    }
    const { bodies: table } = this.#environment
    for (const name of this.#limits.keys()) {
      if (this.#targets.has(name)) continue
      this.#targets.set(name, new TargetConsumer({ name, table, bodies: this.#bodies, group: this.#group }))
    }
  }

  #stage(batch: Batch, arrival: Arrival, bytes: number): Promise<Appended> {
    return new Promise((resolve, reject) => {
      let appended: Appended | undefined
      let isRejected = false
      this.#group.stage({
        bytes,
        prepare: (draft, writes) => {
          isRejected = true
          appended = this.#write(batch, arrival, draft, writes)
          isRejected = false
        },
        done: (error) => {
          if (error === undefined) return resolve(appended!)
          if (isRejected) this.count('rejected', arrival)
          if (appended === undefined) return reject(error)
          void this.#admission.failed().then((reason) => reject(this.#refuse(arrival, reason, error)))
        },
      })
    })
  }

  /** Writes a batch, except for what was seen before. When it throws, it has changed nothing. */
  #write({ body, operations }: Batch, arrival: Arrival, draft: QueueState, writes: Writes): Appended {
    const fresh = operations.filter(({ id }) => this.#seen.add(id))
    let encoded: readonly { readonly items: number; readonly bytes: Buffer }[]
    try {
      encoded = encodeEntries(fresh)
    } catch (error) {
      for (const { id } of fresh) this.#seen.remove(id)
      throw error
    }
    for (const { items, bytes } of encoded) {
      const entry = { kind: 0, bytes: bytes.length, items }
      writes.put(this.#environment.operations, entryKey(this.#operations.push(entry), entry), bytes)
      draft.nextOperations = this.#operations.next
      draft.operationsInQueue += items
      draft.operationBytes += bytes.length
    }
    if (this.#isForwarded(body.signal)) {
      const bytes = encodeBody(body)
      const entry = { kind: SIGNALS.indexOf(body.signal), bytes: bytes.length, items: body.items }
      const position = this.#bodies.push(entry)
      writes.put(this.#environment.bodies, entryKey(position, entry), bytes)
      draft.nextBody = this.#bodies.next
      offerBody(draft, this.#bodies, position, this.#limits)
    }
    countArrival(draft.counts, 'accepted', arrival)
    const duplicates = operations.length - fresh.length
    draft.counts.duplicate += duplicates
    return { accepted: fresh.length, duplicates, fresh }
  }

  /** What follows from a group: its ids are remembered, and bodies nobody needs any more are removed. */
  #finish(draft: QueueState, writes: Writes): void {
    const { seen, bodies } = this.#environment
    const { written, removed, size } = this.#seen.changes(this.#now())
    draft.seenIds = size
    for (const { position, bytes } of written) writes.put(seen, seenKey(position), bytes)
    for (const position of removed) writes.remove(seen, seenKey(position))
    const start = this.#bodies.first
    const end = Math.min(firstNeeded(draft, this.#bodies), start + REMOVED_PER_GROUP)
    for (let position = start; position < end; position++) writes.remove(bodies, this.#bodies.key(position))
    this.#removedBodiesBefore = end
  }

  #settled(error?: Error): void {
    const { state } = this.#group
    if (error === undefined) {
      this.#seen.committed(this.#now())
      this.#operations.removeBefore(state.firstOperations)
      this.#bodies.removeBefore(this.#removedBodiesBefore)
    } else {
      this.#seen.failed()
      this.#operations.removeFrom(state.nextOperations)
      this.#bodies.removeFrom(state.nextBody)
    }
    this.store.wake()
    for (const consumer of this.#targets.values()) consumer.wake()
  }

  #isForwarded(signal: Signal): boolean {
    for (const { signals } of this.#limits.values()) if (signals.includes(signal)) return true
    return false
  }

  /** Counts what is not taken, and says so. */
  #refuse(arrival: Arrival, reason: RefusalReason, cause?: Error): QueueFull {
    this.count('refused', arrival)
    return new QueueFull(reason, cause)
  }
}

function limitsByName(targets: readonly TargetLimits[]): Map<string, TargetLimits> {
  const byName = new Map(targets.map((target) => [target.name, target]))
  if (byName.size < targets.length) throw new Error(`two targets have one name: ${targets.map(({ name }) => name)}`)
  return byName
}

/** Operations as entries of the queue, each with a share of them. */
function encodeEntries(operations: readonly IdentifiedOperation[]): { items: number; bytes: Buffer }[] {
  const entries: { items: number; bytes: Buffer }[] = []
  for (let at = 0; at < operations.length; at += ENTRY_OPERATIONS) {
    const share = operations.length > ENTRY_OPERATIONS ? operations.slice(at, at + ENTRY_OPERATIONS) : operations
    entries.push({ items: share.length, bytes: encodeOperations(share) })
  }
  return entries
}
