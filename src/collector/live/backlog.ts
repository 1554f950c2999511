/** The last events of one kind, for whoever lost its connection: bounded in number and bytes, the oldest forgotten first. */
import type { LiveEvent } from './event.js'

export class Backlog {
  readonly #maxEvents: number
  readonly #maxBytes: number
  #events: LiveEvent[] = []
  #bytes = 0
  #forgotten: number

  /** @param forgotten sequence of the last event before the first that is kept */
  constructor(limits: { readonly maxEvents: number; readonly maxBytes: number }, forgotten: number) {
    this.#maxEvents = limits.maxEvents
    this.#maxBytes = limits.maxBytes
    this.#forgotten = forgotten
  }

  add(event: LiveEvent): void {
    this.#events.push(event)
    this.#bytes += event.bytes.length
    while (this.#events.length > this.#maxEvents || this.#bytes > this.#maxBytes) {
      const oldest = this.#events.shift()!
      this.#bytes -= oldest.bytes.length
      this.#forgotten = oldest.sequence
    }
  }

  /** Those after `sequence`, and whether that is all there were. */
  after(sequence: number): { readonly events: readonly LiveEvent[]; readonly isComplete: boolean } {
    return {
      events: this.#events.filter((event) => event.sequence > sequence),
      isComplete: sequence >= this.#forgotten,
    }
  }

  /** Forgets all up to `sequence`, the last event there was. */
  clear(sequence: number): void {
    this.#events = []
    this.#bytes = 0
    this.#forgotten = sequence
  }
}
