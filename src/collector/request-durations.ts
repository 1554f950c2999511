/** How long requests take, of the collector's own server: measured as OpenTelemetry's conventions for HTTP servers have it. */
import type { Attributes } from '@opentelemetry/api'
import type { FastifyInstance, FastifyRequest } from 'fastify'

/** https://opentelemetry.io/docs/specs/semconv/http/http-metrics/#metric-httpserverrequestduration */
export const REQUEST_DURATION = {
  name: 'http.server.request.duration',
  kind: 'histogram',
  unit: 's',
  description: 'Duration of HTTP server requests.',
  buckets: [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
} as const

/** What is told of a request. */
export const REQUEST_ATTRIBUTES = {
  method: 'http.request.method',
  /** The pattern that it met; absent where it met none. */
  route: 'http.route',
  status: 'http.response.status_code',
  scheme: 'url.scheme',
  /** The status of an answer that is the server's fault. */
  error: 'error.type',
} as const

/** Those the conventions know; of any other it is told that it is one. */
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH']
const OTHER_METHOD = '_OTHER'

/** Hands over the seconds of every request that is answered to its end: from its head until the last of the answer is sent. */
export function measureRequests(app: FastifyInstance, record: (seconds: number, attributes: Attributes) => void): void {
  app.addHook('onResponse', async (request, reply) =>
    record(reply.elapsedTime / 1000, attributesOf(request, reply.statusCode)),
  )
}

function attributesOf(request: FastifyRequest, status: number): Attributes {
  const { method, protocol, is404, routeOptions } = request
  return {
    [REQUEST_ATTRIBUTES.method]: METHODS.includes(method) ? method : OTHER_METHOD,
    [REQUEST_ATTRIBUTES.scheme]: protocol,
    [REQUEST_ATTRIBUTES.status]: status,
    ...(!is404 && routeOptions.url !== undefined && { [REQUEST_ATTRIBUTES.route]: routeOptions.url }),
    ...(status >= 500 && { [REQUEST_ATTRIBUTES.error]: String(status) }),
  }
}
