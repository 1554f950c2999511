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

/**
 * Open addressing; what belongs to a slot that is taken stands in the next free one. A slot is two words side by side, the
 * fingerprint and the place, since to fetch them from memory is what takes the time. A place of 0 is a free slot.
 */
class Table {
  #capacity = SMALLEST
  #size = 0
  #slots = new Uint32Array(2 * SMALLEST)

  add(print: number, place: number): void {
    if (this.#size >= this.#capacity * FULLEST) this.#resize(Math.ceil(this.#capacity * GROWTH))
    this.#insert(print, place)
    this.#size++
  }

  has(print: number, isThere: (place: number) => boolean): boolean {
    const slots = this.#slots
    for (let at = this.#home(print); slots[at + 1] !== 0; at = this.#after(at)) {
      if (slots[at] === print && isThere(slots[at + 1]!)) return true
    }
    return false
  }

  delete(print: number, place: number): void {
    const slots = this.#slots
    let at = this.#home(print)
    while (slots[at] !== print || slots[at + 1] !== place) {
      if (slots[at + 1] === 0) return
      at = this.#after(at)
    }
    this.#close(at)
    this.#size--
    if (this.#size < this.#capacity * EMPTIEST && this.#capacity > SMALLEST) {
      this.#resize(Math.max(SMALLEST, Math.ceil(this.#capacity / GROWTH)))
    }
  }

  /** Frees a slot, moving up those that stand behind it because their own was taken. */
  #close(free: number): void {
    const slots = this.#slots
    for (let at = this.#after(free); slots[at + 1] !== 0; at = this.#after(at)) {
      const home = this.#home(slots[at]!)
      const isHomeBetween = free < at ? free < home && home <= at : free < home || home <= at
      if (isHomeBetween) continue
      slots[free] = slots[at]!
      slots[free + 1] = slots[at + 1]!
      free = at
    }
    slots[free + 1] = 0
  }

  #insert(print: number, place: number): void {
    let at = this.#home(print)
    while (this.#slots[at + 1] !== 0) at = this.#after(at)
    this.#slots[at] = print
    this.#slots[at + 1] = place
  }

  #resize(capacity: number): void {
    const slots = this.#slots
    this.#capacity = capacity
    this.#slots = new Uint32Array(2 * capacity)
    for (let at = 0; at < slots.length; at += 2) {
      if (slots[at + 1] !== 0) this.#insert(slots[at]!, slots[at + 1]!)
    }
  }

  /** Where the slot of a fingerprint begins. */
  #home(print: number): number {
    return 2 * Math.floor((print / 2 ** 32) * this.#capacity)
  }

  #after(at: number): number {
    return at + 2 === 2 * this.#capacity ? 0 : at + 2
  }
}
