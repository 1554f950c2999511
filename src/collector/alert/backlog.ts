/** Whether what was accepted some time ago is stored by now: when it is not, that nothing is there proves nothing. Told from the ledger, the queue being in order. */

type Totals = { readonly accepted: number; readonly inQueue: number }

export class Backlog {
  readonly #totals: () => Totals
  readonly #longestMs: () => number
  readonly #clock: () => number
  /** How many had been accepted when, the earliest first; all that was there at the start has waited for ever. */
  #samples: { readonly at: number; readonly accepted: number }[]

  /** `longestMs`: how long operations may wait. `clock`: milliseconds of a clock that only goes on. */
  constructor(totals: () => Totals, longestMs: () => number, clock: () => number = () => performance.now()) {
    this.#totals = totals
    this.#longestMs = longestMs
    this.#clock = clock
    this.#samples = [{ at: Number.NEGATIVE_INFINITY, accepted: totals().accepted }]
  }

  /** To be asked at every look. */
  isBehind(): boolean {
    const { accepted, inQueue } = this.#totals()
    const now = this.#clock()
    this.#samples.push({ at: now, accepted })
    const long = this.#samples.findLastIndex(({ at }) => at <= now - this.#longestMs())
    if (long > 0) this.#samples = this.#samples.slice(long)
    return long >= 0 && accepted - inQueue < this.#samples[0]!.accepted
  }
}
