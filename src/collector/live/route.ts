/** `GET /api/v1/live`: the stream of events over HTTP, or one snapshot for who takes JSON alone. */
import type { Socket } from 'node:net'
import type { FastifyPluginCallback, FastifyRequest, RouteShorthandOptions } from 'fastify'
import * as z from 'zod'
import type { Live } from '../live.js'
import { acceptedOf, notAcceptable } from '../query/accept.js'
import type { Described } from '../query/openapi.js'
import { FILTER_PARAMETERS } from '../query/parameters.js'
import { answerMistake, parsed } from '../query/validation.js'
import { KINDS, type Kind } from './event.js'
import { filterOf } from './filter.js'
import { SNAPSHOT } from './snapshot.js'

export const LIVE_PATH = '/api/v1/live'

export const LIVE_PARAMETERS = z.strictObject({
  events: z
    .union([z.enum(KINDS), z.array(z.enum(KINDS)).min(1).max(KINDS.length)])
    .optional()
    .describe(`which events: ${KINDS.join(', ')}, or both; default: snapshots, and operations where any are chosen`),
  ...FILTER_PARAMETERS,
  failed: z.enum(['true', 'false']).optional().describe('only operations that failed, or only those that did not'),
})

const STREAM_TYPE = 'text/event-stream'

/** For the OpenAPI document; of budgets and alerts others tell. */
export const LIVE_DESCRIPTION: Described = {
  method: 'GET',
  path: '/live',
  summary: 'What is going on right now: a stream of events, or one snapshot as JSON',
  parameters: LIVE_PARAMETERS,
  response: SNAPSHOT,
  stream: {
    type: STREAM_TYPE,
    description:
      'server-sent events: snapshot (at once, then every second), operation (as it is accepted, as GET /operations tells it), lagged ({ reason, skipped }); resumes by Last-Event-ID',
  },
}
const ACCEPTED = {
  [STREAM_TYPE]: 'stream',
  'text/*': 'stream',
  '*/*': 'stream',
  'application/json': 'json',
  'application/*': 'json',
} as const
const STREAM_HEADERS = {
  'content-type': STREAM_TYPE,
  // What stands between must neither keep it, nor compress it, nor wait until there is enough of it.
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
  // Nothing comes after it on this connection.
  connection: 'close',
}
/** A connection whose reader takes nothing for so long is cut. */
const STALLED_MS = 60_000
/** How long readers have to take the end of the stream when the server closes. */
const CLOSING_MS = 500

/** A fastify plugin. */
export function createLiveRoute({ live }: { readonly live: Live }): FastifyPluginCallback {
  return (app, _, done) => {
    const sockets = new Set<Socket>()

    // A HEAD of a stream would read it for ever, for nobody.
    const options = { config: { scope: 'read' }, exposeHeadRoute: false } as RouteShorthandOptions
    app.get(LIVE_PATH, options, async (request, reply) => {
      reply.header('vary', 'accept')
      try {
        const { events, ...given } = parsed(LIVE_PARAMETERS, request.query)
        const type = acceptedOf(request.headers.accept ?? '*/*', ACCEPTED)
        if (type === undefined) return notAcceptable(reply, [STREAM_TYPE, 'application/json'])
        if (type === 'json') return reply.header('cache-control', 'no-store').send(live.snapshot())
        const isChosen = Object.values(given).some((value) => value !== undefined)
        const kinds = new Set<Kind>(events === undefined ? (isChosen ? KINDS : ['snapshot']) : [events].flat())
        const { socket } = request.raw
        const stream = live.subscribe({ kinds, filter: filterOf(given), lastEventId: lastEventIdOf(request) })
        sockets.add(socket)
        reply.raw.once('close', () => sockets.delete(socket))
        // Times for requests and answers are not for what goes on for hours.
        socket.setTimeout(STALLED_MS)
        return reply.headers(STREAM_HEADERS).send(stream)
      } catch (error) {
        return answerMistake(reply, error)
      }
    })

    app.addHook('preClose', async () => {
      live.disconnect()
      setTimeout(() => {
        for (const socket of sockets) socket.destroy()
      }, CLOSING_MS).unref()
    })
    done()
  }
}

function lastEventIdOf(request: FastifyRequest): string | undefined {
  const id = request.headers['last-event-id']
  return typeof id === 'string' && id !== '' ? id : undefined
}
