/** Reads protobuf within bounds: a `BinaryReader` that knows where a message ends, and says where it broke. Knows nothing of OTLP. */
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'
import { InvalidOtlp } from './invalid-otlp.js'
import { readText } from './known-text.js'

export class WireReader extends BinaryReader {
  readonly source: Buffer
  /** Number of the field that `next` moved to. */
  field = 0
  #wireType = 0

  constructor(body: Uint8Array) {
    const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
    super(bytes)
    this.source = bytes
  }

  /** Moves to the next field of the message that ends at `end`; false when there is none. */
  next(end: number): boolean {
    if (this.pos >= end) {
      if (this.pos > end) this.fail('a field reaches beyond its message')
      return false
    }
    const tag = this.uint32()
    this.field = tag >>> 3
    this.#wireType = tag & 7
    if (this.field === 0) this.fail('a field of number 0')
    return true
  }

  /** Enters the message in this field: where it ends. */
  enter(): number {
    if (this.#wireType !== WireType.LengthDelimited) this.#failType()
    const length = this.uint32()
    const end = this.pos + length
    if (end > this.len) this.fail('truncated')
    return end
  }

  /** Text, at most `TEXT_LIMIT` bytes of it. */
  text(): string {
    const end = this.enter()
    const start = this.pos
    this.pos = end
    return readText(this.source, start, end)
  }

  /** The text from where the reader stands to `end`. */
  textUntil(end: number): string {
    const start = this.pos
    this.pos = end
    return readText(this.source, start, end)
  }

  /** A whole number of 64 bits: a bigint where a number would lose some of it. */
  integer(): number | bigint {
    if (this.#wireType !== WireType.Varint) this.#failType()
    const start = this.pos
    let value = 0
    let scale = 1
    // Seven bytes fit a number; what is longer is negative, enormous or malformed.
    for (let position = start; position < start + 7 && position < this.len; position++) {
      const byte = this.source[position]!
      value += (byte & 0x7f) * scale
      if (byte < 0x80) {
        this.pos = position + 1
        return value
      }
      scale *= 128
    }
    const exact = BigInt(this.int64())
    const number = Number(exact)
    return Number.isSafeInteger(number) ? number : exact
  }

  /** A small whole number, of an enumeration or flag; what does not fit 32 bits is cut. */
  small(): number {
    if (this.#wireType !== WireType.Varint) this.#failType()
    return this.uint32()
  }

  /** Makes sure that this field holds 8 bytes of fixed width, and passes over them: where they begin. */
  fixed8(): number {
    if (this.#wireType !== WireType.Bit64) this.#failType()
    return this.#passFixed(8)
  }

  /** As `fixed8`, of 4 bytes. */
  fixed4(): number {
    if (this.#wireType !== WireType.Bit32) this.#failType()
    return this.#passFixed(4)
  }

  /** An id of `length` bytes: where it begins, or -1 when it is empty. */
  id(length: number): number {
    const end = this.enter()
    const start = this.pos
    if (end === start) return -1
    if (end - start !== length) this.fail(`an id of ${end - start} bytes instead of ${length}`)
    this.pos = end
    return start
  }

  /** Passes over this field, whatever is in it. */
  ignore(): void {
    switch (this.#wireType) {
      case WireType.Varint: {
        const limit = this.pos + 10
        while (this.source[this.pos++]! >= 0x80) if (this.pos >= limit) this.fail('a number of more than 10 bytes')
        break
      }
      case WireType.Bit64:
        this.pos += 8
        break
      case WireType.Bit32:
        this.pos += 4
        break
      case WireType.LengthDelimited:
        this.pos = this.enter()
        break
      default:
        // Groups, which nobody sends, and what is no wire type.
        this.skip(this.#wireType, this.field)
    }
    if (this.pos > this.len) this.fail('truncated')
  }

  fail(what: string): never {
    throw new InvalidOtlp(`${what}, at byte ${Math.min(this.pos, this.len)}`)
  }

  #passFixed(width: number): number {
    const start = this.pos
    this.pos = start + width
    if (this.pos > this.len) this.fail('truncated')
    return start
  }

  #failType(): never {
    this.fail(`field ${this.field} has wire type ${this.#wireType}`)
  }
}
