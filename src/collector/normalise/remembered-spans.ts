/** A set of spans in a room of fixed size, where the latest push out those before them. */

/** Room, in spans: at 20,000 a second more than ten seconds, twice the usual delay of a batch. 2 MiB. */
const SLOTS = 1 << 18

/**
 * Spans by two hashes of their ids. The ids are random, so that one is taken for another no sooner than two such ids are the same;
 * a sender of ids made up to clash harms its own spans.
 */
export class RememberedSpans {
  readonly #hashes = new Int32Array(2 * SLOTS)

  add(traceId: string, spanId: string): void {
    const slot = this.#find(traceId, spanId)
    this.#hashes[slot] = this.#first
    this.#hashes[slot + 1] = this.#second
  }

  has(traceId: string, spanId: string): boolean {
    const slot = this.#find(traceId, spanId)
    return this.#hashes[slot] === this.#first && this.#hashes[slot + 1] === this.#second
  }

  #first = 0
  #second = 0

  /** Hashes the ids; gives the slot that is theirs. */
  #find(traceId: string, spanId: string): number {
    let first = 0x811c9dc5
    let second = 0x9e3779b9
    for (let index = 0; index < spanId.length; index++) {
      const code = spanId.charCodeAt(index)
      first = Math.imul(first ^ code, 0x01000193)
      second = Math.imul(second ^ code, 0x85ebca6b) ^ (second >>> 15)
    }
    // The same span id in two traces is rare, and the end of a trace id, which is random, tells them apart.
    for (let index = 24; index < traceId.length; index++) {
      const code = traceId.charCodeAt(index)
      first = Math.imul(first ^ code, 0x01000193)
      second = Math.imul(second ^ code, 0x85ebca6b) ^ (second >>> 15)
    }
    this.#first = first
    // An empty slot holds zeros: no hash is 0.
    this.#second = second | 1
    return ((first ^ (second >>> 9)) & (SLOTS - 1)) << 1
  }
}
