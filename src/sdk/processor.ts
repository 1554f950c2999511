/** Takes operations out of the buffer and hands them on, in slices short enough that the program does not notice. */

/** Longest slice, in milliseconds. Half of the 5 ms promised, since the last operation of a slice may still run over. */
const SLICE_MS = 2.5
/** Most operations of a slice: those who see each one by a bounded queue, as subscribers do, have their turn between slices. */
const SLICE_OPERATIONS = 500
/** Slices whose sums are handed on together: each sum costs as much as a measurement, however many operations are in it. */
const SLICES_PER_FLUSH = 8
/** How long an operation may wait in the buffer before a drain begins, in milliseconds: many are measured at once, which is cheaper. */
const DRAIN_DELAY_MS = 200

export type ProcessorOptions = {
  /** Whether there is something to measure with: while not, nothing is drained. */
  readonly isReady: () => boolean
  /** Measures one operation; false when none waits. */
  readonly measureNext: () => boolean
  /** Hands on what was summed. Returns whether nothing is left over. */
  readonly flush: (outOfTime: () => boolean) => boolean
}

export class Processor {
  readonly #options: ProcessorOptions
  #timer: NodeJS.Timeout | undefined
  #draining: Promise<void> | undefined
  #slices = 0

  constructor(options: ProcessorOptions) {
    this.#options = options
  }

  /** Sees to it that a drain begins soon. The timer does not keep the process alive. */
  schedule(): void {
    if (this.#timer !== undefined) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      if (this.#options.isReady()) void this.drain()
      else this.schedule()
    }, DRAIN_DELAY_MS)
    this.#timer.unref()
  }

  /**
   * Drains until nothing waits, one slice after another, the program having its turn between. Resolves at once when there is
   * nothing to measure with yet. `until`: a time of `performance.now()` at which to stop half-way.
   */
  drain(until = Infinity): Promise<void> {
    if (this.#draining !== undefined && until === Infinity) return this.#draining
    const draining = this.#drain(until).finally(() => {
      if (this.#draining === draining) this.#draining = undefined
    })
    this.#draining = draining
    return draining
  }

  /** Forgets the drain that was to begin. */
  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  async #drain(until: number): Promise<void> {
    if (!this.#options.isReady()) return
    while (!this.#slice()) {
      if (performance.now() >= until) {
        this.#options.flush(() => true)
        return
      }
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  /** Returns whether all is done. */
  #slice(): boolean {
    const end = performance.now() + SLICE_MS
    const outOfTime = () => performance.now() >= end
    let more = true
    let left = SLICE_OPERATIONS
    do more = this.#options.measureNext()
    while (more && --left > 0 && !outOfTime())
    if (more && ++this.#slices % SLICES_PER_FLUSH !== 0) return false
    return this.#options.flush(outOfTime) && !more
  }
}
