/** Decompresses a body within its limit and the budget of all requests: a bomb is stopped while it unfolds. */
import type { Transform } from 'node:stream'
import * as zlib from 'node:zlib'
import type { Lease } from '../security/memory-budget.js'
import { outOfMemory } from './body.js'
import { tooLarge } from './failure.js'
import { InvalidBody } from './intake.js'
import type { Compression } from './media.js'

// Up to here it is done at once: a stream costs some 0.5 ms of hops between threads, unfolding 2 KB costs 0.03 ms. What unfolds
// to more than the second figure, 3 ms of work at most, is begun anew as a stream.
const AT_ONCE_BYTES = 16 * 1024
const AT_ONCE_LIMIT = 1024 * 1024
const LARGEST_PIECE = 512 * 1024

type Options = { readonly chunkSize: number }

// The types are those of Node 20, which has no zstd.
const zstd = zlib as unknown as {
  createZstdDecompress(options: Options): Transform
  zstdDecompressSync(bytes: Uint8Array, options: { maxOutputLength: number }): Buffer
}

const STREAMS: { readonly [compression in Compression]: (options: Options) => Transform } = {
  gzip: (options) => zlib.createGunzip(options),
  deflate: (options) => zlib.createInflate(options),
  zstd: (options) => zstd.createZstdDecompress(options),
}

const AT_ONCE: {
  readonly [compression in Compression]: (bytes: Uint8Array, options: { maxOutputLength: number }) => Buffer
} = {
  gzip: (bytes, options) => zlib.gunzipSync(bytes, options),
  deflate: (bytes, options) => zlib.inflateSync(bytes, options),
  zstd: (bytes, options) => zstd.zstdDecompressSync(bytes, options),
}

/** `bytes` decompressed. What is held is taken from `lease`. */
export async function inflate(
  compression: Compression,
  bytes: Uint8Array,
  limit: number,
  lease: Lease,
): Promise<Uint8Array> {
  if (bytes.length <= AT_ONCE_BYTES) {
    const inflated = inflateAtOnce(compression, bytes, Math.min(limit, AT_ONCE_LIMIT))
    if (inflated !== undefined) {
      if (!lease.take(inflated.length)) throw outOfMemory()
      return inflated
    }
  }
  return inflateAsStream(compression, bytes, limit, lease)
}

/** `undefined` when it is more than `limit`. */
function inflateAtOnce(compression: Compression, bytes: Uint8Array, limit: number): Buffer | undefined {
  try {
    return AT_ONCE[compression](bytes, { maxOutputLength: limit })
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE') return undefined
    throw damaged(compression)
  }
}

function inflateAsStream(
  compression: Compression,
  bytes: Uint8Array,
  limit: number,
  lease: Lease,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    // Telemetry shrinks to an eighth or so: mostly it unfolds to one piece. In pieces of 16 KB, the default, it costs thrice as much.
    const stream = STREAMS[compression]({ chunkSize: Math.min(8 * Math.max(bytes.length, 8192), LARGEST_PIECE) })
    const chunks: Buffer[] = []
    let length = 0

    function fail(error: Error): void {
      chunks.length = 0
      stream.destroy()
      reject(error)
    }
    stream.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length > limit) fail(tooLarge(limit, 'decompressed body'))
      else if (!lease.take(chunk.length)) fail(outOfMemory())
      else chunks.push(chunk)
    })
    stream.on('error', () => fail(damaged(compression)))
    stream.on('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, length)))
    stream.end(bytes)
  })
}

function damaged(compression: Compression): InvalidBody {
  return new InvalidBody(`the body is not valid ${compression}, though its Content-Encoding says so`)
}
