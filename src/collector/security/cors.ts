/** Lets pages of listed origins call the collector from a browser. Off by default. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

export type CorsOptions = {
  /** `https://app.example.com`, scheme and port included. `*` is any page at all, and discouraged. */
  readonly origins: readonly string[]
  /** Request headers beyond those of OTLP. */
  readonly headers?: readonly string[]
  /** How long a browser may remember the answer. @default 7200 */
  readonly maxAgeSeconds?: number
}

const METHODS = 'GET, POST, PUT, DELETE'
const HEADERS = ['authorization', 'content-encoding', 'content-type']
/** What a page may read of an answer beside its body. */
const EXPOSED = 'retry-after'

/** Throws for what is no origin. */
export function checkOrigins(origins: readonly string[]): void {
  for (const origin of origins) {
    if (origin === '*') continue
    const url = URL.canParse(origin) ? new URL(origin) : undefined
    if (url === undefined || url.origin !== origin || origin.includes('*')) {
      throw new TypeError(`an origin is a scheme, a host and a port, as in https://app.example.com; got ${origin}`)
    }
  }
}

/** Answers browsers on `app`. To be called on the root, before whatever asks for tokens: a browser sends none when it asks first. */
export function allowOrigins(app: FastifyInstance, options: () => CorsOptions): void {
  app.addHook('onRequest', async (request: FastifyRequest, reply: FastifyReply) => {
    const { origins, headers = [], maxAgeSeconds = 7200 } = options()
    if (origins.length === 0) return
    // Whether it is there or not: what is answered depends on it.
    reply.header('vary', 'Origin')
    const { origin } = request.headers
    if (origin === undefined || !(origins.includes(origin) || origins.includes('*'))) return
    reply.header('access-control-allow-origin', origins.includes('*') ? '*' : origin)
    if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined) {
      reply.header('access-control-expose-headers', EXPOSED)
      return
    }
    return reply
      .code(204)
      .header('access-control-allow-methods', METHODS)
      .header('access-control-allow-headers', [...HEADERS, ...headers].join(', '))
      .header('access-control-max-age', String(maxAgeSeconds))
      .send()
  })
}
