/**
 * Receives OTLP/HTTP 1.11 and tokmeter's own events: takes bodies within their limits, hands them to the next stage, and answers
 * as it decides. What is in an OTLP body is for that stage to find out.
 */
import type { FastifyInstance, FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify'
import type { Signal } from '../batch.js'
import type { Lease, MemoryBudget } from '../security/memory-budget.js'
import { checkAnnounced, discardBody, readBody } from './body.js'
import { createEventReader, EVENTS_TYPES, eventsAnswer, eventsFailure } from './events.js'
import { type Failure, failureOf, methodNotAllowed, SenderGone, unsupported } from './failure.js'
import { inflate } from './inflate.js'
import { type Intake, InvalidBody, type OtlpSignal, type Received } from './intake.js'
import { compressionOf, encodingOf, JSON_TYPE, mediaType, otlpEncoding, PROTOBUF } from './media.js'
import { exportResponse, status } from './otlp-answers.js'

export const EVENTS_PATH = '/api/v1/analytics/events'
/** Longest Content-Type kept with a body, in characters. */
const TYPE_LIMIT = 100
const OTLP_SIGNALS: readonly OtlpSignal[] = ['traces', 'metrics', 'logs']

/** How one request ended. */
export type Outcome = {
  readonly signal: Signal
  /** In the words of the ledger. `accepted` may be in part. */
  readonly outcome: 'accepted' | 'rejected' | 'refused'
  readonly statusCode: number
  /** `ok`, or one of few words for what went wrong. */
  readonly reason: string
  /** Of a request that was rejected: spans, data points, log records or events in it, where they could be counted. */
  readonly items?: number
}

export type ReceiveOptions = {
  readonly intake: Intake
  /** Shared by all who take bodies. */
  readonly memory: MemoryBudget
  /** Turns a user or conversation of an event into what may be kept. */
  readonly hashIdentity: (identity: string) => string
  /** Bytes of a body, before and after decompression. @default 64 MiB, as OTLP recommends */
  readonly bodyLimit?: number
  /** Events in one request. @default 10,000 */
  readonly eventsLimit?: number
  /** What senders are told to wait when nobody knows better. @default 1 */
  readonly retryAfterSeconds?: number
  readonly onOutcome?: (outcome: Outcome) => void
  /** Told when the thread begins to make operations of a body, and when it has. */
  readonly busy?: { readonly begin: () => void; readonly end: () => void }
  /** Told the field each time a value of an event had to be left out. */
  readonly onDiscard?: (field: string) => void
}

/** A fastify plugin that serves `POST /v1/traces`, `/v1/metrics`, `/v1/logs` and `POST /api/v1/analytics/events`. */
export function createReceive(options: ReceiveOptions): FastifyPluginCallback {
  const { intake, memory, bodyLimit = 64 * 1024 * 1024, eventsLimit = 10_000, retryAfterSeconds = 1 } = options
  if (!Number.isSafeInteger(bodyLimit) || bodyLimit <= 0) {
    throw new RangeError(`bodyLimit must be a positive number of bytes; got ${bodyLimit}`)
  }
  if (memory.capacity < 2 * bodyLimit) {
    // Compressed and decompressed, both are held.
    throw new RangeError(
      `the memory budget must have room for two bodies of ${bodyLimit} bytes, or the largest could never be taken; got ${memory.capacity}`,
    )
  }
  const readEvents = createEventReader({
    limit: eventsLimit,
    hashIdentity: options.hashIdentity,
    onDiscard: options.onDiscard ?? (() => {}),
  })
  const finished = (signal: Signal, outcome: Outcome['outcome'], statusCode: number, reason: string, items?: number) =>
    options.onOutcome?.({ signal, outcome, statusCode, reason, ...(items !== undefined && { items }) })

  /** Of what waits for something, up to there. */
  function busily<Result>(work: () => Result): Result {
    options.busy?.begin()
    try {
      return work()
    } finally {
      options.busy?.end()
    }
  }

  /** The body as it came and decompressed. */
  async function take(request: FastifyRequest, lease: Lease): Promise<{ received: Received; body: Uint8Array }> {
    const contentType = keptType(request.headers['content-type'] ?? '')
    const compression = compressionOf(request.headers['content-encoding'])
    const bytes = await readBody(request.raw, bodyLimit, lease)
    // Nothing compressed is nothing, whatever the header says.
    if (compression === undefined || bytes.length === 0) return { received: { contentType, bytes }, body: bytes }
    const body = await inflate(compression, bytes, bodyLimit, lease)
    return { received: { contentType, contentEncoding: compression, bytes }, body }
  }

  async function receiveOtlp(signal: OtlpSignal, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const encoding = otlpEncoding(request.headers['content-type'])
    const lease = memory.lease()
    try {
      const { received, body } = await take(request, lease)
      const result = await busily(() => intake.accept({ signal, encoding, body, received }))
      finished(signal, 'accepted', 200, 'ok')
      return reply
        .header('content-type', encoding === 'json' ? JSON_TYPE : PROTOBUF)
        .send(exportResponse(signal, encoding, result))
    } finally {
      lease.release()
    }
  }

  async function receiveEvents(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const lease = memory.lease()
    try {
      const { received, body } = await take(request, lease)
      const { operations, isSingle } = busily(() => readEvents(body, mediaType(received.contentType)))
      const result = await intake.acceptEvents({ operations, received })
      const { statusCode, text } = eventsAnswer(operations, isSingle, result)
      finished('events', 'accepted', statusCode, 'ok')
      return reply.code(statusCode).header('content-type', JSON_TYPE).send(Buffer.from(text))
    } finally {
      lease.release()
    }
  }

  function checkHeaders(signal: Signal, request: FastifyRequest): void {
    const { 'content-type': contentType, 'content-encoding': contentEncoding } = request.headers
    if (signal !== 'events') otlpEncoding(contentType)
    else if (!EVENTS_TYPES.has(mediaType(contentType))) {
      throw unsupported(`the Content-Type must be one of ${[...EVENTS_TYPES].join(', ')}`)
    }
    compressionOf(contentEncoding)
    checkAnnounced(request.raw, bodyLimit)
  }

  function answerFailure(signal: Signal, error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    if (error instanceof SenderGone) {
      finished(signal, 'refused', 499, 'sender_gone')
      reply.hijack()
      request.raw.destroy()
      return
    }
    const failure = failureOf(error, retryAfterSeconds)
    if (failure.reason === 'defect') request.log.error({ err: error }, 'a request could not be taken')
    const items = error instanceof InvalidBody ? error.items : undefined
    finished(signal, isRetryable(failure) ? 'refused' : 'rejected', failure.statusCode, failure.reason, items)
    discardBody(request.raw, 2 * bodyLimit)
    const encoding = encodingOf(request.headers['content-type']) ?? 'json'
    const isProtobuf = signal !== 'events' && encoding === 'protobuf'
    if (failure.headers) reply.headers(failure.headers)
    if (failure.retryAfterSeconds !== undefined) reply.header('retry-after', String(failure.retryAfterSeconds))
    reply
      .code(failure.statusCode)
      .header('content-type', isProtobuf ? PROTOBUF : JSON_TYPE)
      .send(signal === 'events' ? eventsFailure(failure, error) : status(encoding, failure))
  }

  function serve(app: FastifyInstance, signal: Signal, path: string): void {
    app.register((route, _options, done) => {
      // The handlers read bodies themselves: within the budget, and as they come.
      route.removeAllContentTypeParsers()
      route.addContentTypeParser('*', (_request, _payload, parsed) => parsed(null))
      route.setErrorHandler((error, request, reply) => answerFailure(signal, error, request, reply))
      const config = { scope: 'ingest' } as const
      route.route({
        method: 'POST',
        url: path,
        config,
        // Before a sender that asks first is told to go on.
        onRequest: async (request) => checkHeaders(signal, request),
        handler: (request, reply) =>
          signal === 'events' ? receiveEvents(request, reply) : receiveOtlp(signal, request, reply),
      })
      if (signal !== 'events') {
        route.route({
          method: app.supportedMethods.filter((method) => method !== 'POST'),
          url: path,
          config,
          exposeHeadRoute: false,
          handler: async () => {
            throw methodNotAllowed()
          },
        })
      }
      done()
    })
  }

  return (app, _options, done) => {
    for (const signal of OTLP_SIGNALS) serve(app, signal, `/v1/${signal}`)
    serve(app, 'events', EVENTS_PATH)
    done()
  }
}

// It is kept with the body, and sent on with it: its parameters may be as long as all headers together.
function keptType(contentType: string): string {
  return contentType.length > TYPE_LIMIT ? mediaType(contentType) : contentType
}

/** The codes OTLP has for what may be sent again. */
function isRetryable({ statusCode }: Failure): boolean {
  return statusCode === 429 || statusCode === 502 || statusCode === 503 || statusCode === 504
}
