/** Reads the Content-Type and Content-Encoding of a request. */
import * as zlib from 'node:zlib'
import { unsupported } from './failure.js'
import type { Encoding } from './intake.js'

export type Compression = 'gzip' | 'deflate' | 'zstd'

export const PROTOBUF = 'application/x-protobuf'
export const JSON_TYPE = 'application/json'

/** Of Node from 22.15 on. */
export const hasZstd = 'createZstdDecompress' in zlib

const COMPRESSIONS: ReadonlyMap<string, Compression> = new Map<string, Compression>([
  ['gzip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['deflate', 'deflate'],
  ...(hasZstd ? [['zstd', 'zstd'] as const] : []),
])

/** What is taken, for those who sent something else. */
const ACCEPTED = hasZstd ? 'gzip, deflate, zstd' : 'gzip, deflate'

/** The type without its parameters, in lower case. */
export function mediaType(contentType: string | undefined): string {
  return (contentType ?? '').split(';', 1)[0]!.trim().toLowerCase()
}

/** How an OTLP body is encoded; `undefined` when it is none. */
export function encodingOf(contentType: string | undefined): Encoding | undefined {
  const type = mediaType(contentType)
  if (type === PROTOBUF) return 'protobuf'
  return type === JSON_TYPE ? 'json' : undefined
}

export function otlpEncoding(contentType: string | undefined): Encoding {
  const encoding = encodingOf(contentType)
  if (encoding === undefined) throw unsupported(`the Content-Type must be ${PROTOBUF} or ${JSON_TYPE}`)
  return encoding
}

/** How a body is compressed; `undefined` when it is not. */
export function compressionOf(contentEncoding: string | undefined): Compression | undefined {
  const name = (contentEncoding ?? '').trim().toLowerCase()
  if (name === '' || name === 'identity') return undefined
  const compression = COMPRESSIONS.get(name)
  // RFC 9110, 15.5.16: what would have been taken.
  if (compression === undefined) {
    throw unsupported(`the Content-Encoding must be one of ${ACCEPTED}, or none`, { 'accept-encoding': ACCEPTED })
  }
  return compression
}
