/** Looks after the store now and then: drops what is too old, and asks for its size. */
import type { Log } from './log.js'

type Size = { readonly tables: readonly { readonly table: string; readonly rows: number; readonly bytes: number }[] }

export type Found = Size & {
  /** Operations that came out of files, ever. */
  readonly imported: number
}

/** What is wanted of a store. */
export type LookedAfter<Retention> = {
  setRetention(retention: Retention): Promise<void>
  applyRetention(): Promise<{ readonly dropped: readonly string[]; readonly isOverLimit: boolean }>
  size(): Promise<Size>
  imported(): Promise<number>
}

/** How often, in milliseconds. */
const UPKEEP_EVERY_MS = 60_000

export type UpkeepOptions<Retention> = {
  /** Undefined while it is not open. */
  readonly store: () => LookedAfter<Retention> | undefined
  /** How much of the history is to be kept; asked each time, since it may change. */
  readonly retention: () => Retention
  readonly log: Log
}

export class Upkeep<Retention> {
  readonly #options: UpkeepOptions<Retention>
  readonly #timer: NodeJS.Timeout
  #working: Promise<void>
  /** What was found the last time; undefined before the first. */
  found: Found | undefined

  constructor(options: UpkeepOptions<Retention>) {
    this.#options = options
    this.#working = this.#work()
    this.#timer = setInterval(() => void this.lookAfter(), UPKEEP_EVERY_MS).unref()
  }

  /** Does it now, instead of when its time has come. Never rejects. */
  lookAfter(): Promise<void> {
    this.#working = this.#working.then(() => this.#work())
    return this.#working
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.#working
  }

  async #work(): Promise<void> {
    const { log, retention } = this.#options
    const store = this.#options.store()
    if (store === undefined) return
    try {
      await store.setRetention(retention())
      const { dropped, isOverLimit } = await store.applyRetention()
      if (dropped.length > 0) log.info({ dropped }, 'history past its retention was dropped')
      if (isOverLimit) log.warn({}, 'the store is larger than its limit: all of it is in partitions too new to drop')
      const [{ tables }, imported] = [await store.size(), await store.imported()]
      this.found = { tables, imported }
    } catch (error) {
      log.warn({ err: error }, 'the store could not be looked after')
    }
  }
}
