/**
 * The bounded buffer between those who record and the processor, and the ledger of both:
 * recorded = measured + dropped by reason + in the buffer, at any moment. Knows nothing of what becomes of an operation.
 */
import type { CleanOperation, SpanIdentity } from '../clean.js'
import type { Operation } from '../operation.js'

/** What happens to an operation when the buffer is full: the new one is dropped, or the oldest one. */
export type BufferPolicy = 'drop-newest' | 'drop-oldest'

/** Why an operation was recorded and never measured. */
export type DropReason =
  /** The buffer was at its capacity. */
  | 'buffer_full'
  /** It was no operation at all, or could not be read. */
  | 'invalid'
  /** It came after shutdown. */
  | 'shutdown'
  /** The deadline of the shutdown passed, or no MeterProvider ever came, while it was in the buffer. */
  | 'deadline'
  /** Measuring it threw. */
  | 'error'

export type Ledger = {
  readonly recorded: number
  readonly measured: number
  readonly dropped: { readonly [reason in DropReason]: number }
  /** Operations in the buffer. */
  readonly size: number
}

export type BufferOptions = {
  /** Most operations that wait. */
  readonly capacity: number
  readonly policy: BufferPolicy
  /** Cleans and prices an operation, whose span was `span`, and adds it to the totals; called exactly once for each that is recorded. */
  readonly settle: (operation: Operation, recordedAt: number, span?: SpanIdentity) => CleanOperation | undefined
  /** Called when an operation comes into the empty buffer. */
  readonly onFirst: () => void
}

/** Stands for the time of recording of an operation that was settled before it came into the ring. */
const SETTLED = -1

export class Buffer {
  readonly capacity: number
  readonly #policy: BufferPolicy
  readonly #settle: BufferOptions['settle']
  readonly #onFirst: () => void
  // A ring: raw operations as they were recorded, replaced by clean ones (or nothing) when they are settled.
  readonly #ring: (Operation | CleanOperation | undefined)[]
  readonly #recordedAt: Float64Array
  #head = 0
  #size = 0
  /** How many from the head on are settled. */
  #settled = 0
  /** The one after those is being read: what its getters record comes behind it, and nothing is taken out beyond those. */
  #isReading = false
  #closed = false
  #recorded = 0
  #measured = 0
  readonly #dropped = { buffer_full: 0, invalid: 0, shutdown: 0, deadline: 0, error: 0 }

  constructor({ capacity, policy, settle, onFirst }: BufferOptions) {
    this.capacity = capacity
    this.#policy = policy
    this.#settle = settle
    this.#onFirst = onFirst
    this.#ring = new Array(capacity).fill(undefined)
    this.#recordedAt = new Float64Array(capacity)
  }

  get size(): number {
    return this.#size
  }

  get ledger(): Ledger {
    return { recorded: this.#recorded, measured: this.#measured, dropped: { ...this.#dropped }, size: this.#size }
  }

  /**
   * Takes an operation, or counts why not. Never throws, never waits. The operation must not be changed afterwards. One that has a
   * span is settled at once, since that ends with it and tells what became of it, which is returned.
   */
  push(operation: Operation, span?: SpanIdentity): CleanOperation | undefined {
    this.#recorded++
    if (typeof operation !== 'object' || operation === null) {
      this.#dropped.invalid++
      return undefined
    }
    // Reading it may run code of the application's that records as well, so it is read before a place is taken for it. The time is
    // needed only where the operation does not bring its own; asking for it costs more than all the rest here.
    const recordedAt = span === undefined && hasStartTime(operation) ? 0 : Date.now()
    const settled = span === undefined ? undefined : this.#settle(operation, recordedAt, span)
    if (this.#size === this.capacity && this.#policy === 'drop-oldest' && !this.#closed) this.#evictOldest()
    if (this.#closed || this.#size === this.capacity) {
      const dropped = span === undefined ? this.#settle(operation, recordedAt || Date.now()) : settled
      this.#dropped[dropped === undefined ? 'invalid' : this.#closed ? 'shutdown' : 'buffer_full']++
      return dropped
    }
    let tail = this.#head + this.#size
    if (tail >= this.capacity) tail -= this.capacity
    this.#ring[tail] = span === undefined ? operation : settled
    this.#recordedAt[tail] = span === undefined ? recordedAt : SETTLED
    this.#size++
    if (this.#size === 1) this.#onFirst()
    return settled
  }

  /** Settles what has not been: afterwards the totals hold every operation recorded. */
  settle(): void {
    while (this.#settled < this.#size && !this.#isReading) this.#settleNext()
  }

  /**
   * Takes the oldest operation out and lets `measure` have it: returns true, and counts it as measured, when `measure`
   * returned, or as dropped when it threw or there was nothing to measure. Returns false when there is none to take out.
   */
  measureNext(measure: (operation: CleanOperation) => void): boolean {
    if (this.#size === 0 || !this.#settleHead()) return false
    const operation = this.#removeHead()
    if (operation === undefined) {
      this.#dropped.invalid++
      return true
    }
    try {
      measure(operation)
      this.#measured++
    } catch {
      this.#dropped.error++
    }
    return true
  }

  /** Takes no more: what is recorded from here on is dropped for `shutdown`. What is in the buffer stays. */
  close(): void {
    this.#closed = true
  }

  /** Gives up what is in the buffer. */
  abandon(): void {
    this.settle()
    this.#dropped.deadline += this.#size
    this.#ring.fill(undefined)
    this.#size = 0
    this.#settled = 0
  }

  #settleNext(): void {
    let index = this.#head + this.#settled
    if (index >= this.capacity) index -= this.capacity
    const recordedAt = this.#recordedAt[index]!
    if (recordedAt !== SETTLED) {
      this.#isReading = true
      try {
        this.#ring[index] = this.#settle(this.#ring[index] as Operation, recordedAt || Date.now())
      } finally {
        this.#isReading = false
      }
    }
    this.#settled++
  }

  /** Settles the oldest operation, if it is not. False when it is just being read, by whose code this is called. */
  #settleHead(): boolean {
    if (this.#settled === 0 && !this.#isReading) this.#settleNext()
    return this.#settled > 0
  }

  #removeHead(): CleanOperation | undefined {
    const operation = this.#ring[this.#head] as CleanOperation | undefined
    this.#ring[this.#head] = undefined
    this.#head = this.#head + 1 === this.capacity ? 0 : this.#head + 1
    this.#size--
    this.#settled--
    return operation
  }

  #evictOldest(): void {
    if (!this.#settleHead()) return
    const reason = this.#removeHead() === undefined ? 'invalid' : 'buffer_full'
    this.#dropped[reason]++
  }
}

function hasStartTime(operation: Operation): boolean {
  try {
    return operation.startTime !== undefined
  } catch {
    return false
  }
}
