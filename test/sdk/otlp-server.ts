/** A local OTLP/HTTP endpoint: takes what the exporters send, decodes it, and answers as it is told. */
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { decodeMetrics } from './otlp-protobuf.js'

export type OtlpRequest = {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  /** Of a JSON request. */
  // biome-ignore lint/suspicious/noExplicitAny: as it came
  readonly json: any
}

/** The status to answer with, or `hang` for no answer at all. */
export type Answer = number | 'hang'

/** One data point, whichever way it was encoded. */
export type OtlpPoint = {
  readonly name: string
  readonly unit: string
  readonly attributes: { readonly [name: string]: unknown }
  /** 1: delta, 2: cumulative. */
  readonly temporality?: number
  readonly value?: number
  readonly count?: number
  readonly sum?: number
}

export type OtlpLog = {
  readonly eventName: string
  readonly traceId: string
  readonly spanId: string
  /** Nanoseconds. */
  readonly time: bigint
  readonly attributes: { readonly [name: string]: unknown }
}

export class OtlpServer {
  readonly requests: OtlpRequest[] = []
  readonly #server: Server
  #answers: (path: string) => Answer

  private constructor(server: Server, answers: (path: string) => Answer) {
    this.#server = server
    this.#answers = answers
  }

  static async listen(answers: (path: string) => Answer = () => 200): Promise<OtlpServer> {
    const server = createServer()
    const made = new OtlpServer(server, answers)
    server.on('request', (request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk) => chunks.push(chunk))
      request.on('end', () => {
        const { url: path = '', headers } = request
        const sent = Buffer.concat(chunks)
        const body = headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent
        const isJson = headers['content-type'] === 'application/json'
        made.requests.push({ path, headers, body, json: isJson ? JSON.parse(body.toString()) : undefined })
        const answer = made.#answers(path)
        if (answer !== 'hang') response.writeHead(answer, { 'content-type': 'application/json' }).end('{}')
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return made
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  answer(answers: (path: string) => Answer): void {
    this.#answers = answers
  }

  of(path: string): OtlpRequest[] {
    return this.requests.filter((request) => request.path === path)
  }

  /** The data points of the latest metrics request, or those of one metric in it. */
  points(name?: string): OtlpPoint[] {
    const request = this.of('/v1/metrics').at(-1)
    if (request === undefined) return []
    const points = request.json === undefined ? decodeMetrics(request.body) : metricsOfJson(request.json)
    return points.filter((point) => name === undefined || point.name === name)
  }

  /** All log records that came, as JSON. */
  logs(): OtlpLog[] {
    return this.logBatches().flat()
  }

  /** The same, request by request. */
  logBatches(): OtlpLog[][] {
    return this.of('/v1/logs').map(({ json }) => logsOfJson(json))
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

// biome-ignore-start lint/suspicious/noExplicitAny: JSON as it came
function metricsOfJson(json: any): OtlpPoint[] {
  return json.resourceMetrics.flatMap((resource: any) =>
    resource.scopeMetrics.flatMap((scope: any) =>
      scope.metrics.flatMap(({ name, unit, sum, gauge, histogram, exponentialHistogram }: any) => {
        const data = sum ?? gauge ?? histogram ?? exponentialHistogram
        return data.dataPoints.map((point: any) => ({
          name,
          unit,
          attributes: attributesOfJson(point.attributes),
          ...(data.aggregationTemporality !== undefined && { temporality: data.aggregationTemporality }),
          ...(point.count === undefined
            ? { value: Number(point.asDouble ?? point.asInt) }
            : { count: Number(point.count), sum: point.sum }),
        }))
      }),
    ),
  )
}

function logsOfJson(json: any): OtlpLog[] {
  return json.resourceLogs.flatMap((resource: any) =>
    resource.scopeLogs.flatMap((scope: any) => scope.logRecords.map(logOfJson)),
  )
}

function logOfJson({ eventName, traceId, spanId, timeUnixNano, attributes }: any): OtlpLog {
  return { eventName, traceId, spanId, time: BigInt(timeUnixNano), attributes: attributesOfJson(attributes) }
}

function attributesOfJson(attributes: any[]): { [name: string]: unknown } {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, valueOfJson(value)]))
}

function valueOfJson(value: any): unknown {
  if (value.arrayValue) return value.arrayValue.values.map(valueOfJson)
  if (value.intValue !== undefined) return Number(value.intValue)
  return value.stringValue ?? value.doubleValue ?? value.boolValue
}
// biome-ignore-end lint/suspicious/noExplicitAny: JSON as it came
