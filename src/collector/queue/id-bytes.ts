/** Ids as few bytes, so that two are equal when their bytes are: ids of spans and UUIDs, which most are, take half their characters. */
import { createHash } from 'node:crypto'

const SPAN = 1
const UUID = 2
const TEXT = 3
const LONG_TEXT = 4

/** Longest id kept as it is, in bytes; of a longer one its SHA-256. */
const TEXT_LIMIT = 200
/** Most bytes an id takes. */
export const ID_BYTES = TEXT_LIMIT + 2

/** Value of a hexadecimal digit by its character code; 16 for what is none. Upper case is none: it makes another id. */
const DIGITS = new Uint8Array(256).fill(16)
for (let value = 0; value < 16; value++) DIGITS[value.toString(16).charCodeAt(0)] = value

const LONE_SURROGATE = /\p{Surrogate}/u
const HYPHEN = 45
const SPAN_HYPHENS = [32]
const UUID_HYPHENS = [8, 13, 18, 23]

/** Writes an id and returns where it ends. The buffer has `ID_BYTES` left. */
export function writeId(id: string, bytes: Buffer, at: number): number {
  if (id.length === 49 && writeHex(id, bytes, at + 1, SPAN_HYPHENS)) {
    bytes[at] = SPAN
    return at + 25
  }
  if (id.length === 36 && writeHex(id, bytes, at + 1, UUID_HYPHENS)) {
    bytes[at] = UUID
    return at + 17
  }
  const length = Buffer.byteLength(id)
  // UTF-8 writes every lone surrogate alike: an id with one is told from others by its digest of UTF-16.
  if (length > TEXT_LIMIT || LONE_SURROGATE.test(id)) {
    bytes[at] = LONG_TEXT
    createHash('sha256')
      .update(id, 'utf16le')
      .digest()
      .copy(bytes, at + 1)
    return at + 33
  }
  bytes[at] = TEXT
  bytes[at + 1] = length
  bytes.write(id, at + 2)
  return at + 2 + length
}

/** Where an id that begins at `at` ends. */
export function endOfId(bytes: Buffer, at: number): number {
  const kind = bytes[at]
  if (kind === SPAN) return at + 25
  if (kind === UUID) return at + 17
  return kind === LONG_TEXT ? at + 33 : at + 2 + bytes[at + 1]!
}

function writeHex(id: string, bytes: Buffer, to: number, hyphens: readonly number[]): boolean {
  let from = 0
  let at = to
  // One bit above those of a digit is set where anything was none.
  let digits = 0
  for (let part = 0; part <= hyphens.length; part++) {
    const end = part < hyphens.length ? hyphens[part]! : id.length
    for (; from < end; from += 2) {
      const high = DIGITS[id.charCodeAt(from) & 0xff]!
      const low = DIGITS[id.charCodeAt(from + 1) & 0xff]!
      digits |= high | low | ((id.charCodeAt(from) | id.charCodeAt(from + 1)) & 0xff00)
      bytes[at++] = (high << 4) | low
    }
    if (part < hyphens.length && id.charCodeAt(from++) !== HYPHEN) return false
  }
  return digits < 16
}
