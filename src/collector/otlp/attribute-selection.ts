/** Which attributes are worth reading. Decides by the bytes of a key, so that nothing is made of what nobody reads: prompts and answers above all. */

/** What a reader of attributes asks for. */
export type WantedAttributes = {
  /** An item with one of these is read; one without is only counted. */
  readonly markers: readonly string[]
  /** Read of an item that is read. */
  readonly details: readonly string[]
  /** Beginnings of names that are read like details. */
  readonly prefixes: readonly string[]
}

/** What `find` gives for a key that nobody asked for. */
export const UNWANTED = -1

type Bucket = number[] | undefined

export class AttributeSelection {
  /** The names asked for; their places are what `find` gives, markers first. */
  readonly names: readonly string[]
  readonly #markers: number
  readonly #keys: readonly Buffer[]
  readonly #prefixes: readonly Buffer[]
  // By length, first and last byte: most foreign keys fall into an empty bucket, and are done with after three looks.
  readonly #buckets: readonly Bucket[]
  readonly #prefixesByFirstByte: readonly Bucket[]
  readonly #places: ReadonlyMap<string, number>

  constructor({ markers, details, prefixes }: WantedAttributes) {
    const marking = new Set(markers)
    this.names = [...marking, ...new Set(details.filter((name) => !marking.has(name)))]
    this.#markers = marking.size
    this.#keys = this.names.map((name) => Buffer.from(name))
    this.#prefixes = prefixes.map((prefix) => Buffer.from(prefix))
    this.#places = new Map(this.names.map((name, place) => [name, place]))
    const buckets: Bucket[] = new Array(BUCKETS).fill(undefined)
    for (const [place, key] of this.#keys.entries()) {
      const bucket = bucketOf(key.length, key[0]!, key[key.length - 1]!)
      buckets[bucket] = [...(buckets[bucket] ?? []), place]
    }
    this.#buckets = buckets
    const byFirstByte: Bucket[] = new Array(256).fill(undefined)
    for (const [place, prefix] of this.#prefixes.entries()) {
      byFirstByte[prefix[0]!] = [...(byFirstByte[prefix[0]!] ?? []), place]
    }
    this.#prefixesByFirstByte = byFirstByte
  }

  /** Whether an item that has the attribute at this place is read. */
  isMarker(place: number): boolean {
    return place < this.#markers
  }

  /**
   * The place of the key that stands in `bytes` from `start` to `end`: that of its name in `names`, or one past the last
   * name for one that is wanted by its beginning, or `UNWANTED`.
   */
  find(bytes: Uint8Array, start: number, end: number): number {
    const length = end - start
    if (length === 0) return UNWANTED
    const first = bytes[start]!
    const bucket = this.#buckets[bucketOf(length, first, bytes[end - 1]!)]
    if (bucket !== undefined) {
      for (let index = 0; index < bucket.length; index++) {
        const place = bucket[index]!
        const key = this.#keys[place]!
        if (key.length === length && startsWith(bytes, start, key)) return place
      }
    }
    const prefixes = this.#prefixesByFirstByte[first]
    if (prefixes !== undefined) {
      for (let index = 0; index < prefixes.length; index++) {
        const prefix = this.#prefixes[prefixes[index]!]!
        if (length > prefix.length && startsWith(bytes, start, prefix)) return this.names.length
      }
    }
    return UNWANTED
  }

  /** As `find`, for a key that is text already. */
  findName(name: string): number {
    const place = this.#places.get(name)
    if (place !== undefined) return place
    if (this.#prefixesByFirstByte[name.charCodeAt(0) & 0xff] === undefined) return UNWANTED
    const bytes = Buffer.from(name)
    return this.find(bytes, 0, bytes.length)
  }
}

const BUCKETS = 2048

function bucketOf(length: number, first: number, last: number): number {
  return (length * 61 + first * 17 + last) & (BUCKETS - 1)
}

function startsWith(bytes: Uint8Array, start: number, key: Buffer): boolean {
  // From behind: names of one kind begin alike.
  for (let index = key.length - 1; index >= 0; index--) {
    if (bytes[start + index] !== key[index]) return false
  }
  return true
}
