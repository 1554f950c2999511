/** Text out of bytes, remembering what came before: names of models, providers and hosts come again with every call. */
import { isUtf8 } from 'node:buffer'
import { InvalidOtlp } from './invalid-otlp.js'
import { TEXT_LIMIT } from './limits.js'

const SLOTS = 4096
/** Longest text remembered, in bytes. Longer ones do not come again. */
const LONGEST_KNOWN = 64
// One text a slot, the latest: what does not come again is pushed out by what does.
const known: string[] = new Array(SLOTS).fill('')

/** The text that stands in `bytes` from `start` to `end`, at most `TEXT_LIMIT` bytes of it. Throws where it is no UTF-8. */
export function readText(bytes: Buffer, start: number, end: number): string {
  const length = end - start
  if (length === 0) return ''
  if (length > LONGEST_KNOWN) return readLongText(bytes, start, end)
  let hash = length
  let bits = 0
  for (let index = start; index < end; index++) {
    const byte = bytes[index]!
    hash = (Math.imul(hash, 31) + byte) | 0
    bits |= byte
  }
  if (bits > 0x7f) return readLongText(bytes, start, end)
  const slot = (hash ^ (hash >>> 12)) & (SLOTS - 1)
  const before = known[slot]!
  if (before.length === length) {
    let index = 0
    while (index < length && before.charCodeAt(index) === bytes[start + index]) index++
    if (index === length) return before
  }
  const text = bytes.toString('latin1', start, end)
  known[slot] = text
  return text
}

function readLongText(bytes: Buffer, start: number, end: number): string {
  checkText(bytes, start, end)
  let stop = end
  if (end - start > TEXT_LIMIT) {
    stop = start + TEXT_LIMIT
    // Not through the middle of a character: its later bytes are of the form 10xxxxxx.
    while ((bytes[stop]! & 0xc0) === 0x80) stop--
  }
  return bytes.toString('utf8', start, stop)
}

/** Throws where the bytes from `start` to `end` are no UTF-8. */
export function checkText(bytes: Buffer, start: number, end: number): void {
  if (end - start <= LONGEST_KNOWN) {
    let bits = 0
    for (let index = start; index < end; index++) bits |= bytes[index]!
    if (bits <= 0x7f) return
  }
  if (!isUtf8(bytes.subarray(start, end))) throw new InvalidOtlp(`not UTF-8 at byte ${start}`)
}
