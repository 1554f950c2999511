/** The share of the time lately in which one kind of work was being done. Knows neither the work nor what the share is for. */

export type BusyShareOptions = {
  /** How far is looked back, in milliseconds. */
  readonly windowMs: number
  /** Milliseconds of a clock that only goes on. @default performance.now */
  readonly clock?: () => number
}

/** When it was, and how much had been done by then, in milliseconds. Between two of them it went on evenly. */
type Mark = { readonly at: number; readonly doneMs: number }

/** Marks in a window: what is done a thousand times a second need not be told apart. */
const MARKS = 20

export class BusyShare {
  readonly #windowMs: number
  readonly #clock: () => number
  #doneMs = 0
  #begun: number | undefined
  /** The newest last; one of them, the first, is older than the window. */
  #marks: Mark[] = [{ at: -Infinity, doneMs: 0 }]

  constructor({ windowMs, clock = () => performance.now() }: BusyShareOptions) {
    this.#windowMs = windowMs
    this.#clock = clock
  }

  /** Work begins; one at a time. */
  begin(): void {
    this.#begun = this.#mark().at
  }

  /** The work that has begun is done. */
  end(): void {
    const now = this.#clock()
    this.#doneMs += now - (this.#begun ?? now)
    this.#begun = undefined
    this.#mark()
  }

  /** From 0 to 1. */
  share(): number {
    const now = this.#now()
    const since = now.at - this.#windowMs
    const index = this.#marks.findLastIndex(({ at }) => at <= since)
    const [before, after] = [this.#marks[index]!, this.#marks[index + 1] ?? now]
    const part = before.at === -Infinity ? 0 : (since - before.at) / (after.at - before.at)
    return (now.doneMs - (before.doneMs + part * (after.doneMs - before.doneMs))) / this.#windowMs
  }

  #now(): Mark {
    const at = this.#clock()
    return { at, doneMs: this.#doneMs + at - (this.#begun ?? at) }
  }

  #mark(): Mark {
    const now = this.#now()
    if (now.at - this.#marks.at(-1)!.at < this.#windowMs / MARKS) return now
    const needed = this.#marks.findLastIndex(({ at }) => at <= now.at - this.#windowMs)
    this.#marks.splice(0, needed)
    this.#marks.push(now)
    return now
  }
}
