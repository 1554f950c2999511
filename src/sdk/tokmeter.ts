/** A running SDK as its user sees it. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { MeterProvider } from '@opentelemetry/api'
import type { Operation } from '../operation.js'
import type { CustomPrice } from '../price.js'
import type { OperationHandle, OperationStart, ReadResult } from './capture.js'
import type { Stats } from './stats.js'
import type { Listener, SubscribeOptions, Subscription } from './subscribers.js'

/** A running SDK. None of its methods throws for what happens after the start. */
export type Tokmeter = {
  /** Counts a finished operation. The operation must not be changed afterwards: it is kept, not copied, until it is measured. */
  record(operation: Operation): void
  /** Begins a unit of work; whatever comes first of the handle's `end` and `fail` makes it one operation. */
  begin(start: OperationStart): OperationHandle
  /** Runs `fn` as one operation: times it, records its failure, throws what it throws. `read` takes usage from the result. */
  measure<T>(start: OperationStart, fn: (handle: OperationHandle) => T, read?: ReadResult<Awaited<T>>): T
  stats(): Stats
  /** Lets `listener` see each operation as it is measured, by a bounded queue of its own. Throws a TypeError or RangeError for wrong arguments. */
  subscribe(listener: Listener, options?: SubscribeOptions): Subscription
  /** Measures all that waits, and exports. Resolves also when an export fails, which is counted. */
  forceFlush(): Promise<void>
  /** Measures and exports all that waits, within the deadline, and stops. Can be called again, and at any time. */
  shutdown(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
  /** Other prices in the place of `options.prices`, or `options.pricesFile` read again. False when they are refused: the old ones stay. */
  reloadPrices(prices?: readonly CustomPrice[]): boolean
  /** The MeterProvider measured with, for instruments of your own; `undefined` until there is one. */
  readonly meterProvider: MeterProvider | undefined
  readonly prometheus: PrometheusAccess | undefined
}

export type PrometheusAccess = {
  /** Answers with the metrics, whatever path the request came to: to be mounted in a server of your own. */
  handler(request: IncomingMessage, response: ServerResponse): void
  /** The URL of the endpoint once it listens; rejects when it cannot. `undefined` where it is not to listen. */
  readonly listening: Promise<string> | undefined
}
