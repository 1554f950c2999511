/** The HTTP server all routes of the collector stand on: limits, TLS, tokens and CORS are there before the first of them. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Server as TlsServer } from 'node:tls'
import type { Attributes } from '@opentelemetry/api'
import {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  fastify,
  LogController,
} from 'fastify'
import { measureRequests } from '../request-durations.js'
import { requireTokens } from '../security/access.js'
import { allowOrigins, type CorsOptions } from '../security/cors.js'
import { limitServer, type ServerLimits, serverOptions } from '../security/server-limits.js'
import type { Sessions } from '../security/sessions.js'
import { readTlsAnew, type TlsFiles, tlsOptions } from '../security/tls.js'
import type { Tokens } from '../security/tokens.js'
import { discardBody } from './body.js'
import { errorBody, type Failure, failureOf } from './failure.js'
import { encodingOf, JSON_TYPE, PROTOBUF } from './media.js'
import { status } from './otlp-answers.js'

export type HttpServerOptions = {
  readonly log?: FastifyBaseLogger
  readonly limits?: ServerLimits
  readonly tls?: TlsFiles
  /** Asked for each request, since they may change while it runs. */
  readonly tokens: () => Tokens
  /** Of browsers, which read by a cookie. @default none */
  readonly sessions?: Sessions
  readonly cors?: () => CorsOptions
  /** Told of every request that was answered. @default nobody is */
  readonly onRequest?: (seconds: number, attributes: Attributes) => void
}

/** Of a body that nobody wants: as much as senders of telemetry put into one, so that they read why. */
const DISCARDED_BYTES = 16 * 1024 * 1024
/** Thrown at requests that still come while the server closes. */
class Closing extends Error {
  readonly statusCode = 503
}

/** A fastify instance without routes yet. Each says by `config: { scope }` which tokens may come there. */
export function createHttpServer({
  log,
  limits = {},
  tls,
  tokens,
  sessions,
  cors,
  onRequest,
}: HttpServerOptions): FastifyInstance {
  const options = serverOptions(limits)
  const common = {
    ...options.fastify,
    // Each request in the log would be more of it than all the rest together.
    logController: new LogController({ disableRequestLogging: true }),
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) => answerError(error, request, reply),
    ...(log !== undefined && { loggerInstance: log }),
  }
  const app = (
    tls === undefined
      ? fastify({ ...common, http: options.node })
      : fastify({ ...common, https: { ...options.node, ...tlsOptions(tls) } })
  ) as FastifyInstance
  limitServer(app.server, limits)
  if (onRequest !== undefined) measureRequests(app, onRequest)
  askBeforeBodies(app)
  refuseWhenClosing(app)
  if (cors !== undefined) allowOrigins(app, cors)
  requireTokens(app, tokens, sessions)
  app.setErrorHandler(answerError)
  app.setNotFoundHandler((request, reply) => {
    discardBody(request.raw, DISCARDED_BYTES)
    const allowed = methodsAt(app, request.url.replace(/\?.*/s, ''))
    const failure =
      allowed.length === 0
        ? { statusCode: 404, message: 'there is nothing here' }
        : {
            statusCode: 405,
            message: `only ${allowed.join(' and ')} is taken here; got ${request.method}`,
            headers: { allow: allowed.join(', ') },
          }
    return answer({ ...failure, reason: 'http' }, request, reply)
  })
  return app
}

/** Reads the files of a server that was created with TLS anew, and returns what puts them in force. Throws when they cannot be used. */
export function readCertificates(app: FastifyInstance, files: TlsFiles): () => void {
  return readTlsAnew(app.server as Server as unknown as TlsServer, files)
}

/** What paths of ours are made of. */
const PLAIN_PATH = /^[\w./-]*$/

/** The methods that are taken at a path without parameters. */
function methodsAt(app: FastifyInstance, url: string): string[] {
  // It is a pattern that is asked for: what a stranger sends may be one that cannot be.
  if (!PLAIN_PATH.test(url)) return []
  return ['GET', 'POST', 'PUT', 'DELETE'].filter((method) => app.hasRoute({ method: method as 'GET', url }))
}

/**
 * `Expect: 100-continue`: the sender waits to hear whether its body is wanted. It is told to go on when token and headers are
 * found good, not before, as Node would by itself. Where it is not told so, Node closes the connection: nobody knows whether the
 * body comes all the same.
 */
function askBeforeBodies(app: FastifyInstance): void {
  const waiting = new WeakSet<IncomingMessage>()
  app.server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    waiting.add(request)
    app.server.emit('request', request, response)
  })
  app.addHook('preParsing', async (request, reply) => {
    if (waiting.delete(request.raw)) reply.raw.writeContinue()
  })
}

function refuseWhenClosing(app: FastifyInstance): void {
  let isClosing = false
  app.addHook('preClose', async () => {
    isClosing = true
  })
  app.addHook('onRequest', async () => {
    if (isClosing) throw new Closing('the collector is shutting down')
  })
}

function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const failure = failureOf(error, 1)
  discardBody(request.raw, DISCARDED_BYTES)
  if (failure.reason !== 'defect') {
    answer(failure, request, reply)
    return
  }
  request.log.error({ err: error }, 'a request failed')
  // Whoever receives has answers of its own; of what is asked for nothing is lost.
  const message = 'the request failed because of a defect of the collector, which its log tells'
  answer({ statusCode: 500, message, reason: 'defect' }, request, reply)
}

/** To who speaks OTLP, as OTLP has it; to all others `{ error: { code, message } }`. */
function answer(failure: Failure, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { statusCode, headers, retryAfterSeconds } = failure
  if (headers) reply.headers(headers)
  if (retryAfterSeconds !== undefined) reply.header('retry-after', String(retryAfterSeconds))
  const encoding = encodingOf(request.headers['content-type'])
  if (request.url.startsWith('/v1/') && encoding !== undefined) {
    reply.header('content-type', encoding === 'json' ? JSON_TYPE : PROTOBUF)
    return reply.code(statusCode).send(status(encoding, failure))
  }
  return reply.code(statusCode).header('content-type', JSON_TYPE).send(errorBody(failure))
}
