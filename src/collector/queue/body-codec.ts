/** A received body as bytes of the queue: what has to be said of it, then the bytes as they came. */
import { crc32 } from 'node:zlib'
import type { ReceivedBody } from '../batch.js'
import { SIGNALS } from '../ledger.js'
import type { Entry } from './entries.js'

/** A checksum of all that follows, and the lengths of the two texts. */
const HEADER_BYTES = 8

export function encodeBody({ contentType, contentEncoding = '', bytes }: ReceivedBody): Buffer {
  const typeBytes = Buffer.byteLength(contentType)
  const encodingBytes = Buffer.byteLength(contentEncoding)
  const encoded = Buffer.allocUnsafeSlow(HEADER_BYTES + typeBytes + encodingBytes + bytes.length)
  encoded.writeUInt16LE(typeBytes, 4)
  encoded.writeUInt16LE(encodingBytes, 6)
  encoded.write(contentType, HEADER_BYTES)
  encoded.write(contentEncoding, HEADER_BYTES + typeBytes)
  encoded.set(bytes, HEADER_BYTES + typeBytes + encodingBytes)
  encoded.writeUInt32LE(crc32(encoded.subarray(4)), 0)
  return encoded
}

/** The body again; undefined when the bytes are not those that were written. */
export function decodeBody(encoded: Buffer, { kind, items }: Entry): ReceivedBody | undefined {
  if (encoded.length < HEADER_BYTES || crc32(encoded.subarray(4)) !== encoded.readUInt32LE(0)) return undefined
  const typeEnd = HEADER_BYTES + encoded.readUInt16LE(4)
  const encodingEnd = typeEnd + encoded.readUInt16LE(6)
  return {
    signal: SIGNALS[kind]!,
    contentType: encoded.toString('utf8', HEADER_BYTES, typeEnd),
    ...(encodingEnd > typeEnd && { contentEncoding: encoded.toString('utf8', typeEnd, encodingEnd) }),
    bytes: encoded.subarray(encodingEnd),
    items,
  }
}
