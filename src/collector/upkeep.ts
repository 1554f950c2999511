/** Looks after the store now and then: drops what is too old, and asks for its size. */
import type { Log } from './log.js'

type Size = { readonly tables: readonly { readonly table: string; readonly rows: number; readonly bytes: number }[] }

/** What is wanted of a store. */
export type LookedAfter = {
  applyRetention(): Promise<{ readonly dropped: readonly string[]; readonly isOverLimit: boolean }>
  size(): Promise<Size>
}

/** How often, in milliseconds. */
const UPKEEP_EVERY_MS = 60_000

export class Upkeep {
  readonly #store: () => LookedAfter | undefined
  readonly #log: Log
  readonly #timer: NodeJS.Timeout
  #working: Promise<void>
  size: Size | undefined

  constructor(store: () => LookedAfter | undefined, log: Log) {
    this.#store = store
    this.#log = log
    this.#working = this.#work()
    this.#timer = setInterval(() => {
      this.#working = this.#working.then(() => this.#work())
    }, UPKEEP_EVERY_MS).unref()
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.#working
  }

  async #work(): Promise<void> {
    const store = this.#store()
    if (store === undefined) return
    try {
      const { dropped, isOverLimit } = await store.applyRetention()
      if (dropped.length > 0) this.#log.info({ dropped }, 'history past its retention was dropped')
      if (isOverLimit)
        this.#log.warn({}, 'the store is larger than its limit: all of it is in partitions too new to drop')
      this.size = await store.size()
    } catch (error) {
      this.#log.warn({ err: error }, 'the store could not be looked after')
    }
  }
}
