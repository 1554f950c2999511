/** What travels inside the collector: what one request brought, from `receive/` through the queue to the store and the forwarders. */
import type { Operation } from 'tokmeter/core'

/** What a request carries. `events` are operations in tokmeter's own event format; they are stored, not forwarded. */
export type Signal = 'traces' | 'metrics' | 'logs' | 'events'

/** The bytes of a request's body as they came, and what has to be said of them to send them on unchanged. */
export type ReceivedBody = {
  readonly signal: Signal
  readonly contentType: string
  /** Absent when not compressed. */
  readonly contentEncoding?: string
  readonly bytes: Uint8Array
  /** Spans, data points, log records or events in it. */
  readonly items: number
}

/** An operation as the collector keeps it: its id is known, from the sender or from the span it was made of. */
export type IdentifiedOperation = Operation & { readonly id: string; readonly startTime: number }

/** One request: what was received, and the operations found in it. */
export type Batch = {
  readonly body: ReceivedBody
  readonly operations: readonly IdentifiedOperation[]
}
