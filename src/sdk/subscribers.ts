/** Lets parts of the program see each operation as it is measured: each by a bounded queue of its own, what it missed counted. */
import type { IdentifiedOperation } from '../clean.js'

/** Sees one operation. What it throws is ignored; while the promise it returns is open, its queue waits. */
export type Listener = (operation: IdentifiedOperation) => void | Promise<void>

export type SubscribeOptions = {
  /** Most operations that wait for this listener; beyond, the oldest is left out and counted. @default 1000 */
  readonly capacity?: number
}

export type Subscription = {
  /** Operations this listener was too slow for. */
  readonly lagged: number
  /** Operations that wait for this listener. */
  readonly size: number
  unsubscribe(): void
}

class Subscriber implements Subscription {
  lagged = 0
  readonly #listener: Listener
  readonly #capacity: number
  readonly #remove: (subscriber: Subscriber) => void
  #queue: IdentifiedOperation[] = []
  #delivering = false

  constructor(listener: Listener, capacity: number, remove: (subscriber: Subscriber) => void) {
    this.#listener = listener
    this.#capacity = capacity
    this.#remove = remove
  }

  get size(): number {
    return this.#queue.length
  }

  push(operation: IdentifiedOperation): void {
    if (this.#queue.length === this.#capacity) {
      this.#queue.shift()
      this.lagged++
    }
    this.#queue.push(operation)
    if (this.#delivering) return
    this.#delivering = true
    queueMicrotask(() => void this.#deliver())
  }

  unsubscribe(): void {
    this.#queue = []
    this.#remove(this)
  }

  async #deliver(): Promise<void> {
    for (let operation = this.#queue.shift(); operation !== undefined; operation = this.#queue.shift()) {
      try {
        await this.#listener(operation)
      } catch {
        // A listener's failure is its own: the next operation is none the worse for it.
      }
    }
    this.#delivering = false
  }
}

export class Subscribers {
  readonly #subscribers = new Set<Subscriber>()
  /** Lag of those that have left. */
  #lagged = 0

  get lagged(): number {
    let lagged = this.#lagged
    for (const subscriber of this.#subscribers) lagged += subscriber.lagged
    return lagged
  }

  get isEmpty(): boolean {
    return this.#subscribers.size === 0
  }

  add(listener: Listener, { capacity = 1000 }: SubscribeOptions = {}): Subscription {
    if (typeof listener !== 'function') throw new TypeError(`listener must be a function; got ${typeof listener}`)
    if (!Number.isInteger(capacity) || capacity < 1)
      throw new RangeError(`capacity must be a positive integer; got ${capacity}`)
    const subscriber = new Subscriber(listener, capacity, (left) => {
      if (this.#subscribers.delete(left)) this.#lagged += left.lagged
    })
    this.#subscribers.add(subscriber)
    return subscriber
  }

  publish(operation: IdentifiedOperation): void {
    for (const subscriber of this.#subscribers) subscriber.push(operation)
  }
}
