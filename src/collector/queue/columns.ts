/** Values of many records side by side: numbers, texts that repeat, texts that do not. Knows nothing of what they mean. */

/** Counts of numbers, integers, words and texts, each of 32 bits, before them. */
const COUNTS_BYTES = 16

/** Kinds of values in a record. */
const STRING = 0
const NUMBER = 1
const TRUE = 2
const FALSE = 3

// One writer is at work at a time, from its making to its bytes; what it collects stands here, so that none of it is garbage.
let numbers = new Float64Array(4096)
/** Bits, booleans, and where among the words a repeated text stands. */
let integers = new Int32Array(16_384)

function larger<Values extends Float64Array | Int32Array>(
  values: Values,
  type: new (length: number) => Values,
): Values {
  const grown = new type(values.length * 2)
  grown.set(values)
  return grown
}

/** Takes values one after another; each method returns the bit it was given when there is a value, else 0. */
export class ColumnWriter {
  #numberCount = 0
  #integerCount = 0
  readonly #words: string[] = []
  readonly #texts: string[] = []
  readonly #wordIndexes = new Map<string, number>()

  /** Keeps the place of two words of bits, and returns it. */
  reserveBits(): number {
    this.#integer(0)
    this.#integer(0)
    return this.#integerCount - 2
  }

  setBits(at: number, first: number, second: number): void {
    integers[at] = first
    integers[at + 1] = second
  }

  number(value: number | undefined, bit: number): number {
    if (value === undefined) return 0
    if (typeof value !== 'number') throw new TypeError(`a number is expected; got ${typeof value}`)
    this.#number(value)
    return bit
  }

  flag(value: boolean | undefined, bit: number): number {
    if (value === undefined) return 0
    this.#integer(value ? 1 : 0)
    return bit
  }

  text(value: string | undefined, bit: number): number {
    if (value === undefined) return 0
    if (typeof value !== 'string') throw new TypeError(`a text is expected; got ${typeof value}`)
    this.#texts.push(value)
    return bit
  }

  /** A text that repeats among the records: written once. */
  word(value: string | undefined, bit: number): number {
    if (value === undefined) return 0
    let index = this.#wordIndexes.get(value)
    if (index === undefined) {
      if (typeof value !== 'string') throw new TypeError(`a text is expected; got ${typeof value}`)
      index = this.#words.push(value) - 1
      this.#wordIndexes.set(value, index)
    }
    this.#integer(index)
    return bit
  }

  json(value: object | undefined, bit: number): number {
    return value === undefined ? 0 : this.text(JSON.stringify(value), bit)
  }

  /** Values by keys that repeat: how many, and of each the key and the value, a third as long to write as JSON. */
  record(value: { readonly [key: string]: string | number | boolean } | undefined, bit: number): number {
    if (value === undefined) return 0
    const at = this.#integerCount
    this.#integer(0)
    let count = 0
    for (const key of Object.keys(value)) {
      const one = value[key]!
      this.word(key, 0)
      if (typeof one === 'string') {
        this.#integer(STRING)
        this.word(one, 0)
      } else if (typeof one === 'number') {
        this.#integer(NUMBER)
        this.#number(one)
      } else if (typeof one === 'boolean') {
        this.#integer(one ? TRUE : FALSE)
      } else {
        throw new TypeError(`a text, number or boolean is expected; got ${typeof one}`)
      }
      count++
    }
    integers[at] = count
    return bit
  }

  /** All of it, after `before` bytes of zeros (a multiple of eight, so that the numbers are aligned). */
  toBytes(before: number): Buffer {
    const words = this.#words
    const texts = this.#texts
    const text = words.join('') + texts.join('')
    const restCount = this.#integerCount + words.length + texts.length
    const restAt = before + COUNTS_BYTES + this.#numberCount * 8
    const bytes = Buffer.from(new ArrayBuffer(restAt + restCount * 4 + Buffer.byteLength(text)))
    const counts = new Uint32Array(bytes.buffer, before, 4)
    counts[0] = this.#numberCount
    counts[1] = this.#integerCount
    counts[2] = words.length
    counts[3] = texts.length
    new Float64Array(bytes.buffer, before + COUNTS_BYTES, this.#numberCount).set(numbers.subarray(0, this.#numberCount))
    const rest = new Int32Array(bytes.buffer, restAt, restCount)
    rest.set(integers.subarray(0, this.#integerCount))
    // Lengths in the units of JavaScript: a lone surrogate, which UTF-8 cannot carry, stays one character.
    let at = this.#integerCount
    for (const word of words) rest[at++] = word.length
    for (const one of texts) rest[at++] = one.length
    bytes.write(text, restAt + restCount * 4)
    return bytes
  }

  #number(value: number): void {
    if (this.#numberCount === numbers.length) numbers = larger(numbers, Float64Array)
    numbers[this.#numberCount++] = value
  }

  #integer(value: number): void {
    if (this.#integerCount === integers.length) integers = larger(integers, Int32Array)
    integers[this.#integerCount++] = value
  }
}

/** Gives the values back in the order they were taken. */
export class ColumnReader {
  readonly #numbers: Float64Array
  readonly #integers: Int32Array
  readonly #words: string[]
  readonly #text: string
  #number = 0
  #integer = 0
  /** Where the length of the next text stands, and where it begins. */
  #length: number
  #textAt = 0

  constructor(bytes: Uint8Array, before: number) {
    // A copy of its own, where numbers of eight bytes stand at multiples of eight.
    const { buffer } = new Uint8Array(bytes)
    const counts = new Uint32Array(buffer, before, 4)
    const integersAt = before + COUNTS_BYTES + counts[0]! * 8
    const integerCount = counts[1]! + counts[2]! + counts[3]!
    this.#numbers = new Float64Array(buffer, before + COUNTS_BYTES, counts[0])
    this.#integers = new Int32Array(buffer, integersAt, integerCount)
    this.#text = Buffer.from(buffer, integersAt + integerCount * 4).toString()
    this.#length = counts[1]!
    this.#words = Array.from({ length: counts[2]! }, () => this.text())
  }

  bits(): number {
    return this.#integers[this.#integer++]!
  }

  number(): number {
    return this.#numbers[this.#number++]!
  }

  flag(): boolean {
    return this.#integers[this.#integer++] === 1
  }

  text(): string {
    const start = this.#textAt
    this.#textAt += this.#integers[this.#length++]!
    return this.#text.substring(start, this.#textAt)
  }

  word(): string {
    return this.#words[this.#integers[this.#integer++]!]!
  }

  record(): { [key: string]: string | number | boolean } {
    const value: { [key: string]: string | number | boolean } = {}
    for (let left = this.#integers[this.#integer++]!; left > 0; left--) {
      const key = this.word()
      const kind = this.#integers[this.#integer++]
      const one = kind === STRING ? this.word() : kind === NUMBER ? this.number() : kind === TRUE
      // The one key that an assignment does not make a property of.
      if (key === '__proto__')
        Object.defineProperty(value, key, { value: one, enumerable: true, configurable: true, writable: true })
      else value[key] = one
    }
    return value
  }

  json(): unknown {
    return JSON.parse(this.text())
  }
}
