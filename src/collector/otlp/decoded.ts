/** What a decoded request looks like, whatever its encoding was. Small on purpose: what no dialect reads is left in the bytes. */

/** A value of an attribute. Integers beyond 2^53 are bigints. */
export type AttributeValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | Uint8Array
  | readonly AttributeValue[]
  | { readonly [key: string]: AttributeValue }

export type Attributes = { readonly [name: string]: AttributeValue | undefined }

export type Scope = { readonly name: string; readonly version: string }

export type Span = {
  /** 32 lower-case hex digits; empty when absent or all zero. */
  readonly traceId: string
  /** 16 lower-case hex digits; empty when absent or all zero. */
  readonly spanId: string
  /** Empty for a root span. */
  readonly parentSpanId: string
  readonly name: string
  /** As in OTLP: 2 is SERVER, 3 is CLIENT; 0 when not told. */
  readonly kind: number
  /** Epoch milliseconds with their fraction; 0 when not told. */
  readonly startTime: number
  /** Milliseconds; absent when a time is missing or the end is before the start. */
  readonly durationMs: number | undefined
  readonly hasError: boolean
  readonly statusMessage: string
  /** The last exception recorded on the span. */
  readonly exception: { readonly type: string; readonly message: string } | undefined
  readonly attributes: Attributes
}

export type LogRecord = {
  readonly traceId: string
  readonly spanId: string
  readonly sampled: boolean
  /** Epoch milliseconds with their fraction: when it happened, else when it was observed; 0 when neither is told. */
  readonly time: number
  /** From the field of that name, else from the attribute `event.name`, else a short body of text, which older clients use for it. */
  readonly eventName: string
  readonly attributes: Attributes
}

/** Items that have their resource and their scope in common. */
export type Group<Item> = { readonly resource: Attributes; readonly scope: Scope; readonly items: readonly Item[] }

export type DecodedTraces = {
  readonly signal: 'traces'
  /** All spans, those that stand in no group too. */
  readonly count: number
  /** The spans that have one of the attributes asked for. */
  readonly groups: readonly Group<Span>[]
  /** The parent of each span that has one, of those that stand in no group too, both as `traceId-spanId`. Made when it is asked for. */
  readonly parents: () => ReadonlyMap<string, string>
}

export type DecodedLogs = {
  readonly signal: 'logs'
  /** All log records, those that stand in no group too. */
  readonly count: number
  /** The records that have one of the attributes asked for, or the name of an event. */
  readonly groups: readonly Group<LogRecord>[]
}

export type DecodedMetrics = {
  readonly signal: 'metrics'
  /** Data points. */
  readonly count: number
}

export type Decoded = DecodedTraces | DecodedLogs | DecodedMetrics
