/** OTLP requests written short: plain values for attributes, one resource, one scope. In JSON, which `encode.ts` turns into protobuf. */

export type PlainValue =
  | string
  | number
  | boolean
  | bigint
  | null
  | readonly PlainValue[]
  | { readonly [key: string]: PlainValue }
export type PlainAttributes = { readonly [name: string]: PlainValue }

export type PlainSpan = {
  readonly traceId?: string
  readonly spanId?: string
  readonly parentSpanId?: string
  readonly name?: string
  readonly kind?: number
  /** Epoch milliseconds. */
  readonly start?: number
  readonly durationMs?: number
  readonly attributes?: PlainAttributes
  /** The message of its failure. */
  readonly failure?: string
  readonly exception?: { readonly type: string; readonly message: string }
}

export type PlainRecord = {
  readonly traceId?: string
  readonly spanId?: string
  readonly sampled?: boolean
  /** Epoch milliseconds. */
  readonly time?: number
  readonly eventName?: string
  readonly body?: string
  readonly attributes?: PlainAttributes
}

export type Place = { readonly resource?: PlainAttributes; readonly scope?: string }

export const TRACE_ID = '0123456789abcdef0123456789abcdef'
/** 2026-11-01T00:00:00Z */
export const START = 1_793_491_200_000

export function anyValue(value: PlainValue): object {
  if (value === null) return {}
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  if (typeof value === 'bigint') return { intValue: String(value) }
  if (typeof value === 'number')
    return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value }
  if (Array.isArray(value)) return { arrayValue: { values: value.map(anyValue) } }
  return { kvlistValue: { values: keyValues(value as PlainAttributes) } }
}

export function keyValues(attributes: PlainAttributes): object[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) }))
}

export function nanoseconds(milliseconds: number): string {
  return String(BigInt(Math.round(milliseconds * 1000)) * 1000n)
}

export function tracesRequest(
  spans: readonly PlainSpan[],
  { resource = { 'service.name': 'shop' }, scope = 'test' }: Place = {},
) {
  return {
    resourceSpans: [
      {
        resource: { attributes: keyValues(resource) },
        scopeSpans: [{ scope: { name: scope, version: '1' }, spans: spans.map(toSpan) }],
      },
    ],
  }
}

function toSpan(span: PlainSpan, index: number): object {
  const { start = START, durationMs = 1000, failure, exception } = span
  return {
    traceId: span.traceId ?? TRACE_ID,
    spanId: span.spanId ?? spanIdOf(index + 1),
    ...(span.parentSpanId !== undefined && { parentSpanId: span.parentSpanId }),
    name: span.name ?? 'span',
    kind: span.kind ?? 3,
    startTimeUnixNano: nanoseconds(start),
    endTimeUnixNano: nanoseconds(start + durationMs),
    attributes: keyValues(span.attributes ?? {}),
    ...(exception !== undefined && {
      events: [
        {
          timeUnixNano: nanoseconds(start + durationMs),
          name: 'exception',
          attributes: keyValues({
            'exception.type': exception.type,
            'exception.message': exception.message,
            'exception.stacktrace': 'Error\n at SECRET-PLACE',
          }),
        },
      ],
    }),
    status: failure === undefined ? {} : { code: 2, message: failure },
  }
}

export function spanIdOf(number: number): string {
  return number.toString(16).padStart(16, '0')
}

export function logsRequest(
  records: readonly PlainRecord[],
  { resource = { 'service.name': 'shop' }, scope = 'test' }: Place = {},
) {
  return {
    resourceLogs: [
      {
        resource: { attributes: keyValues(resource) },
        scopeLogs: [{ scope: { name: scope, version: '1' }, logRecords: records.map(toRecord) }],
      },
    ],
  }
}

function toRecord(record: PlainRecord): object {
  return {
    timeUnixNano: nanoseconds(record.time ?? START),
    severityNumber: 9,
    ...(record.traceId !== undefined && { traceId: record.traceId }),
    ...(record.spanId !== undefined && { spanId: record.spanId }),
    ...(record.sampled !== undefined && { flags: record.sampled ? 1 : 0 }),
    ...(record.eventName !== undefined && { eventName: record.eventName }),
    ...(record.body !== undefined && { body: { stringValue: record.body } }),
    attributes: keyValues(record.attributes ?? {}),
  }
}

export function bytesOf(request: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(request))
}
