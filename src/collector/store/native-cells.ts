/**
 * Values of one column in ClickHouse's Native format: column by column and binary, the way the engine holds them. It takes a quarter of the
 * time of text to read (4 µs of a row of 26 columns, instead of 17), and a third of it to write.
 */

/** Collects the values of a column, then gives their bytes. What is collected alike gives the same bytes. */
export type Cells<Value> = {
  add(value: Value | undefined): void
  /** About the bytes so far. */
  readonly bytes: number
  /** What stands before all else, of the whole column: versions of how it is written. */
  readonly prefix?: Buffer | undefined
  finish(): Buffer[]
}

const NO_BYTES = Buffer.alloc(0)

function grown<Values extends Uint8Array | Uint32Array | Int32Array | Float64Array>(values: Values): Values {
  const larger = new (values.constructor as new (length: number) => Values)(values.length * 2)
  larger.set(values)
  return larger
}

function bytesOf({ buffer, byteOffset, byteLength }: Uint8Array | Uint32Array | Int32Array | Float64Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength)
}

/** Integers of 64 bits, as large as a double tells them exactly. */
class Integers64 {
  #words = new Uint32Array(2048)
  #length = 0

  get bytes(): number {
    return this.#length * 4
  }

  push(value: number): void {
    if (this.#length === this.#words.length) this.#words = grown(this.#words)
    this.#words[this.#length++] = value >>> 0
    this.#words[this.#length++] = Math.floor(value / 2 ** 32)
  }

  finish(): Buffer {
    return bytesOf(this.#words.subarray(0, this.#length))
  }
}

class Doubles {
  #values = new Float64Array(1024)
  #length = 0

  get bytes(): number {
    return this.#length * 8
  }

  push(value: number): void {
    if (this.#length === this.#values.length) this.#values = grown(this.#values)
    this.#values[this.#length++] = value
  }

  finish(): Buffer {
    return bytesOf(this.#values.subarray(0, this.#length))
  }
}

class Bytes {
  #values = new Uint8Array(1024)
  #length = 0

  get bytes(): number {
    return this.#length
  }

  push(value: number): void {
    if (this.#length === this.#values.length) this.#values = grown(this.#values)
    this.#values[this.#length++] = value
  }

  finish(): Buffer {
    return bytesOf(this.#values.subarray(0, this.#length))
  }
}

/** A length as the format has it: seven bits a byte, the last one without the eighth. */
export function lengthBytes(length: number): Buffer {
  const bytes: number[] = []
  let left = length
  for (; left >= 128; left >>>= 7) bytes.push((left & 127) | 128)
  bytes.push(left)
  return Buffer.from(bytes)
}

const SHORT_LENGTHS = Array.from({ length: 128 }, (_, length) => String.fromCharCode(length))
/** Texts that are joined before they become bytes. */
const JOINED_TEXTS = 512

/** Texts with their lengths before them. */
class Texts {
  readonly #parts: Buffer[] = []
  /** Lengths and texts in turn. */
  #waiting: string[] = []
  #bytes = 0

  get bytes(): number {
    return this.#bytes
  }

  push(text: string): void {
    // Of longer ones this is no length, and it is not used.
    this.#waiting.push(SHORT_LENGTHS[text.length] ?? '\xff', text)
    this.#bytes += text.length + 1
    if (this.#waiting.length >= 2 * JOINED_TEXTS) this.#join()
  }

  finish(): Buffer[] {
    this.#join()
    return this.#parts
  }

  #join(): void {
    const waiting = this.#waiting
    this.#waiting = []
    // Most are ids: in plain ASCII a length is one character too, and all of them become bytes at once.
    const joined = waiting.join('')
    const bytes = Buffer.from(joined)
    if (bytes.length === joined.length) this.#parts.push(bytes)
    else for (let at = 1; at < waiting.length; at += 2) this.#push(waiting[at]!)
  }

  #push(text: string): void {
    const bytes = Buffer.from(text)
    this.#parts.push(lengthBytes(bytes.length), bytes)
  }
}

/** A `String`; the empty one where there is no value. */
export function texts(): Cells<string> {
  const values = new Texts()
  return {
    add(value) {
      values.push(value ?? '')
    },
    get bytes() {
      return values.bytes
    },
    finish: () => values.finish(),
  }
}

/** `SharedDictionariesWithAdditionalKeys`, the only version there is. */
const DICTIONARY_VERSION = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0])
/** The keys follow, and the reader begins a dictionary with them. */
const DICTIONARY_FLAGS = 0x600

/** Texts that repeat: each once, and for every row which. */
class Dictionary {
  readonly #keys = new Map<string, number>()
  readonly #texts = new Texts()
  #indexes = new Uint32Array(1024)
  #length = 0
  #last: string | undefined
  #lastIndex = 0

  constructor() {
    // The first key is the value of no value.
    this.#add('')
  }

  get bytes(): number {
    return this.#texts.bytes + 4 * this.#length
  }

  push(text: string): void {
    if (this.#length === this.#indexes.length) this.#indexes = grown(this.#indexes)
    if (text !== this.#last) {
      this.#last = text
      this.#lastIndex = this.#keys.get(text) ?? this.#add(text)
    }
    this.#indexes[this.#length++] = this.#lastIndex
  }

  finish(): Buffer[] {
    if (this.#length === 0) return []
    const size = this.#keys.size
    const kind = size <= 2 ** 8 ? 0 : size <= 2 ** 16 ? 1 : 2
    const indexes = this.#indexes.subarray(0, this.#length)
    const narrow = kind === 0 ? Uint8Array.from(indexes) : kind === 1 ? Uint16Array.from(indexes) : indexes
    const head = Buffer.alloc(16)
    head.writeUInt32LE(DICTIONARY_FLAGS | kind, 0)
    head.writeUInt32LE(size, 8)
    const rows = Buffer.alloc(8)
    rows.writeUInt32LE(this.#length, 0)
    return [head, ...this.#texts.finish(), rows, Buffer.from(narrow.buffer, narrow.byteOffset, narrow.byteLength)]
  }

  #add(text: string): number {
    const index = this.#keys.size
    this.#keys.set(text, index)
    this.#texts.push(text)
    return index
  }
}

/** A `LowCardinality(String)`; the empty one where there is no value. */
export function words(): Cells<string> {
  const dictionary = new Dictionary()
  return {
    prefix: DICTIONARY_VERSION,
    add: (value) => dictionary.push(value ?? ''),
    get bytes() {
      return dictionary.bytes
    },
    finish: () => dictionary.finish(),
  }
}

/** Values that every row has, as 64 bits. */
export function integers(): Cells<number> {
  const values = new Integers64()
  return {
    add: (value) => values.push(value ?? 0),
    get bytes() {
      return values.bytes
    },
    finish: () => [values.finish()],
  }
}

type Values = { readonly bytes: number; push(value: number): void; finish(): Buffer }

/** `Nullable`: which rows have none, then a value for every row. */
function nullable(values: Values): Cells<number> {
  const absent = new Bytes()
  return {
    add(value) {
      absent.push(value === undefined ? 1 : 0)
      values.push(value ?? 0)
    },
    get bytes() {
      return absent.bytes + values.bytes
    },
    finish: () => [absent.finish(), values.finish()],
  }
}

export const nullableIntegers = () => nullable(new Integers64())
export const nullableDoubles = () => nullable(new Doubles())
export const nullableBytes = () => nullable(new Bytes())

/** An `Array(Float64)`: where each row's values end, then all values. */
export function doubleLists(): Cells<readonly number[]> {
  const ends = new Integers64()
  const values = new Doubles()
  let count = 0
  return {
    add(list) {
      if (list !== undefined) {
        for (const value of list) values.push(value)
        count += list.length
      }
      ends.push(count)
    },
    get bytes() {
      return ends.bytes + values.bytes
    },
    finish: () => [ends.finish(), values.finish()],
  }
}

/** A `Map(LowCardinality(String), …)`: where each row's entries end, then all keys, then all values. */
export function maps<Value>(createValues: () => Cells<Value>): Cells<readonly (readonly [string, Value])[]> {
  const ends = new Integers64()
  const keys = new Dictionary()
  const values = createValues()
  let count = 0
  return {
    prefix: Buffer.concat([DICTIONARY_VERSION, values.prefix ?? NO_BYTES]),
    add(entries) {
      if (entries !== undefined) {
        for (const [key, value] of entries) {
          keys.push(key)
          values.add(value)
        }
        count += entries.length
      }
      ends.push(count)
    },
    get bytes() {
      return ends.bytes + keys.bytes + values.bytes
    },
    finish: () => [ends.finish(), ...keys.finish(), ...values.finish()],
  }
}
