/** Looks at the store every so often and has done what is to be done by what is there: one task after the other, never two looks at once. */
import type { Askable } from './query/ask.js'
import { type Asker, createAsker } from './query/asker.js'
import type { KeptDays } from './query/tier-cover.js'

/** A store, and questions to it at one moment. */
export type Look<Store> = { readonly store: Store; readonly asker: Asker }

/** What is done at each look. One that fails is done again at the next, and holds no other up. */
export type WatchTask<Store> = {
  readonly name: string
  readonly run: (look: Look<Store>) => Promise<void>
}

export type WatchOptions<Store> = {
  /** Undefined while it is not open: nothing is done then. */
  readonly store: () => Store | undefined
  /** Days each tier is kept. */
  readonly kept: () => KeptDays
  /** In the order they are done. */
  readonly tasks: readonly WatchTask<Store>[]
  /** Told of a task that failed, when it did not fail the last time. */
  readonly onTrouble: (task: string, error: Error) => void
  /** Milliseconds from one look to the next. @default 15,000 */
  readonly everyMs?: number
  /** Epoch milliseconds. @default Date.now */
  readonly now?: () => number
}

const EVERY_MS = 15_000

export class Watch<Store extends Askable> {
  readonly #options: WatchOptions<Store>
  readonly #timer: NodeJS.Timeout
  readonly #failing = new Set<string>()
  #looking: Promise<void> | undefined
  #isStopped = false

  constructor(options: WatchOptions<Store>) {
    this.#options = options
    this.#timer = setInterval(() => void this.look(), options.everyMs ?? EVERY_MS).unref()
  }

  /** Looks now; where a look is going on, waits for that one. Never rejects. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined
    })
    return this.#looking
  }

  /** Waits for the look that is going on. */
  async stop(): Promise<void> {
    this.#isStopped = true
    clearInterval(this.#timer)
    await this.#looking
  }

  async #look(): Promise<void> {
    const { store: storeNow, kept, tasks, now = Date.now, onTrouble } = this.#options
    const store = storeNow()
    if (store === undefined) return
    const look = { store, asker: createAsker(store, { kept: kept(), now: now() }) }
    for (const { name, run } of tasks) {
      if (this.#isStopped) return
      try {
        await run(look)
        this.#failing.delete(name)
      } catch (cause) {
        if (!this.#failing.has(name)) onTrouble(name, cause instanceof Error ? cause : new Error(String(cause)))
        this.#failing.add(name)
      }
    }
  }
}
