/** OTLP in JSON. The text is parsed whole, as there is no other way; what is made of it is as small as from protobuf. */
import { isUtf8 } from 'node:buffer'
import type { DecodedLogs, DecodedMetrics, DecodedTraces, Group, LogRecord, Scope, Span } from './decoded.js'
import { eventNameOf } from './event-name.js'
import { EXCEPTION_ATTRIBUTES, exceptionFrom } from './exception.js'
import { InvalidOtlp } from './invalid-otlp.js'
import {
  attributes,
  enumeration,
  id,
  type JsonObject,
  list,
  milliseconds,
  nanoseconds,
  object,
  text,
} from './json-value.js'
import { BODY_LIMIT, READ_LIMIT } from './limits.js'
import type { AttributeSelections } from './selections.js'

const STATUS_NAMES = ['STATUS_CODE_UNSET', 'STATUS_CODE_OK', 'STATUS_CODE_ERROR']
const STATUS_ERROR = 2
const KIND_NAMES = [
  'SPAN_KIND_UNSPECIFIED',
  'SPAN_KIND_INTERNAL',
  'SPAN_KIND_SERVER',
  'SPAN_KIND_CLIENT',
  'SPAN_KIND_PRODUCER',
  'SPAN_KIND_CONSUMER',
]
const SAMPLED = 1

/** Fields of a metric that hold data points. */
const DATA_FIELDS = ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary']

export function decodeJsonTraces(body: Uint8Array, selections: AttributeSelections | undefined): DecodedTraces {
  const lineage: { readonly traceId: string; readonly spanId: string; readonly parentSpanId: string }[] = []
  let count = 0
  const readSpan = (span: JsonObject, where: string): Span | undefined => {
    count++
    const traceId = id(span['traceId'], 32, `${where}.traceId`)
    const spanId = id(span['spanId'], 16, `${where}.spanId`)
    const parentSpanId = id(span['parentSpanId'], 16, `${where}.parentSpanId`)
    if (parentSpanId !== '') lineage.push({ traceId, spanId, parentSpanId })
    const read = attributes(span['attributes'], selections?.spans, `${where}.attributes`)
    const start = nanoseconds(span['startTimeUnixNano'], `${where}.startTimeUnixNano`)
    const end = nanoseconds(span['endTimeUnixNano'], `${where}.endTimeUnixNano`)
    const name = text(span['name'], `${where}.name`)
    if (!read.isMarked) return undefined
    const status = object(span['status'], `${where}.status`)
    const hasError = enumeration(status['code'], STATUS_NAMES, `${where}.status.code`) === STATUS_ERROR
    return {
      traceId,
      spanId,
      parentSpanId,
      name,
      kind: enumeration(span['kind'], KIND_NAMES, `${where}.kind`),
      startTime: milliseconds(start),
      durationMs: start === 0n || end < start ? undefined : Number(end - start) / 1e6,
      hasError,
      statusMessage: text(status['message'], `${where}.status.message`),
      exception: hasError ? lastException(span['events'], `${where}.events`) : undefined,
      attributes: read.attributes,
    }
  }
  const groups = readGroups(parse(body), ['resourceSpans', 'scopeSpans', 'spans'], selections, readSpan)
  const parents = () =>
    new Map(lineage.map((one) => [`${one.traceId}-${one.spanId}`, `${one.traceId}-${one.parentSpanId}`]))
  return { signal: 'traces', count, groups, parents }
}

function lastException(value: unknown, where: string): Span['exception'] {
  const event = list(value, where).at(-1)
  if (event === undefined) return undefined
  return exceptionFrom(attributes(object(event, where)['attributes'], EXCEPTION_ATTRIBUTES, where).attributes)
}

export function decodeJsonLogs(body: Uint8Array, selections: AttributeSelections | undefined): DecodedLogs {
  let count = 0
  const readRecord = (record: JsonObject, where: string): LogRecord | undefined => {
    count++
    const traceId = id(record['traceId'], 32, `${where}.traceId`)
    const spanId = id(record['spanId'], 16, `${where}.spanId`)
    const happened = nanoseconds(record['timeUnixNano'], `${where}.timeUnixNano`)
    const observed = nanoseconds(record['observedTimeUnixNano'], `${where}.observedTimeUnixNano`)
    const eventName = text(record['eventName'], `${where}.eventName`)
    const read = attributes(record['attributes'], selections?.logs, `${where}.attributes`)
    if (!read.isMarked && eventName === '') return undefined
    return {
      traceId,
      spanId,
      sampled: (Number(record['flags'] ?? 0) & SAMPLED) !== 0,
      time: milliseconds(happened === 0n ? observed : happened),
      eventName: eventNameOf(eventName, read.attributes, shortBody(record['body'])),
      attributes: read.attributes,
    }
  }
  const groups = readGroups(parse(body), ['resourceLogs', 'scopeLogs', 'logRecords'], selections, readRecord)
  return { signal: 'logs', count, groups }
}

function shortBody(body: unknown): string {
  const value = (body as { readonly stringValue?: unknown } | null | undefined)?.stringValue
  return typeof value === 'string' && value.length <= BODY_LIMIT ? value : ''
}

export function decodeJsonMetrics(body: Uint8Array): DecodedMetrics {
  let count = 0
  for (const metric of innermost(parse(body), ['resourceMetrics', 'scopeMetrics', 'metrics'])) {
    for (const field of DATA_FIELDS) count += list(object(metric[field], field)['dataPoints'], 'dataPoints').length
  }
  return { signal: 'metrics', count }
}

type Path = readonly [resources: string, scopes: string, items: string]

function readGroups<Item>(
  request: JsonObject,
  [resources, scopes, items]: Path,
  selections: AttributeSelections | undefined,
  readItem: (item: JsonObject, where: string) => Item | undefined,
): Group<Item>[] {
  const groups: Group<Item>[] = []
  let kept = 0
  for (const resourceGroup of list(request[resources], resources)) {
    const ofResource = object(resourceGroup, resources)
    const fields = object(ofResource['resource'], 'resource')
    const resource = attributes(fields['attributes'], selections?.resource, 'resource.attributes').attributes
    for (const scopeGroup of list(ofResource[scopes], scopes)) {
      const ofScope = object(scopeGroup, scopes)
      const scope = readScope(ofScope['scope'])
      const read: Item[] = []
      const all = list(ofScope[items], items)
      let index = 0
      try {
        for (; index < all.length; index++) {
          const item = readItem(object(all[index], items), items)
          if (item === undefined) continue
          if (++kept > READ_LIMIT) throw new InvalidOtlp(`more than ${READ_LIMIT} items to be read`)
          read.push(item)
        }
      } catch (error) {
        throw error instanceof InvalidOtlp ? new InvalidOtlp(`${error.message}, in ${items}[${index}]`) : error
      }
      if (read.length > 0) groups.push({ resource, scope, items: read })
    }
  }
  return groups
}

function readScope(value: unknown): Scope {
  const scope = object(value, 'scope')
  return { name: text(scope['name'], 'scope.name'), version: text(scope['version'], 'scope.version') }
}

function* innermost(request: JsonObject, [resources, scopes, items]: Path): Generator<JsonObject> {
  for (const resource of list(request[resources], resources)) {
    for (const scope of list(object(resource, resources)[scopes], scopes)) {
      for (const item of list(object(scope, scopes)[items], items)) yield object(item, items)
    }
  }
}

function parse(body: Uint8Array): JsonObject {
  if (!isUtf8(body)) throw new InvalidOtlp('the body is not UTF-8')
  let parsed: unknown
  try {
    parsed = JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'))
  } catch {
    // What the parser says quotes the body, and the body may hold prompts.
    throw new InvalidOtlp('the body is not JSON')
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new InvalidOtlp('the body is not a JSON object')
  }
  return parsed as JsonObject
}
