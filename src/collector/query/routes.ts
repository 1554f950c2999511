/** The questions as routes: parameters validated, answers sent, and every mistake told with what is allowed. */
import { type RateLimitPluginOptions, default as rateLimit } from '@fastify/rate-limit'
import type { FastifyPluginAsync, FastifyReply, RouteShorthandOptions } from 'fastify'
import type { AnswerCache } from './answer-cache.js'
import { sendAnswer } from './answering.js'
import type { Askable } from './ask.js'
import { createAsker } from './asker.js'
import { conversations } from './conversations.js'
import { costs, costsBreakdown } from './costs.js'
import { distribution } from './distribution.js'
import { pageOf } from './docs-page.js'
import type { Endpoint } from './endpoint.js'
import { generalQuery } from './general.js'
import { InvalidQuestion } from './invalid-question.js'
import { modelComparison } from './model-comparison.js'
import { notices } from './notices.js'
import { type Described, openApiOf } from './openapi.js'
import { operations } from './operations.js'
import { performance } from './performance.js'
import { reports } from './report/endpoints.js'
import { costsUnit, projection } from './spending.js'
import { summary } from './summary.js'
import { tableColumns } from './table-format.js'
import type { KeptDays } from './tier-cover.js'
import { tokens } from './tokens.js'
import { top } from './top.js'
import { trends } from './trends.js'
import { answerMistake, parsed } from './validation.js'

export const ENDPOINTS: readonly Endpoint[] = [
  generalQuery,
  costs,
  costsBreakdown,
  costsUnit,
  projection,
  tokens,
  performance,
  distribution,
  summary,
  conversations,
  modelComparison,
  trends,
  operations,
  top,
  notices,
  ...reports,
]

export type QueryOptions = {
  readonly version: string
  /** Undefined while there is none. */
  readonly store: () => Askable | undefined
  /** Days each tier is kept. */
  readonly kept: () => KeptDays
  readonly cache: AnswerCache
  /** @default those of operations */
  readonly endpoints?: readonly Endpoint[]
  /** Epoch milliseconds. @default Date.now */
  readonly now?: () => number
  /** What else is told of in the document, though it is served elsewhere. */
  readonly described?: readonly Described[]
  /** Questions that one token may ask in a minute, or one address where there are none. @default 0: any number */
  readonly perMinute?: number
}

/** Bytes of a question's body. */
const BODY_LIMIT = 256 * 1024
const PREFIX = '/api/v1'
const UNCACHED = { 'cache-control': 'no-store' }
const scoped = (scope: string, others: RouteShorthandOptions = {}) =>
  ({ ...others, config: { scope } }) as RouteShorthandOptions
/** The page has its own style and needs nothing else. */
const PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'"

/** A fastify plugin. */
export function createQueryRoutes({
  version,
  store,
  kept,
  cache,
  endpoints = ENDPOINTS,
  now = Date.now,
  perMinute = 0,
  described = [],
}: QueryOptions): FastifyPluginAsync {
  return async (app) => {
    if (perMinute > 0) await app.register(rateLimit, rateLimitOf(perMinute))
    for (const {
      method,
      path,
      scope = 'read',
      parameters,
      pathParameters,
      table,
      isFresh = false,
      response,
      answer,
    } of endpoints) {
      const columns = tableColumns(response, table)
      const isByQuery = method === 'GET' || method === 'DELETE'
      app.route({
        ...scoped(scope, { bodyLimit: BODY_LIMIT }),
        method,
        url: PREFIX + path.replace(/\{(\w+)\}/g, ':$1'),
        async handler(request, reply) {
          const open = store()
          if (open === undefined) return unavailable(reply)
          const gone = goneOf(reply)
          try {
            const named = pathParameters === undefined ? {} : parsed(pathParameters, request.params)
            const given = Object.assign({}, parsed(parameters, isByQuery ? request.query : request.body), named)
            const moment = now()
            const make = (isFresh: boolean, signal?: AbortSignal) =>
              answer(given, createAsker(open, { kept: kept(), now: moment, isFresh, signal, canWait: true }))
            // What changes something is done whether or not anybody waits for it.
            if (method === 'PUT' || method === 'DELETE') return reply.headers(UNCACHED).send(await make(true))
            const key = `${method} ${path} ${JSON.stringify(sorted(given))}`
            return await sendAnswer(request, reply, {
              cache,
              key,
              table,
              columns,
              isFresh,
              now: moment,
              signal: gone,
              make,
            })
          } catch (error) {
            if (gone.aborted) return reply.hijack()
            return answerMistake(reply, isByQuery ? inWordsOfGet(error) : error)
          }
        },
      })
    }
    const document = openApiOf([...endpoints, ...described], version)
    const page = pageOf(document)
    app.get(`${PREFIX}/openapi.json`, scoped('read'), async (_request, reply) => reply.send(document))
    app.get(`${PREFIX}/docs`, scoped('read'), async (_request, reply) =>
      reply.header('content-security-policy', PAGE_POLICY).type('text/html; charset=utf-8').send(page),
    )
  }
}

/** Counts whoever asks by the name of the token, and by the address where there are no tokens. */
function rateLimitOf(perMinute: number): RateLimitPluginOptions {
  return {
    max: perMinute,
    timeWindow: 60_000,
    keyGenerator: ({ principal, ip }) => (principal === undefined ? `address ${ip}` : `token ${principal.name}`),
    errorResponseBuilder: (_, { max, ttl }) => {
      const seconds = Math.ceil(ttl / 1000)
      const message = `more than ${max} questions a minute are not answered: ask again in ${seconds} s`
      return Object.assign(new Error(message), { statusCode: 429, headers: { 'retry-after': String(seconds) } })
    },
  }
}

/** Aborted when the connection is closed before it was answered. */
function goneOf({ raw }: FastifyReply): AbortSignal {
  const gone = new AbortController()
  raw.once('close', () => {
    if (!raw.writableFinished) gone.abort(new Error('whoever asked has gone'))
  })
  return gone.signal
}

/** The same for parameters that are the same, in whatever order they were given. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).filter(([, one]) => one !== undefined)
  return Object.fromEntries(
    entries.sort(([one], [other]) => (one < other ? -1 : 1)).map(([name, one]) => [name, sorted(one)]),
  )
}

/** What the general question calls its interval is the granularity of all others. */
function inWordsOfGet(error: unknown): unknown {
  return error instanceof InvalidQuestion && error.field === 'interval' ? error.of('granularity') : error
}

function unavailable(reply: FastifyReply): FastifyReply {
  const error = { code: 'UNAVAILABLE', message: 'the store cannot be reached yet' }
  return reply.code(503).header('retry-after', '5').send({ error })
}
