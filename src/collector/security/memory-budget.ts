/** One bound for the bytes of all requests in flight: many small requests must not do together what a large one may not do alone. */

/** Bytes held for one request. */
export type Lease = {
  /** Takes `bytes` more; `false`, and nothing taken, when there are not as many. */
  take(bytes: number): boolean
  /** Gives all of it back. May be called again, to no effect. */
  release(): void
}

export class MemoryBudget {
  readonly capacity: number
  #size = 0
  #refused = 0

  /** `capacity`: bytes. */
  constructor(capacity: number) {
    if (!Number.isSafeInteger(capacity) || capacity <= 0) {
      throw new RangeError(`the memory budget must be a positive number of bytes; got ${capacity}`)
    }
    this.capacity = capacity
  }

  /** Bytes held now. */
  get size(): number {
    return this.#size
  }

  /** How often there was no room. */
  get refused(): number {
    return this.#refused
  }

  lease(): Lease {
    let held = 0
    let isReleased = false
    return {
      take: (bytes) => {
        if (isReleased || this.#size + bytes > this.capacity) {
          this.#refused++
          return false
        }
        held += bytes
        this.#size += bytes
        return true
      },
      release: () => {
        isReleased = true
        this.#size -= held
        held = 0
      },
    }
  }
}
