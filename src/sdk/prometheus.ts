/** The Prometheus endpoint: a page of the current metrics, on a server of its own or mounted in the application's. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus'
import { DataPointType, type ResourceMetrics } from '@opentelemetry/sdk-metrics'
import type { PrometheusConfig } from './config.js'
import { reportOnce } from './report.js'

const compress = promisify(gzip)

/** Version of the text format; Prometheus takes the page for it from the header. */
const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/**
 * How long a scraper's connection is kept between two scrapes, which most make once in 15 s or 60 s: one that is closed just as the
 * next request is on its way costs that scrape.
 */
const KEEP_ALIVE_MS = 75_000

/** `gzip`, unless its weight is 0: then it is refused. */
const TAKES_GZIP = /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/

export class PrometheusEndpoint {
  /** For the MeterProvider. */
  readonly reader: PrometheusExporter
  readonly #config: PrometheusConfig
  readonly #serializer: PrometheusSerializer
  readonly #beforeCollect: () => Promise<void>
  #server: Server | undefined
  #listening: Promise<string> | undefined

  constructor(config: PrometheusConfig, beforeCollect: () => Promise<void>) {
    this.#config = config
    this.#beforeCollect = beforeCollect
    this.reader = new PrometheusExporter({ preventServerStart: true })
    this.#serializer = new PrometheusSerializer('', false, undefined, false, !config.scopeLabels)
  }

  /** Answers with the metrics, whatever path the request came to. To be mounted in a server of the application's. */
  readonly handler = (request: IncomingMessage, response: ServerResponse): void => {
    void this.#answer(request, response)
  }

  /** Begins to listen. Resolves with the URL; rejects, and warns, when that fails: the program goes on without. */
  listen(): Promise<string> {
    this.#listening ??= new Promise((resolve, reject) => {
      const { host, port, path } = this.#config
      const server = createServer((request, response) => {
        if (request.url?.split('?', 1)[0] === path) this.handler(request, response)
        else response.writeHead(404, { 'content-type': 'text/plain' }).end(`Not found. The metrics are at ${path}\n`)
      })
      this.#server = server
      server.keepAliveTimeout = KEEP_ALIVE_MS
      // Neither listening nor a scraper that holds its connection keeps the program from ending.
      server.unref()
      server.on('connection', (socket) => socket.unref())
      server.on('error', (error) => {
        reportOnce(
          `TOKMETER_PROMETHEUS_${port}`,
          `the Prometheus endpoint cannot listen on ${host}:${port}: ${error.message}`,
        )
        reject(error)
      })
      server.listen({ host, port }, () => {
        const address = server.address() as AddressInfo
        const name = address.family === 'IPv6' ? `[${address.address}]` : address.address
        resolve(`http://${name}:${address.port}${path}`)
      })
    })
    // Whoever asks for the URL sees the failure; who does not is warned, and must not be brought down by it.
    this.#listening.catch(() => {})
    return this.#listening
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#server === undefined) return resolve()
      this.#server.close(() => resolve())
      this.#server.closeAllConnections()
    })
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        response.writeHead(405, { allow: 'GET, HEAD', 'content-type': 'text/plain' }).end('Only GET and HEAD.\n')
        return
      }
      await this.#beforeCollect()
      const { resourceMetrics } = await this.reader.collect()
      const page = this.#serializer.serialize(withoutExponential(resourceMetrics))
      const zipped = TAKES_GZIP.test(String(request.headers['accept-encoding'] ?? ''))
      const body = zipped ? await compress(page) : Buffer.from(page)
      response.writeHead(200, {
        'content-type': CONTENT_TYPE,
        'content-length': body.length,
        vary: 'accept-encoding',
        ...(zipped && { 'content-encoding': 'gzip' }),
      })
      response.end(request.method === 'HEAD' ? undefined : body)
    } catch {
      // After shutdown there is nothing to collect.
      if (!response.headersSent) response.writeHead(503, { 'content-type': 'text/plain' })
      response.end('The metrics cannot be collected.\n')
    }
  }
}

function withoutExponential(metrics: ResourceMetrics): ResourceMetrics {
  let left = 0
  const scopeMetrics = metrics.scopeMetrics.map((scope) => {
    const kept = scope.metrics.filter((one) => one.dataPointType !== DataPointType.EXPONENTIAL_HISTOGRAM)
    left += scope.metrics.length - kept.length
    return { ...scope, metrics: kept }
  })
  if (left === 0) return metrics
  reportOnce(
    'TOKMETER_EXPONENTIAL',
    'exponential histograms are left out of the Prometheus endpoint: its text format cannot hold them; they go out by OTLP',
  )
  return { ...metrics, scopeMetrics }
}
