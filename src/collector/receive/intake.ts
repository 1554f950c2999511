/** What receiving hands a request to, and the two ways it may be told no. */
import type { IdentifiedOperation, ReceivedBody, Signal } from '../batch.js'

export type Encoding = 'protobuf' | 'json'

/** The body of a request as it came, to be sent on unchanged. */
export type Received = Pick<ReceivedBody, 'contentType' | 'contentEncoding' | 'bytes'>

export type OtlpSignal = Exclude<Signal, 'events'>

export type OtlpRequest = {
  readonly signal: OtlpSignal
  readonly encoding: Encoding
  /** Decompressed. */
  readonly body: Uint8Array
  readonly received: Received
}

/** What became of an OTLP request that was taken. A message without anything rejected is a warning. */
export type OtlpResult = { readonly rejected: number; readonly message?: string }

export type EventsRequest = {
  readonly operations: readonly IdentifiedOperation[]
  readonly received: Received
}

/** How many of the events were taken, and how many had been taken before. */
export type EventsResult = { readonly accepted: number; readonly duplicates: number }

/** The next stage. What it resolves is acknowledged to the sender: it must not resolve before the data is safe. */
export type Intake = {
  accept(request: OtlpRequest): Promise<OtlpResult>
  acceptEvents(request: EventsRequest): Promise<EventsResult>
}

/** The body is not what it claims to be: answered with 400, and not to be sent again. The message goes to the sender. */
export class InvalidBody extends Error {
  override readonly name = 'InvalidBody'
  /** Where in the body. */
  readonly field: string | undefined
  /** Spans, data points, log records or events in it, where they could be counted. */
  readonly items: number | undefined

  constructor(
    message: string,
    options: { readonly field?: string; readonly items?: number; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.field = options.field
    this.items = options.items
  }
}

/** Not taken now, though there is nothing wrong with it: answered with 503 or 429, and to be sent again. The message goes to the sender. */
export class Refused extends Error {
  override readonly name = 'Refused'
  readonly statusCode: 429 | 503
  readonly retryAfterSeconds: number | undefined
  /** For counting: few different ones. */
  readonly reason: string

  constructor(
    message: string,
    options: { readonly reason: string; readonly statusCode?: 429 | 503; readonly retryAfterSeconds?: number },
  ) {
    super(message)
    this.statusCode = options.statusCode ?? 503
    this.retryAfterSeconds = options.retryAfterSeconds
    this.reason = options.reason
  }
}
