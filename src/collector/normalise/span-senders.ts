/**
 * Which services send spans of their operations. Some instrumentations tell each operation twice, by a span and by an event inside
 * it, which often arrives first but does not say how long the operation took: of a service that is known to send spans, the span is
 * believed to come. Until that is known the event counts, and the span, of the same id, is a duplicate.
 */
import { attribute } from 'tokmeter/core'
import type { Attributes, LogRecord } from '../otlp/decoded.js'
import { textOf } from './attribute-value.js'
import { hasUsage } from './conventions.js'
import type { DialectName } from './dialect.js'
import { resourceName } from './resource-name.js'

/** Services remembered. */
const LIMIT = 10_000

export class SpanSenders {
  readonly #services = new Set<string>()
  // Spans of one service come together.
  #latest = ''

  /** Takes note of a span of an operation. */
  sent(dialect: DialectName, resource: Attributes): void {
    const service = textOf(resource[resourceName.service])
    if (service === undefined || service === this.#latest || !writesEvents(dialect)) return
    this.#latest = service
    if (this.#services.size >= LIMIT) this.#services.clear()
    this.#services.add(service)
  }

  /** Whether a span tells what the record tells. */
  tells(dialect: DialectName, record: LogRecord, resource: Attributes): boolean {
    if (dialect !== 'opentelemetry' || !record.sampled || record.traceId === '' || record.spanId === '') return false
    if (saysNothing(record.attributes)) return true
    const service = textOf(resource[resourceName.service])
    return service !== undefined && this.#services.has(service)
  }
}

/** Whether an event tells neither model nor usage nor failure, as some do that instrumentations add to their spans: counted, it would leave the span a duplicate. */
function saysNothing(attributes: Attributes): boolean {
  return (
    attributes[attribute.requestModel] === undefined &&
    attributes[attribute.responseModel] === undefined &&
    attributes[attribute.errorType] === undefined &&
    !hasUsage(attributes)
  )
}

/** Dialects whose instrumentations may add events of the conventions. tokmeter's events say all that its spans say. */
function writesEvents(dialect: DialectName): boolean {
  return dialect === 'opentelemetry' || dialect === 'openllmetry'
}
