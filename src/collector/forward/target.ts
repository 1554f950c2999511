/** What a target of forwarding is, and the shape of what is handed to the forwarder for it. Other stages are known by shape alone. */
import type { ReceivedBody } from '../batch.js'
import type { RetryOptions } from '../retry.js'

/** TLS of a target, as PEM: not the names of files. */
export type TargetTls = {
  /** Authorities that are trusted instead of those of the system. */
  readonly ca?: string | Buffer
  /** The certificate to show, with `key`. */
  readonly cert?: string | Buffer
  readonly key?: string | Buffer
}

export type ForwardTarget = {
  readonly name: string
  /** Without `/v1/traces` and the like, which are added. */
  readonly url: string
  readonly headers?: { readonly [name: string]: string }
  /** For one attempt, from its beginning to the end of the answer, in milliseconds. @default 10000 */
  readonly timeoutMs?: number
  readonly retry?: Partial<RetryOptions>
  /** Most requests at a time. @default 4 */
  readonly requestsInFlight?: number
  readonly tls?: TargetTls
}

/** A body to send. Exactly one of the three functions is called. */
export type Delivery = {
  readonly body: ReceivedBody
  /** Aborted when it is not to be sent any more. */
  readonly dropped: AbortSignal
  /** The target has it, but for so many items that it rejected. */
  readonly sent: (rejected?: number) => void
  /** The target can never take it. */
  readonly rejected: () => void
  /** It was not sent, and stays where it came from. */
  readonly release: () => void
}

/** Where bodies come from: waits for the next one; undefined when there will be none, or the signal was aborted. */
export type DeliverySource = { readonly next: (signal?: AbortSignal) => Promise<Delivery | undefined> }
