/** Limits of connections and headers, and times: what protects the server from clients that are slow, on purpose or not. */
import type { Server } from 'node:http'
import type { Socket } from 'node:net'

export type ServerLimits = {
  /** Connections at once; more are closed as they come. @default 16,384 */
  readonly maxConnections?: number
  /** Bytes of the headers of one request. @default 16 KiB */
  readonly maxHeaderBytes?: number
  /** Headers of one request; more are not looked at. @default 100 */
  readonly maxHeaders?: number
  /** From the first byte, or the connection, to the end of the headers. @default 20,000 */
  readonly headersTimeoutMs?: number
  /** From the first byte to the end of the body. @default 60,000 */
  readonly requestTimeoutMs?: number
  /** A connection between two requests. Longer than the 60 s of many load balancers, which else send on what was just closed. @default 75,000 */
  readonly keepAliveTimeoutMs?: number
  /** A connection on which nothing moves, be it a reader that does not read. @default 120,000 */
  readonly idleTimeoutMs?: number
  /** How often the times are looked at. @default 5,000 */
  readonly checkIntervalMs?: number
}

const DEFAULTS: Required<ServerLimits> = {
  maxConnections: 16_384,
  maxHeaderBytes: 16 * 1024,
  maxHeaders: 100,
  headersTimeoutMs: 20_000,
  requestTimeoutMs: 60_000,
  keepAliveTimeoutMs: 75_000,
  idleTimeoutMs: 120_000,
  checkIntervalMs: 5_000,
}

function withDefaults(limits: ServerLimits): Required<ServerLimits> {
  const all = { ...DEFAULTS, ...limits }
  for (const [name, value] of Object.entries(all)) {
    if (!Number.isSafeInteger(value) || value <= 0)
      throw new RangeError(`${name} must be a positive integer; got ${value}`)
  }
  if (all.headersTimeoutMs > all.requestTimeoutMs) {
    throw new RangeError(
      `headersTimeoutMs must not be more than requestTimeoutMs; got ${all.headersTimeoutMs} and ${all.requestTimeoutMs}`,
    )
  }
  return all
}

/** The limits as options of fastify, and as options of the Node server under it. */
export function serverOptions(limits: ServerLimits = {}) {
  const all = withDefaults(limits)
  return {
    fastify: {
      connectionTimeout: all.idleTimeoutMs,
      keepAliveTimeout: all.keepAliveTimeoutMs,
      requestTimeout: all.requestTimeoutMs,
      // Whoever means to read bodies says how large they may be; a route that forgot takes little.
      bodyLimit: 64 * 1024,
      // Header and query of a prototype's names are refused, not repaired.
      onProtoPoisoning: 'error',
      onConstructorPoisoning: 'error',
      return503OnClosing: false,
      routerOptions: { maxParamLength: 256 },
      clientErrorHandler: answerBrokenRequest,
    },
    node: {
      maxHeaderSize: all.maxHeaderBytes,
      headersTimeout: all.headersTimeoutMs,
      requestTimeout: all.requestTimeoutMs,
      connectionsCheckingInterval: all.checkIntervalMs,
      // Two readers of one request must not come to different ends of it.
      insecureHTTPParser: false,
    },
  } as const
}

/** The limits that are no options but properties of a server. */
export function limitServer(server: Server, limits: ServerLimits = {}): void {
  const all = withDefaults(limits)
  server.maxConnections = all.maxConnections
  server.maxHeadersCount = all.maxHeaders
}

const BROKEN: { readonly [code: string]: readonly [status: string, message: string] } = {
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'the request did not come to its end in time'],
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'the headers are larger than what is taken'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: ['413 Payload Too Large', 'the chunk extensions are larger than what is taken'],
}

/** Answers what is not HTTP, or came too slowly to become a request. */
export function answerBrokenRequest(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return
  const [status, message] = BROKEN[error.code ?? ''] ?? ['400 Bad Request', 'this is not HTTP/1.1']
  // In the form of a google.rpc.Status: whoever sends OTLP reads it, and to others it is JSON like any other.
  const body = JSON.stringify({ code: 3, message })
  if (socket.writable) {
    socket.end(
      `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    )
  }
  // Not before what was written is on its way; and not when the other side takes its time either.
  socket.destroySoon()
}
