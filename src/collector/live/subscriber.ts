/** One reader of the stream: what waits for it is bounded, and what it was too slow for is skipped, counted and told. */
import { Readable } from 'node:stream'
import type { Operation } from 'tokmeter/core'
import { HEARTBEAT, type Kind, type LagReason, type LiveEvent, lagged } from './event.js'

export type SubscriberLimits = { readonly maxEvents: number; readonly maxBytes: number }

export type SubscriberOptions = SubscriberLimits & {
  readonly kinds: ReadonlySet<Kind>
  /** Of operations. */
  readonly filter: (operation: Operation) => boolean
  /** Told of every event that was handed to the connection, or skipped. */
  readonly onSent: (kind: Kind) => void
  readonly onSkipped: (events: number) => void
  readonly onGone: (subscriber: Subscriber) => void
}

/** Bytes handed to the connection at once, about. */
const PIECE_BYTES = 64 * 1024

/** A stream of bytes: it gives as much as is asked of it, so a socket that is full holds up its own reader and nothing else. */
export class Subscriber extends Readable {
  readonly #options: SubscriberOptions
  #waiting: LiveEvent[] = []
  #bytes = 0
  #skipped = 0
  #isAsked = false
  #isQuiet = true
  #isEnded = false

  constructor(options: SubscriberOptions) {
    super({ highWaterMark: PIECE_BYTES })
    this.#options = options
  }

  get kinds(): ReadonlySet<Kind> {
    return this.#options.kinds
  }

  wants({ kind, operation }: LiveEvent): boolean {
    return operation === undefined ? this.kinds.has(kind) : this.wantsOperation(operation)
  }

  wantsOperation(operation: Operation): boolean {
    return this.kinds.has('operation') && this.#options.filter(operation)
  }

  /** Sent when the reader takes it. Of too many that wait the oldest is skipped. */
  offer(event: LiveEvent): void {
    this.#waiting.push(event)
    this.#bytes += event.bytes.length
    const { maxEvents, maxBytes } = this.#options
    let skipped = 0
    while (this.#waiting.length > maxEvents || this.#bytes > maxBytes) {
      this.#bytes -= this.#waiting.shift()!.bytes.length
      skipped++
    }
    this.skip(skipped)
  }

  /** What it would have got, and did not. */
  skip(events: number): void {
    if (events === 0) return
    this.#skipped += events
    this.#options.onSkipped(events)
  }

  /** To be told before what comes next. */
  tell(bytes: Buffer): void {
    this.push(bytes)
  }

  tellLag(reason: LagReason): void {
    this.tell(lagged(reason, null))
  }

  /** Hands over what waits, as far as it is taken. */
  flush(): void {
    while (this.#isAsked && (this.#waiting.length > 0 || this.#skipped > 0)) {
      const piece: Buffer[] = []
      if (this.#skipped > 0) piece.push(lagged('slow_reader', this.#skipped))
      this.#skipped = 0
      for (let bytes = 0; bytes < PIECE_BYTES && this.#waiting.length > 0; ) {
        const event = this.#waiting.shift()!
        this.#bytes -= event.bytes.length
        bytes += event.bytes.length
        piece.push(event.bytes)
        this.#options.onSent(event.kind)
      }
      this.#isAsked = this.push(piece.length === 1 ? piece[0] : Buffer.concat(piece))
      this.#isQuiet = false
    }
  }

  /** Says that the connection stands, where nothing was said since the last time. */
  beat(): void {
    if (this.#isQuiet && this.#isAsked) this.#isAsked = this.push(HEARTBEAT)
    this.#isQuiet = true
  }

  /** Ends the stream where it is; what waits is not sent any more. */
  end(): void {
    if (this.#isEnded || this.destroyed) return
    this.#isEnded = true
    this.#isAsked = false
    this.push(null)
  }

  override _read(): void {
    this.#isAsked = true
    this.flush()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#isAsked = false
    this.#waiting = []
    this.#bytes = 0
    this.#options.onGone(this)
    done(error)
  }
}
