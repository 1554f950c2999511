/** The store's side of the queue: operations in runs, each with a token that names the same operations after any crash. */
import type { IdentifiedOperation } from '../batch.js'
import type { OperationDropReason } from '../ledger.js'
import type { Entries } from './entries.js'
import type { Table } from './environment.js'
import type { GroupCommit } from './group-commit.js'
import { decodeOperations } from './operation-codec.js'
import type { QueueState } from './state.js'

/** How long a run is read before others have their turn, in milliseconds. */
const SLICE_MS = 5

/** Operations to store together. */
export type Run = {
  /** For the engine to recognise the run by, should it come again: the same token has the same operations. */
  readonly token: string
  /**
   * They, some at a time, decoded as they are asked for: fifty thousand at once would be 60 MB that live long enough to be copied by the
   * garbage collector. May be read again. Throws when the run was committed or the queue closed meanwhile.
   */
  readonly read: () => AsyncGenerator<readonly IdentifiedOperation[]>
  /** They were read, and are stored: the next run is another one. Resolves when this is on the disk. */
  readonly commit: () => Promise<void>
  /** The store can never take them. Resolves when they are counted as dropped. */
  readonly drop: () => Promise<void>
}

export type RunLimits = {
  /** Most operations of a run. One entry of the queue, of at most 1,000 operations, is always taken whole. */
  readonly maxOperations: number
  /** Most encoded bytes of a run. */
  readonly maxBytes: number
}

/** A place in the queue behind all that waited when it was made: no run goes over it. */
export type Fence = {
  /** Whether all that is before it is done with. */
  readonly isReached: () => boolean
  /** Lets runs go over it. */
  readonly remove: () => void
}

/** Positions of the entries of a run: from the first to before the last. */
type Extent = { readonly from: number; readonly to: number }
/** How many operations were in it, and in those of its entries that are damaged. */
type Found = { operations: number; damaged: number }

export type StoreConsumerOptions = {
  readonly queueId: string
  readonly table: Table
  readonly entries: Entries
  readonly group: GroupCommit<QueueState>
}

export class StoreConsumer {
  readonly #options: StoreConsumerOptions
  #waiters: (() => void)[] = []
  readonly #fences = new Set<{ readonly position: number }>()
  #isClosed = false

  constructor(options: StoreConsumerOptions) {
    this.#options = options
  }

  /** What waits to be stored, what was handed out and not committed included. */
  get waiting(): { readonly operations: number; readonly bytes: number } {
    const { operationsInQueue, operationBytes } = this.#options.group.state
    return { operations: operationsInQueue, bytes: operationBytes }
  }

  /**
   * Resolves when so many operations wait, or at least one for so many milliseconds, counted from the call or from when it came.
   * False when the queue was closed, or the signal was aborted.
   */
  async available(
    { operations = 1, withinMs = 0 }: { readonly operations?: number; readonly withinMs?: number } = {},
    signal?: AbortSignal,
  ): Promise<boolean> {
    const isOver = () => this.#isClosed || signal?.aborted === true
    while (!isOver() && this.waiting.operations === 0) await this.#changed(signal)
    const until = performance.now() + withinMs
    for (let left = withinMs; !isOver() && left > 0 && this.waiting.operations < operations; ) {
      await this.#changed(signal, left)
      left = until - performance.now()
    }
    return !isOver()
  }

  /**
   * The next run, or the one handed out before and not committed, the same after a crash as before it; undefined when nothing waits.
   * What a run is made of is on the disk before it is returned.
   */
  async next(limits: RunLimits): Promise<Run | undefined> {
    if (this.waiting.operations === 0 && this.#options.group.state.handedOut === null) return undefined
    await this.#handOut(limits)
    const { handedOut } = this.#options.group.state
    if (handedOut === null) return undefined
    const found = { operations: 0, damaged: 0 }
    const finish = async (isStored: boolean) => {
      if (this.#options.group.state.handedOut?.from !== handedOut.from) return // It was committed before.
      if (found.operations + found.damaged === 0) for await (const _ of this.#read(handedOut, found));
      await this.#finish(handedOut, found, isStored)
    }
    return {
      token: `${this.#options.queueId}-${handedOut.from}-${handedOut.to}`,
      read: () => this.#read(handedOut, found),
      commit: () => finish(true),
      drop: () => finish(false),
    }
  }

  /** Stands behind what is acknowledged by now; what is handed out already ends before it or with it. */
  fence(): Fence {
    const { group } = this.#options
    const fence = { position: group.state.nextOperations }
    this.#fences.add(fence)
    return {
      isReached: () => group.state.firstOperations >= fence.position,
      remove: () => void this.#fences.delete(fence),
    }
  }

  /** Tells those who wait to look again. */
  wake(): void {
    for (const waiter of this.#waiters.splice(0)) waiter()
  }

  close(): void {
    this.#isClosed = true
    this.wake()
  }

  /** Fixes the extent of the next run, unless one is handed out. */
  #handOut({ maxOperations, maxBytes }: RunLimits): Promise<void> {
    const { entries, group } = this.#options
    const isFence = (to: number) => [...this.#fences].some(({ position }) => position === to)
    return new Promise((resolve, reject) => {
      group.stageWithin(0, {
        prepare(draft) {
          if (draft.handedOut !== null) return
          // What came in this very group may be in it: it is written in the same transaction.
          const from = draft.firstOperations
          let to = from
          let operations = 0
          let bytes = 0
          for (; to < draft.nextOperations; to++) {
            if (to > from && isFence(to)) break
            const entry = entries.at(to)
            operations += entry.items
            bytes += entry.bytes
            if (to > from && (operations > maxOperations || bytes > maxBytes)) break
          }
          if (to > from) draft.handedOut = { from, to }
        },
        done: (error) => (error === undefined ? resolve() : reject(error)),
      })
    })
  }

  /** Reads a run entry by entry, others having their turn between, and tells in `found` what was in it. */
  async *#read(run: Extent, found: Found): AsyncGenerator<readonly IdentifiedOperation[]> {
    const { table, entries, group } = this.#options
    let operations = 0
    let damaged = 0
    let until = performance.now() + SLICE_MS
    for (let position = run.from; position < run.to; position++) {
      if (this.#isClosed) throw new Error('the queue is closed')
      if (group.state.handedOut?.from !== run.from) throw new Error('the run was committed')
      const bytes = table.getBinary(entries.key(position))
      const decoded = bytes === undefined ? undefined : decodeOperations(bytes)
      if (decoded === undefined) damaged += entries.at(position).items
      else {
        operations += decoded.length
        yield decoded
      }
      if (performance.now() < until) continue
      await new Promise((resolve) => setImmediate(resolve))
      until = performance.now() + SLICE_MS
    }
    found.operations = operations
    found.damaged = damaged
  }

  /** Moves the cursor over a run, and counts what became of it, in one transaction. */
  #finish(run: Extent, { operations, damaged }: Found, isStored: boolean): Promise<void> {
    const { table, entries, group } = this.#options
    return new Promise((resolve, reject) => {
      group.stageWithin(0, {
        isFact: true,
        prepare(draft, writes) {
          if (draft.handedOut?.from !== run.from) return // It was committed before.
          for (let position = run.from; position < run.to; position++) {
            const { items, bytes } = entries.at(position)
            draft.operationsInQueue -= items
            draft.operationBytes -= bytes
            writes.remove(table, entries.key(position))
          }
          draft.firstOperations = run.to
          draft.handedOut = null
          if (isStored) draft.counts.stored += operations
          const dropped: { [reason in OperationDropReason]: number } = draft.counts.dropped
          dropped.damaged += damaged
          if (!isStored) dropped.not_storable += operations
        },
        done: (error) => (error === undefined ? resolve() : reject(error)),
      })
    })
  }

  #changed(signal: AbortSignal | undefined, withinMs?: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = withinMs === undefined ? undefined : setTimeout(done, withinMs)
      const waiters = this.#waiters
      function done() {
        clearTimeout(timer)
        signal?.removeEventListener('abort', done)
        const at = waiters.indexOf(done)
        if (at >= 0) waiters.splice(at, 1)
        resolve()
      }
      waiters.push(done)
      signal?.addEventListener('abort', done)
    })
  }
}
