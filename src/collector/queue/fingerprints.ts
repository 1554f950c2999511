/**
 * Where ids of which only a fingerprint is kept were written down: eight bytes for each, half of them the place, so that millions
 * fit in memory. A fingerprint that fits is no proof; whoever asks looks at the place. Knows nothing of ids.
 */

/** So many tables that one can grow without anybody noticing. */
const TABLES = 256
const SMALLEST = 16
const FULLEST = 0.75
const EMPTIEST = 0.25
const GROWTH = 1.5

export class Fingerprints {
  readonly #tables = Array.from({ length: TABLES }, () => new Table())

  /** `selector` and `print`: two independent words of 32 bits made of the id. `place`: above 0. */
  add(selector: number, print: number, place: number): void {
    this.#table(selector).add(print, place)
  }

  /** Whether an id may be among those, and `isThere` says so of a place where it would be. */
  has(selector: number, print: number, isThere: (place: number) => boolean): boolean {
    return this.#table(selector).has(print, isThere)
  }

  delete(selector: number, print: number, place: number): void {
    this.#table(selector).delete(print, place)
  }

  #table(selector: number): Table {
    return this.#tables[selector % TABLES]!
  }
}

/** Open addressing; what belongs to a slot that is taken stands in the next free one. A place of 0 is a free slot. */
class Table {
  #capacity = SMALLEST
  #size = 0
  #prints = new Uint32Array(SMALLEST)
  #places = new Uint32Array(SMALLEST)

  add(print: number, place: number): void {
    if (this.#size >= this.#capacity * FULLEST) this.#resize(Math.ceil(this.#capacity * GROWTH))
    this.#insert(print, place)
    this.#size++
  }

  has(print: number, isThere: (place: number) => boolean): boolean {
    for (let slot = this.#home(print); this.#places[slot] !== 0; slot = this.#after(slot)) {
      if (this.#prints[slot] === print && isThere(this.#places[slot]!)) return true
    }
    return false
  }

  delete(print: number, place: number): void {
    let slot = this.#home(print)
    while (this.#prints[slot] !== print || this.#places[slot] !== place) {
      if (this.#places[slot] === 0) return
      slot = this.#after(slot)
    }
    this.#close(slot)
    this.#size--
    if (this.#size < this.#capacity * EMPTIEST && this.#capacity > SMALLEST) {
      this.#resize(Math.max(SMALLEST, Math.ceil(this.#capacity / GROWTH)))
    }
  }

  /** Frees a slot, moving up those that stand behind it because their own was taken. */
  #close(free: number): void {
    for (let slot = this.#after(free); this.#places[slot] !== 0; slot = this.#after(slot)) {
      const home = this.#home(this.#prints[slot]!)
      const isHomeBetween = free < slot ? free < home && home <= slot : free < home || home <= slot
      if (isHomeBetween) continue
      this.#prints[free] = this.#prints[slot]!
      this.#places[free] = this.#places[slot]!
      free = slot
    }
    this.#places[free] = 0
  }

  #insert(print: number, place: number): void {
    let slot = this.#home(print)
    while (this.#places[slot] !== 0) slot = this.#after(slot)
    this.#prints[slot] = print
    this.#places[slot] = place
  }

  #resize(capacity: number): void {
    const prints = this.#prints
    const places = this.#places
    this.#capacity = capacity
    this.#prints = new Uint32Array(capacity)
    this.#places = new Uint32Array(capacity)
    for (let slot = 0; slot < places.length; slot++) {
      if (places[slot] !== 0) this.#insert(prints[slot]!, places[slot]!)
    }
  }

  #home(print: number): number {
    return Math.floor((print / 2 ** 32) * this.#capacity)
  }

  #after(slot: number): number {
    return slot + 1 === this.#capacity ? 0 : slot + 1
  }
}
