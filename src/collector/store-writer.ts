/** Takes operations out of the queue and has them stored, run by run, each until it is stored: nothing that was acknowledged is given up. */
import { setTimeout as wait } from 'node:timers/promises'
import type { IdentifiedOperation } from './batch.js'

/** Operations to store together, by a token that names the same operations after any crash. */
type Run = {
  readonly token: string
  readonly operations: readonly IdentifiedOperation[]
  readonly commit: () => Promise<void>
}

/** The store's side of the queue. */
export type RunSource = {
  /** Resolves when so many wait, or any for so long; false when there will be no more. */
  available(wanted: { readonly operations: number; readonly withinMs: number }, signal: AbortSignal): Promise<boolean>
  next(limits: { readonly maxOperations: number; readonly maxBytes: number }): Promise<Run | undefined>
}

export type OperationStore = { insert(operations: readonly IdentifiedOperation[], token: string): Promise<void> }

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
const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 30_000

export class StoreWriter<Store extends OperationStore> {
  readonly #options: StoreWriterOptions<Store>
  readonly #stopping = new AbortController()
  readonly #working: Promise<void>
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

  /** Stores what waits for so many milliseconds more, without waiting for company. What is not stored by then stays in the queue. */
  async stop(withinMs = 0): Promise<void> {
    this.#until = performance.now() + withinMs
    this.#stopping.abort()
    await this.#working
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
  async #storeNext(): Promise<boolean> {
    if (this.#store === undefined) return false
    const run = await this.#options.source.next(RUN_LIMITS)
    if (run === undefined) return false
    await this.#store.insert(run.operations, run.token)
    await run.commit()
    return true
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
