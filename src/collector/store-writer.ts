/** Takes operations out of the queue and has them stored, run by run, each until it is stored: nothing that was acknowledged is given up. */
import { setTimeout as wait } from 'node:timers/promises'
import type { IdentifiedOperation } from './batch.js'

/** Operations to store together, by a token that names the same operations after any crash. */
type Run = {
  readonly token: string
  /** They, some at a time. */
  readonly read: () => AsyncIterable<readonly IdentifiedOperation[]>
  readonly commit: () => Promise<void>
}

/** The store's side of the queue. */
export type RunSource = {
  /** Resolves when so many wait, or any for so long; false when there will be no more. */
  available(wanted: { readonly operations: number; readonly withinMs: number }, signal: AbortSignal): Promise<boolean>
  /** A place behind all that waits now, over which no run goes until it is removed. */
  fence(): { readonly isReached: () => boolean; readonly remove: () => void }
  next(limits: { readonly maxOperations: number; readonly maxBytes: number }): Promise<Run | undefined>
}

export type OperationStore = {
  insert(operations: AsyncIterable<readonly IdentifiedOperation[]>, token: string): Promise<void>
}

export type StoreWriterOptions<Store extends OperationStore> = {
  readonly source: RunSource
  /** Called again, later and later, while it rejects. */
  readonly open: () => Promise<Store>
  /** Operations that are worth an insert at once: each costs the engine the same 0.14 s of a core, however many are in it. @default 20,000 */
  readonly batchOperations?: number
  /** How long fewer of them wait, in milliseconds. @default 1000 */
  readonly batchDelayMs?: number
  /** Told why the store cannot be opened, or a run not be stored; it is tried again in so many milliseconds. */
  readonly onTrouble: (error: Error, retryInMs: number) => void
  /** Told when what failed works again. */
  readonly onRecovered: () => void
  /** Waits so many milliseconds, or until the signal is aborted. */
  readonly pause?: (milliseconds: number, signal: AbortSignal) => Promise<unknown>
}

/** Most operations and encoded bytes of one insert: it is held in memory. */
const RUN_LIMITS = { maxOperations: 50_000, maxBytes: 32 * 1024 * 1024 }
/** Errands that may wait; more fail at once. */
const MOST_ERRANDS = 100
const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 30_000

/** It was not stored in time, or not at all, what `afterAllStored` was to wait for: the same may succeed later. */
export class NotStoredYet extends Error {
  override readonly name = 'NotStoredYet'
}

/** What is to be done when the writer comes to a fence. */
type Errand<Store> = {
  readonly isDue: () => boolean
  readonly run: (store: Store) => Promise<void>
  readonly fail: () => void
}

export class StoreWriter<Store extends OperationStore> {
  readonly #options: StoreWriterOptions<Store>
  readonly #stopping = new AbortController()
  readonly #working: Promise<void>
  readonly #errands = new Set<Errand<Store>>()
  /** One after the other: a run being stored, and errands. */
  #turn: Promise<unknown> = Promise.resolve()
  #store: Store | undefined
  #trouble: string | undefined
  /** When it has to be done, by the clock that is never put right. */
  #until = Infinity

  constructor(options: StoreWriterOptions<Store>) {
    this.#options = options
    this.#working = this.#work()
  }

  /** The store, once it is open. */
  get store(): Store | undefined {
    return this.#store
  }

  /** Why nothing is stored at the moment. */
  get trouble(): string | undefined {
    return this.#trouble
  }

  /**
   * Does `work` when all is stored that was acknowledged before the call, and before anything is stored that came later. Rejects
   * with NotStoredYet when that is not so within so many milliseconds.
   */
  afterAllStored<Result>(work: (store: Store) => Promise<Result>, withinMs: number): Promise<Result> {
    const fence = this.#options.source.fence()
    return new Promise<Result>((resolve, reject) => {
      const leave = () => {
        clearTimeout(timer)
        this.#errands.delete(errand)
      }
      const errand: Errand<Store> = {
        isDue: fence.isReached,
        run: async (store) => {
          leave()
          await work(store).then(resolve, reject)
        },
        fail: () => {
          leave()
          reject(new NotStoredYet(this.#trouble ?? 'what was received before is not stored yet'))
        },
      }
      const timer = setTimeout(errand.fail, withinMs)
      this.#errands.add(errand)
      const isHopeless = this.#store === undefined || this.#stopping.signal.aborted
      if (isHopeless || this.#errands.size > MOST_ERRANDS) errand.fail()
      // When nothing waits, nobody else comes by.
      void this.#inTurn(() => this.#runErrands())
    }).finally(fence.remove)
  }

  /** Stores what waits for so many milliseconds more, without waiting for company. What is not stored by then stays in the queue. */
  async stop(withinMs = 0): Promise<void> {
    this.#until = performance.now() + withinMs
    this.#stopping.abort()
    await this.#working
    for (const { fail } of this.#errands) fail()
    await this.#turn
  }

  async #work(): Promise<void> {
    const { source, open, batchOperations = 20_000, batchDelayMs = 1000 } = this.#options
    const { signal } = this.#stopping
    await this.#untilDone(async () => {
      this.#store = await open()
    })
    while (await source.available({ operations: batchOperations, withinMs: batchDelayMs }, signal)) {
      await this.#untilDone(() => this.#storeNext())
    }
    while (
      this.#trouble === undefined &&
      performance.now() < this.#until &&
      (await this.#storeNext().catch(() => false))
    );
  }

  /** Stores a run; false when none waits. */
  #storeNext(): Promise<boolean> {
    return this.#inTurn(async () => {
      if (this.#store === undefined) return false
      const run = await this.#options.source.next(RUN_LIMITS)
      // What was damaged is skipped, and a fence with it.
      await this.#runErrands()
      if (run === undefined) return false
      await this.#store.insert(run.read(), run.token)
      await run.commit()
      await this.#runErrands()
      return true
    })
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.#turn.then(work)
    this.#turn = done.catch(() => {})
    return done
  }

  async #runErrands(): Promise<void> {
    for (const errand of this.#errands) if (this.#store !== undefined && errand.isDue()) await errand.run(this.#store)
  }

  /** Tries until `work` resolves, or it is told to stop. */
  async #untilDone(work: () => Promise<unknown>): Promise<void> {
    const { onTrouble, onRecovered, pause = pauseFor } = this.#options
    const { signal } = this.#stopping
    for (
      let milliseconds = FIRST_PAUSE_MS;
      !signal.aborted;
      milliseconds = Math.min(2 * milliseconds, LONGEST_PAUSE_MS)
    ) {
      try {
        await work()
        if (this.#trouble !== undefined) onRecovered()
        this.#trouble = undefined
        return
      } catch (cause) {
        const error = cause instanceof Error ? cause : new Error(String(cause))
        this.#trouble = error.message
        if (!signal.aborted) onTrouble(error, milliseconds)
        await pause(milliseconds, signal)
      }
    }
  }
}

async function pauseFor(milliseconds: number, signal: AbortSignal): Promise<void> {
  // Told to stop, there is nothing to wait for.
  await wait(milliseconds, undefined, { signal, ref: false }).catch(() => {})
}
