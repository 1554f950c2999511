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
  /** `now`: epoch milliseconds. */
  applyRetention(now: number): Promise<{ readonly dropped: readonly string[]; readonly isOverLimit: boolean }>
  size(): Promise<Size>
  imported(): Promise<number>
}

/** How often, in milliseconds. */
const UPKEEP_EVERY_MS = 60_000
/** A clock that gains more than this between two looks, in milliseconds, did not get there by going on. */
const LEAP_MS = 3_600_000
/** How long a clock that was put ahead has to stay there before history is dropped by it, in milliseconds. */
const LEAP_BELIEVED_AFTER_MS = 86_400_000

export type UpkeepOptions<Retention> = {
  /** Undefined while it is not open. */
  readonly store: () => LookedAfter<Retention> | undefined
  /** How much of the history is to be kept; asked each time, since it may change. */
  readonly retention: () => Retention
  readonly log: Log
  /** Epoch milliseconds. @default Date.now */
  readonly now?: () => number
  /** Milliseconds of a clock that is never put right. @default performance.now */
  readonly clock?: () => number
}

export class Upkeep<Retention> {
  readonly #options: UpkeepOptions<Retention>
  readonly #timer: NodeJS.Timeout
  /** When the time was believed last, by both clocks. */
  #believed: { readonly time: number; readonly at: number }
  /** Since when the clock is ahead of what is believed. */
  #aheadSince: number | undefined
  #working: Promise<void>
  /** What was found the last time; undefined before the first. */
  found: Found | undefined

  constructor(options: UpkeepOptions<Retention>) {
    this.#options = options
    this.#believed = { time: this.#now(), at: this.#clock() }
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

  #now(): number {
    return (this.#options.now ?? Date.now)()
  }

  #clock(): number {
    return (this.#options.clock ?? (() => performance.now()))()
  }

  /** The time, unless it leapt ahead: a clock that is a year ahead for a minute must not cost a year of history. */
  #believableTime(): number {
    const [now, at] = [this.#now(), this.#clock()]
    const expected = this.#believed.time + at - this.#believed.at
    const isAhead = now - expected > LEAP_MS
    if (isAhead && this.#aheadSince === undefined) {
      this.#aheadSince = at
      const fields = { aheadSeconds: Math.round((now - expected) / 1000) }
      this.#options.log.warn(
        fields,
        'the clock leapt ahead: nothing is dropped by it until it has stayed there for a day',
      )
    }
    if (isAhead && at - this.#aheadSince! < LEAP_BELIEVED_AFTER_MS) return expected
    this.#aheadSince = undefined
    this.#believed = { time: now, at }
    return now
  }

  async #work(): Promise<void> {
    const { log, retention } = this.#options
    const store = this.#options.store()
    if (store === undefined) return
    try {
      await store.setRetention(retention())
      const { dropped, isOverLimit } = await store.applyRetention(this.#believableTime())
      if (dropped.length > 0) log.info({ dropped }, 'history past its retention was dropped')
      if (isOverLimit) log.warn({}, 'the store is larger than its limit: all of it is in partitions too new to drop')
      const [{ tables }, imported] = [await store.size(), await store.imported()]
      this.found = { tables, imported }
    } catch (error) {
      log.warn({ err: error }, 'the store could not be looked after')
    }
  }
}
