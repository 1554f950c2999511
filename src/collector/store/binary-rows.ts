/** Rows in ClickHouse's RowBinaryWithNamesAndTypes: long lists of numbers are written and read in a fraction of the time that JSON takes for them. */

export const BINARY_ROWS = 'RowBinaryWithNamesAndTypes'

export type BinaryCell = string | number | Float64Array

const CELLS: { readonly [type: string]: (reader: Reader) => BinaryCell } = {
  String: (reader) => reader.text(),
  'LowCardinality(String)': (reader) => reader.text(),
  Float64: (reader) => reader.doubles(1)[0]!,
  'Array(Float64)': (reader) => reader.doubles(reader.length()),
}

/** Rows as objects. Throws where they have columns of other types than texts, Float64 and arrays of it, or end too early. */
export function readBinaryRows(bytes: Uint8Array): { [column: string]: BinaryCell }[] {
  if (bytes.length === 0) return []
  const reader = new Reader(bytes)
  const columns = Array.from({ length: reader.length() }, () => reader.text())
  const cells = columns.map((column) => {
    const type = reader.text()
    const cell = CELLS[type]
    if (cell === undefined)
      throw new TypeError(`the column ${column} is of the type ${type}, which is not read in binary`)
    return cell
  })
  const rows: { [column: string]: BinaryCell }[] = []
  while (!reader.isAtEnd) rows.push(Object.fromEntries(columns.map((column, index) => [column, cells[index]!(reader)])))
  return rows
}

/** All numbers are little-endian, as those of every machine the engine has builds for. */
class Reader {
  readonly #bytes: Buffer
  #at = 0

  constructor({ buffer, byteOffset, byteLength }: Uint8Array) {
    this.#bytes = Buffer.from(buffer, byteOffset, byteLength)
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length
  }

  /** Seven bits of each byte, the lowest first. */
  length(): number {
    let length = 0
    for (let unit = 1; ; unit *= 128) {
      const byte = this.#bytes.readUInt8(this.#at++)
      length += (byte & 127) * unit
      if (byte < 128) return length
    }
  }

  text(): string {
    return this.#take(this.length()).toString()
  }

  doubles(count: number): Float64Array {
    // Of its own memory: what it is read from begins anywhere, and is let go.
    const taken = this.#take(count * Float64Array.BYTES_PER_ELEMENT)
    const doubles = new Float64Array(count)
    new Uint8Array(doubles.buffer).set(taken)
    return doubles
  }

  #take(length: number): Buffer {
    const taken = this.#bytes.subarray(this.#at, this.#at + length)
    if (taken.length < length) throw new RangeError(`the rows end ${length - taken.length} bytes too early`)
    this.#at += length
    return taken
  }
}
