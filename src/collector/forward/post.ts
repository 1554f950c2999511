/** One attempt: a body posted to a target, byte for byte as it came, over connections that are kept. Redirects are not followed. */
import {
  Agent,
  type ClientRequest,
  type Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
} from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import type { ReceivedBody } from '../batch.js'
import type { ForwardTarget } from './target.js'

/** Most bytes of an answer that are read: OTLP asks servers to stay below. */
const ANSWER_LIMIT = 4 * 1024 * 1024
/** How long a connection that is not used is kept, in milliseconds: less than servers do, so that seldom one is closed in use. */
const IDLE_MS = 4000

export type Answer = {
  readonly status: number
  readonly retryAfter: string | undefined
  readonly contentType: string
  readonly body: Buffer
}

/** Sends a body and returns the answer; throws when there is none: not in time, or the connection failed, or the signal was aborted. */
export type Post = (body: ReceivedBody, signal: AbortSignal) => Promise<Answer>

export type Poster = { readonly post: Post; readonly close: () => void }

export function createPoster(target: ForwardTarget): Poster {
  const base = new URL(target.url)
  const isTls = base.protocol === 'https:'
  const limits = { keepAlive: true, maxSockets: target.requestsInFlight ?? 4, timeout: IDLE_MS }
  const agent: HttpAgent = isTls ? new HttpsAgent({ ...limits, ...target.tls }) : new Agent(limits)
  const request = isTls ? httpsRequest : httpRequest
  const path = base.pathname.replace(/\/+$/, '')
  const timeoutMs = target.timeoutMs ?? 10_000

  const attempt = ({ signal: telemetry, contentType, contentEncoding, bytes }: ReceivedBody, signal: AbortSignal) =>
    new Promise<Answer>((resolve, reject) => {
      const sending = request({
        agent,
        method: 'POST',
        hostname: base.hostname.replace(/^\[|\]$/g, ''),
        port: base.port || (isTls ? 443 : 80),
        path: `${path}/v1/${telemetry}${base.search}`,
        ...(base.username !== '' && {
          auth: `${decodeURIComponent(base.username)}:${decodeURIComponent(base.password)}`,
        }),
        headers: {
          'user-agent': 'tokmeter-collector',
          ...lowerCased(target.headers ?? {}),
          'content-type': contentType,
          ...(contentEncoding !== undefined && { 'content-encoding': contentEncoding }),
          'content-length': bytes.length,
        },
        signal,
      })
      let wasLate = false
      const timer = setTimeout(() => {
        wasLate = true
        sending.destroy()
      }, timeoutMs)
      const fail = (error: Error) => {
        clearTimeout(timer)
        reject(new ConnectionFailed(sending, wasLate ? new TimedOut(timeoutMs) : error))
      }
      sending.on('error', fail)
      sending.on('response', (response) => {
        read(response).then((answer) => {
          clearTimeout(timer)
          resolve(answer)
        }, fail)
      })
      sending.end(bytes)
    })

  return {
    async post(body, signal) {
      try {
        return await attempt(body, signal)
      } catch (error) {
        // The server closed a kept connection just as it was used again. Nothing is wrong with either side.
        const wasClosed = error instanceof ConnectionFailed && error.wasReused && !signal.aborted
        if (!wasClosed) throw error
        return await attempt(body, signal)
      }
    },
    close: () => agent.destroy(),
  }
}

/** No answer came. `message` names the cause by its code where it has one, so that there are few different ones. */
export class ConnectionFailed extends Error {
  override readonly name = 'ConnectionFailed'
  readonly wasReused: boolean

  constructor(request: ClientRequest, cause: Error & { code?: string }) {
    super(cause.code ?? cause.name, { cause })
    this.wasReused = request.reusedSocket && (cause.code === 'ECONNRESET' || cause.code === 'EPIPE')
  }
}

class TimedOut extends Error {
  readonly code = 'ETIMEDOUT'

  constructor(timeoutMs: number) {
    super(`no answer within ${timeoutMs} ms`)
  }
}

/** Two spellings of one header would be sent both. */
const lowerCased = (headers: { readonly [name: string]: string }) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))

async function read(response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length
    // The status is all that counts of an answer that is too long.
    if (bytes > ANSWER_LIMIT) break
    chunks.push(chunk)
  }
  const { statusCode = 0, headers } = response
  return {
    status: statusCode,
    retryAfter: headers['retry-after'],
    contentType: headers['content-type'] ?? '',
    body: bytes > ANSWER_LIMIT ? Buffer.alloc(0) : Buffer.concat(chunks),
  }
}
