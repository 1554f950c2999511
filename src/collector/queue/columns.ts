/** Values of many records side by side: numbers, texts that repeat, texts that do not. Knows nothing of what they mean. */

/** Counts of numbers, integers, words and texts, each of 32 bits, before them. */
const COUNTS_BYTES = 16

/** Takes values one after another; each method returns the bit it was given when there is a value, else 0. */
export class ColumnWriter {
  readonly #numbers: number[] = []
  /** Bits, booleans, and where among the words a repeated text stands. */
  readonly #integers: number[] = []
  readonly #words: string[] = []
  readonly #texts: string[] = []
  readonly #wordIndexes = new Map<string, number>()

  /** Keeps the place of two words of bits, and returns it. */
  reserveBits(): number {
    return this.#integers.push(0, 0) - 2
  }

  setBits(at: number, first: number, second: number): void {
    this.#integers[at] = first
    this.#integers[at + 1] = second
  }

  number(value: number | undefined, bit: number): number {
    if (value === undefined) return 0
    if (typeof value !== 'number') throw new TypeError(`a number is expected; got ${typeof value}`)
    this.#numbers.push(value)
    return bit
  }

  flag(value: boolean | undefined, bit: number): number {
    if (value === undefined) return 0
    this.#integers.push(value ? 1 : 0)
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
    this.#integers.push(index)
    return bit
  }

  json(value: object | undefined, bit: number): number {
    return value === undefined ? 0 : this.text(JSON.stringify(value), bit)
  }

  /** All of it, after `before` bytes of zeros (a multiple of eight, so that the numbers are aligned). */
  toBytes(before: number): Buffer {
    const numbers = this.#numbers
    const integers = this.#integers
    const words = this.#words
    const texts = this.#texts
    const text = words.join('') + texts.join('')
    const integerCount = integers.length + words.length + texts.length
    const textAt = before + COUNTS_BYTES + numbers.length * 8 + integerCount * 4
    const bytes = Buffer.from(new ArrayBuffer(textAt + Buffer.byteLength(text)))
    const counts = new Uint32Array(bytes.buffer, before, 4)
    counts[0] = numbers.length
    counts[1] = integers.length
    counts[2] = words.length
    counts[3] = texts.length
    new Float64Array(bytes.buffer, before + COUNTS_BYTES, numbers.length).set(numbers)
    const rest = new Int32Array(bytes.buffer, before + COUNTS_BYTES + numbers.length * 8, integerCount)
    rest.set(integers)
    // Lengths in the units of JavaScript: a lone surrogate, which UTF-8 cannot carry, stays one character.
    let at = integers.length
    for (const word of words) rest[at++] = word.length
    for (const one of texts) rest[at++] = one.length
    bytes.write(text, textAt)
    return bytes
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

  json(): unknown {
    return JSON.parse(this.text())
  }
}
