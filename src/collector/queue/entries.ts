/**
 * What waits, in order: a position, a kind, a size and a count of items for each entry, in memory as in the keys on disk,
 * so that to choose, to skip and to drop entries none of them is read.
 */

export type Entry = { readonly kind: number; readonly bytes: number; readonly items: number }

const KEY_BYTES = 15

/** A key: eight bytes that sort by position, then the entry itself. */
export function entryKey(position: number, { kind, bytes, items }: Entry): Buffer {
  const key = Buffer.allocUnsafe(KEY_BYTES)
  key.writeUIntBE(position, 0, 6)
  key[6] = kind
  key.writeUInt32BE(bytes, 7)
  key.writeUInt32BE(items, 11)
  return key
}

export const readEntryKey = (key: Buffer): Entry & { position: number } => ({
  position: key.readUIntBE(0, 6),
  kind: key[6]!,
  bytes: key.readUInt32BE(7),
  items: key.readUInt32BE(11),
})

/** Entries of positions without gaps, from `first` on to before `next`. A ring that grows. */
export class Entries {
  #first: number
  #next: number
  #capacity = 64
  #kinds = new Uint8Array(this.#capacity)
  #bytes = new Uint32Array(this.#capacity)
  #items = new Uint32Array(this.#capacity)

  /** Empty, with the position that the next entry gets. */
  constructor(next: number) {
    this.#first = next
    this.#next = next
  }

  get first(): number {
    return this.#first
  }

  get next(): number {
    return this.#next
  }

  /** Puts an entry at the end and returns its position. */
  push({ kind, bytes, items }: Entry): number {
    if (this.#next - this.#first === this.#capacity) this.#grow()
    const slot = this.#next % this.#capacity
    this.#kinds[slot] = kind
    this.#bytes[slot] = bytes
    this.#items[slot] = items
    return this.#next++
  }

  at(position: number): Entry {
    const slot = this.#slot(position)
    return { kind: this.#kinds[slot]!, bytes: this.#bytes[slot]!, items: this.#items[slot]! }
  }

  kind(position: number): number {
    return this.#kinds[this.#slot(position)]!
  }

  key(position: number): Buffer {
    return entryKey(position, this.at(position))
  }

  /** Forgets what stands before a position. */
  removeBefore(position: number): void {
    this.#first = Math.min(Math.max(position, this.#first), this.#next)
  }

  /** Forgets what stands from a position on. */
  removeFrom(position: number): void {
    this.#next = Math.max(Math.min(position, this.#next), this.#first)
  }

  #slot(position: number): number {
    if (position < this.#first || position >= this.#next) throw new RangeError(`BUG: no entry at position ${position}`)
    return position % this.#capacity
  }

  #grow(): void {
    const from = { capacity: this.#capacity, kinds: this.#kinds, bytes: this.#bytes, items: this.#items }
    this.#capacity *= 2
    this.#kinds = new Uint8Array(this.#capacity)
    this.#bytes = new Uint32Array(this.#capacity)
    this.#items = new Uint32Array(this.#capacity)
    for (let position = this.#first; position < this.#next; position++) {
      const slot = position % this.#capacity
      this.#kinds[slot] = from.kinds[position % from.capacity]!
      this.#bytes[slot] = from.bytes[position % from.capacity]!
      this.#items[slot] = from.items[position % from.capacity]!
    }
  }
}
