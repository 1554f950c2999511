/** One attempt to tell somebody: a JSON body posted to a host that may be reached, over a connection of its own. Redirects are not followed. */
import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { type Allowed, checkTarget, guardedLookup, hostOf } from './address-guard.js'

export type PostOptions = {
  readonly url: string
  readonly headers: { readonly [name: string]: string }
  readonly timeoutMs: number
  readonly allowed: Allowed
  /** How names become addresses. @default that of the system, guarded */
  readonly lookup?: RequestOptions['lookup']
}

export type PostAnswer = {
  readonly status: number
  readonly retryAfter: string | undefined
  /** The printable beginning of what was answered. */
  readonly excerpt: string
}

/** `headers` beside those that are always sent. Throws when no answer came; its message is a code where there is one, and holds no secret. */
export type Post = (
  body: Buffer,
  headers: { readonly [name: string]: string },
  signal: AbortSignal,
) => Promise<PostAnswer>

/** Of the answer as much is read as is shown. */
const EXCERPT_BYTES = 400

export function createGuardedPost({ url: text, headers: given, timeoutMs, allowed, lookup }: PostOptions): Post {
  const url = new URL(text)
  const isTls = url.protocol === 'https:'
  const options: RequestOptions = {
    method: 'POST',
    hostname: hostOf(url),
    port: url.port || (isTls ? 443 : 80),
    path: `${url.pathname}${url.search}`,
    lookup: lookup ?? guardedLookup(allowed),
    // A kept connection would be to an address that was checked some time ago.
    agent: false,
    ...(url.username !== '' && { auth: `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}` }),
  }
  const request = isTls ? httpsRequest : httpRequest
  return (body, headers, signal) =>
    new Promise((resolve, reject) => {
      // An address is not looked up: nobody else would check it.
      checkTarget(url, allowed)
      const sending = request({
        ...options,
        headers: {
          'user-agent': 'tokmeter-collector',
          ...lowerCased(given),
          ...headers,
          'content-type': 'application/json',
          'content-length': body.length,
        },
        signal,
      })
      const timer = setTimeout(() => sending.destroy(new NoAnswer('ETIMEDOUT')), timeoutMs)
      const fail = (error: Error & { code?: string }) => {
        clearTimeout(timer)
        reject(
          error instanceof NoAnswer || error.code === 'TARGET_NOT_ALLOWED'
            ? error
            : new NoAnswer(error.code ?? error.name),
        )
      }
      sending.on('error', fail)
      sending.on('response', (response) => {
        readExcerpt(response).then((excerpt) => {
          clearTimeout(timer)
          sending.destroy()
          const { statusCode: status = 0, headers: answered } = response
          resolve({ status, retryAfter: answered['retry-after'], excerpt })
        }, fail)
      })
      sending.end(body)
    })
}

/** No answer came. Its message is the code of the cause alone: those of Node name addresses. */
class NoAnswer extends Error {
  override readonly name = 'NoAnswer'
}

async function readExcerpt(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes >= EXCERPT_BYTES) break
  }
  return Buffer.concat(chunks)
    .toString('utf8', 0, EXCERPT_BYTES)
    .replace(/[^\x20-\x7e]+/g, ' ')
    .trim()
    .slice(0, 200)
}

const lowerCased = (headers: { readonly [name: string]: string }) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
