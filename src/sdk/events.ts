/** Sends each operation as an OTLP log record, in batches, from a bounded queue. What it could not send it counts. */
import type { Attributes } from '@opentelemetry/api'
import type { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-proto'
import type { Resource } from '@opentelemetry/resources'
import { operationAttributes } from '../attributes.js'
import { operationKind } from '../catalogue.js'
import type { IdentifiedOperation } from '../clean.js'
import { attribute, event, SCHEMA_URL } from '../semconv.js'
import { VERSION } from '../version.js'
import type { Outcomes } from './outcomes.js'
import { isUnreachable, UnreachableError } from './reachability.js'
import { reportOnce } from './report.js'

type LogRecords = Parameters<OTLPLogExporter['export']>[0]
type LogRecord = LogRecords[number]

/** Why an event was not exported. */
export type EventDropReason =
  /** Too many waited. */
  | 'queue_full'
  /** The export failed, retries included. */
  | 'export_failed'
  /** The endpoint takes no logs: it answered 404, 405, 415 or 501. */
  | 'not_accepted'
  /** The deadline of the shutdown passed. */
  | 'deadline'

export type EventLedger = {
  readonly exported: number
  readonly dropped: { readonly [reason in EventDropReason]: number }
  /** Events waiting or under way. */
  readonly size: number
}

/** Most events that wait, beside those under way. */
const QUEUE_LIMIT = 4096
/** Events of one request: encoding them takes some 2 ms, and more would hold the event loop for longer than a slice. */
const BATCH_SIZE = 50
/** Requests under way at once. */
const CONCURRENCY = 8
/** How long an event may wait for others to fill its batch, in milliseconds. */
const BATCH_DELAY_MS = 1000
/** How long until the endpoint is tried again while nobody has ever been there, in milliseconds. */
const ENDPOINT_DELAY_MS = 5000

const TAKES_NO_LOGS: ReadonlySet<unknown> = new Set([404, 405, 415, 501])
// Log records are told to be events by their name; DEBUG is the severity the conventions give this one.
const SEVERITY_DEBUG = 5
const SCOPE = { name: 'tokmeter', version: VERSION, schemaUrl: SCHEMA_URL }

export class Events {
  readonly #exporter: Pick<OTLPLogExporter, 'export' | 'shutdown'>
  readonly #endpoint: string
  readonly #resource: Resource
  readonly #outcomes: Outcomes
  #queue: IdentifiedOperation[] = []
  #underWay = 0
  readonly #exports = new Set<Promise<void>>()
  #timer: NodeJS.Timeout | undefined
  #isSendingSoon = false
  #refused = false
  /** Nobody has been there yet: what waits goes on waiting. */
  #awaitsEndpoint = false
  #isShutdown = false
  #exported = 0
  readonly #dropped = { queue_full: 0, export_failed: 0, not_accepted: 0, deadline: 0 }

  /** `endpoint`: the URL the exporter sends to. */
  constructor(
    exporter: Pick<OTLPLogExporter, 'export' | 'shutdown'>,
    endpoint: string,
    resource: Resource,
    outcomes: Outcomes,
  ) {
    this.#exporter = exporter
    this.#endpoint = endpoint
    this.#resource = resource
    this.#outcomes = outcomes
  }

  get ledger(): EventLedger {
    return { exported: this.#exported, dropped: { ...this.#dropped }, size: this.#queue.length + this.#underWay }
  }

  push(operation: IdentifiedOperation): void {
    if (this.#refused) this.#dropped.not_accepted++
    else if (this.#queue.length >= QUEUE_LIMIT) this.#dropped.queue_full++
    else {
      this.#queue.push(operation)
      if (this.#queue.length >= BATCH_SIZE) this.#sendSoon()
      else this.#schedule()
    }
  }

  /** Sends all that waits, and waits for it. What nobody was there to take goes on waiting. */
  async flush(): Promise<void> {
    this.#awaitsEndpoint = false
    this.#send(true)
    while (this.#exports.size > 0) {
      await Promise.race(this.#exports)
      this.#send(true)
    }
  }

  /** Gives up what waits, and what is under way, and ends. */
  async shutdown(): Promise<void> {
    this.#isShutdown = true
    clearTimeout(this.#timer)
    this.#dropped[this.#awaitsEndpoint ? 'export_failed' : 'deadline'] += this.#queue.length
    this.#queue = []
    await this.#exporter.shutdown()
  }

  #schedule(): void {
    if (this.#timer !== undefined) return
    const delay = this.#awaitsEndpoint ? ENDPOINT_DELAY_MS : BATCH_DELAY_MS
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#awaitsEndpoint = false
      this.#send(true)
    }, delay)
    this.#timer.unref()
  }

  /** Sends a batch in a turn of its own, and so on with the next: encoding it is not to lengthen the slice it came from. */
  #sendSoon(): void {
    if (this.#isSendingSoon) return
    this.#isSendingSoon = true
    setImmediate(() => {
      this.#isSendingSoon = false
      if (this.#queue.length < BATCH_SIZE) return
      this.#send(false, 1)
      if (this.#queue.length >= BATCH_SIZE && this.#exports.size < CONCURRENCY && !this.#awaitsEndpoint)
        this.#sendSoon()
    })
  }

  #send(partial = false, most = Infinity): void {
    let batches = 0
    while (
      batches++ < most &&
      !this.#awaitsEndpoint &&
      this.#exports.size < CONCURRENCY &&
      this.#queue.length > 0 &&
      (partial || this.#queue.length >= BATCH_SIZE)
    ) {
      const batch = this.#queue.splice(0, BATCH_SIZE)
      this.#underWay += batch.length
      const sent = this.#export(batch).finally(() => {
        this.#exports.delete(sent)
        if (this.#queue.length >= BATCH_SIZE) this.#sendSoon()
        else if (this.#queue.length > 0) this.#schedule()
      })
      this.#exports.add(sent)
    }
  }

  async #export(batch: readonly IdentifiedOperation[]): Promise<void> {
    if (!this.#outcomes.everSucceeded && (await isUnreachable(this.#endpoint))) {
      this.#putBack(batch)
      return
    }
    await new Promise<void>((resolve) => {
      const done = (error?: unknown) => {
        // Together with its outcome, so that the ledger balances at any moment.
        this.#underWay -= batch.length
        this.#outcomes.count('events', error)
        if (error === undefined) this.#exported += batch.length
        else this.#lost(batch.length, error)
        resolve()
      }
      try {
        this.#exporter.export(
          batch.map((operation) => this.#toLogRecord(operation)),
          (result) => done(result.code === 0 ? undefined : (result.error ?? new Error('export failed'))),
        )
      } catch (error) {
        done(error)
      }
    })
  }

  #putBack(batch: readonly IdentifiedOperation[]): void {
    this.#outcomes.count('events', new UnreachableError('nobody listens there'))
    this.#underWay -= batch.length
    if (this.#isShutdown) {
      this.#dropped.export_failed += batch.length
      return
    }
    const room = Math.max(0, QUEUE_LIMIT - this.#queue.length)
    this.#queue.unshift(...batch.slice(0, room))
    this.#dropped.queue_full += Math.max(0, batch.length - room)
    this.#awaitsEndpoint = true
  }

  #lost(count: number, error: unknown): void {
    if (!TAKES_NO_LOGS.has((error as { code?: unknown }).code)) {
      this.#dropped.export_failed += count
      return
    }
    this.#refused = true
    this.#dropped.not_accepted += count + this.#queue.length
    this.#queue = []
    reportOnce(
      'TOKMETER_NO_LOGS',
      'the OTLP endpoint takes no logs, so operations are not sent as events (metrics are); events: false says so beforehand',
    )
  }

  #toLogRecord(operation: IdentifiedOperation): LogRecord {
    const { id, startTime, durationMs = 0, traceId, spanId, sampled } = operation
    const attributes: Attributes = operationAttributes(operation)
    attributes[attribute.operationId] = id
    const inference = operationKind(operation.operation) === 'inference'
    return {
      hrTime: toHrTime(startTime + durationMs),
      hrTimeObserved: toHrTime(Date.now()),
      ...(traceId && spanId && { spanContext: { traceId, spanId, traceFlags: sampled ? 1 : 0 } }),
      severityNumber: SEVERITY_DEBUG,
      eventName: inference ? event.inference : event.operation,
      resource: this.#resource,
      instrumentationScope: SCOPE,
      attributes: attributes as LogRecord['attributes'],
      droppedAttributesCount: 0,
    }
  }
}

/** Seconds and nanoseconds. */
function toHrTime(milliseconds: number): [number, number] {
  const seconds = Math.floor(milliseconds / 1000)
  return [seconds, Math.round((milliseconds - seconds * 1000) * 1e6)]
}
