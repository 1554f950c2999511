/**
 * What is going on right now: the windows of what was accepted, a snapshot of them every second, and single operations for who wants them.
 * All of it in memory and bounded. Where nobody listens, what is accepted is summed up and nothing else.
 */
import { randomBytes } from 'node:crypto'
import type { Operation } from 'tokmeter/core'
import type { IdentifiedOperation } from './batch.js'
import { Backlog } from './live/backlog.js'
import { eventOf, eventOfOperation, KINDS, type Kind, type LiveEvent, retryAfter, sequenceOf } from './live/event.js'
import { type Snapshot, type SnapshotSources, snapshotOf } from './live/snapshot.js'
import { Subscriber } from './live/subscriber.js'
import { LONGEST_MS, Windows } from './live/windows.js'

export type LiveOptions = SnapshotSources & {
  /** Readers at once; more are refused. @default 100 */
  readonly maxSubscribers?: number
  /** Epoch milliseconds, for people. @default Date.now */
  readonly now?: () => number
  /** Milliseconds of a clock that never goes back. @default performance.now */
  readonly elapsed?: () => number
  /** Has work done once, later; returns what calls it off. @default setTimeout, which keeps no process alive */
  readonly setTimer?: (work: () => void, milliseconds: number) => () => void
}

export type Subscription = {
  readonly kinds: ReadonlySet<Kind>
  /** Of `operation` events. */
  readonly filter: (operation: Operation) => boolean
  /** The last event it saw, when it was here before. */
  readonly lastEventId?: string | undefined
}

/** Nobody else is taken: a reader more would cost the others. */
export class TooManySubscribers extends Error {
  override readonly name = 'TooManySubscribers'
  readonly statusCode = 503

  constructor(limit: number) {
    super(`${limit} readers are listening, and no more are taken: close one, or raise live.subscribers`)
  }
}

const SECOND = 1000
/** How long events are kept for who lost its connection, when nobody else listens. */
const LINGER_MS = 60 * SECOND
/** What a reader is told to wait before it comes back. */
const RETRY_MS = 2 * SECOND
/** A heartbeat wherever nothing was sent for so many seconds, or half as many more. */
const HEARTBEAT_SECONDS = 10
/** How long operations are gathered before they are sent, and how many are sent at a time. */
const GATHER_MS = 50
const GATHERED = 1000
/** Operations that wait to be sent; of more the oldest are skipped. */
const PENDING = 10_000
/** What is kept for who comes back, of each kind, and what may wait for one reader. */
const KEPT = { maxEvents: 1000, maxBytes: 2 ** 20 }
const RECENT_ERRORS = 20
/** Timers may be early by a little: a tick is to be in the next second. */
const TICK_DELAY_MS = 5

const setUnrefTimer = (work: () => void, milliseconds: number) => {
  const timer = setTimeout(work, milliseconds).unref()
  return () => clearTimeout(timer)
}

export class Live {
  readonly #options: LiveOptions
  readonly #maxSubscribers: number
  readonly #now: () => number
  readonly #elapsed: () => number
  readonly #setTimer: NonNullable<LiveOptions['setTimer']>
  readonly #run = randomBytes(4).toString('hex')
  readonly #since: number
  readonly #windows: Windows
  readonly #subscribers = new Set<Subscriber>()
  readonly #backlogs: { readonly [kind in Kind]: Backlog }
  /** When there was last a reader of each kind; none is kept without one. */
  readonly #lastRead: { [kind in Kind]: number | undefined } = { snapshot: undefined, operation: undefined }
  readonly #sent: { [kind in Kind]: number } = { snapshot: 0, operation: 0 }
  #skipped = 0
  #refused = 0
  #sequence = 0
  #errors: IdentifiedOperation[] = []
  #pending: IdentifiedOperation[] = []
  #latest: { readonly second: number; readonly snapshot: Snapshot } | undefined
  /** The last snapshot that was sent. */
  #told: { readonly snapshot: Snapshot; readonly event: LiveEvent } | undefined
  #cancelTick: (() => void) | undefined
  #cancelFlush: (() => void) | undefined
  #ticks = 0
  #isStopped = false

  constructor(options: LiveOptions = {}) {
    const {
      maxSubscribers = 100,
      now = Date.now,
      elapsed = () => performance.now(),
      setTimer = setUnrefTimer,
    } = options
    this.#options = options
    this.#maxSubscribers = maxSubscribers
    this.#now = now
    this.#elapsed = elapsed
    this.#setTimer = setTimer
    this.#since = now()
    this.#windows = new Windows(this.#second())
    this.#backlogs = { snapshot: new Backlog(KEPT, 0), operation: new Backlog(KEPT, 0) }
  }

  get counts() {
    return {
      subscribers: this.#subscribers.size,
      sent: { ...this.#sent },
      skipped: this.#skipped,
      refused: this.#refused,
    }
  }

  /** Takes what was accepted. Sums it up at once; whoever reads gets it later. */
  accept(operations: readonly IdentifiedOperation[]): void {
    const now = this.#now()
    this.#windows.add(operations, this.#second(), now)
    for (const operation of operations) {
      const { error, startTime, durationMs = 0 } = operation
      // History that is sent now is none of what is going on.
      if (error === undefined || startTime + durationMs < now - LONGEST_MS) continue
      this.#errors.push(operation)
      if (this.#errors.length > RECENT_ERRORS) this.#errors.shift()
    }
    if (this.#lastRead.operation === undefined) return
    for (const operation of operations) this.#pending.push(operation)
    if (this.#pending.length > 2 * PENDING) this.#skipPending()
    this.#cancelFlush ??= this.#setTimer(() => this.flush(), GATHER_MS)
  }

  /** The numbers as this second begins: made once for everybody who asks within it. */
  snapshot(): Snapshot {
    const second = this.#second()
    if (this.#latest?.second !== second) {
      const { budgets, alerts, onTrouble } = this.#options
      const snapshot = snapshotOf({
        time: this.#now(),
        since: this.#since,
        views: this.#windows.at(second),
        errors: this.#errors,
        subscribers: this.#subscribers.size,
        sources: { budgets, alerts, onTrouble },
      })
      this.#latest = { second, snapshot }
    }
    return this.#latest.snapshot
  }

  /** A new reader. Throws TooManySubscribers. */
  subscribe({ kinds, filter, lastEventId }: Subscription): Subscriber {
    if (this.#isStopped || this.#subscribers.size >= this.#maxSubscribers) {
      this.#refused++
      throw new TooManySubscribers(this.#maxSubscribers)
    }
    const subscriber = new Subscriber({
      ...KEPT,
      kinds,
      filter,
      onSent: (kind) => {
        this.#sent[kind]++
      },
      onSkipped: (events) => {
        this.#skipped += events
      },
      onGone: (gone) => void this.#subscribers.delete(gone),
    })
    for (const kind of kinds) this.#keep(kind)
    const latest = kinds.has('snapshot') ? this.#publishSnapshot() : undefined
    subscriber.tell(retryAfter(RETRY_MS))
    if (!this.#resume(subscriber, lastEventId) && latest !== undefined) subscriber.offer(latest)
    this.#subscribers.add(subscriber)
    this.#cancelTick ??= this.#setTick()
    return subscriber
  }

  /** Once a second, while somebody listens or may come back. */
  tick(): void {
    for (const { kinds } of this.#subscribers) for (const kind of kinds) this.#keep(kind)
    for (const kind of KINDS) if (this.#elapsed() - (this.#lastRead[kind] ?? Infinity) > LINGER_MS) this.#letGo(kind)
    if (this.#lastRead.snapshot !== undefined) this.#publishSnapshot()
    const isBeat = ++this.#ticks % HEARTBEAT_SECONDS === 0
    for (const subscriber of this.#subscribers) {
      subscriber.flush()
      if (isBeat) subscriber.beat()
    }
  }

  /** Hands over operations that were accepted, some at a time. */
  flush(): void {
    this.#cancelFlush?.()
    this.#cancelFlush = undefined
    this.#skipPending()
    for (const operation of this.#pending.splice(0, GATHERED))
      this.#publish(eventOfOperation(this.#run, ++this.#sequence, operation))
    for (const subscriber of this.#subscribers) subscriber.flush()
    if (this.#pending.length > 0) this.#cancelFlush = this.#setTimer(() => this.flush(), GATHER_MS)
  }

  /** Ends all streams where they are; whoever is still to read comes again. */
  disconnect(): void {
    for (const subscriber of this.#subscribers) subscriber.end()
  }

  /** Ends all streams, and takes no readers any more. */
  stop(): void {
    this.#isStopped = true
    this.#cancelTick?.()
    this.#cancelFlush?.()
    this.disconnect()
  }

  #second(): number {
    return Math.floor(this.#elapsed() / SECOND)
  }

  #setTick(): () => void {
    const untilNext = SECOND - (this.#elapsed() % SECOND)
    return this.#setTimer(() => {
      this.tick()
      const isKept = KINDS.some((kind) => this.#lastRead[kind] !== undefined)
      this.#cancelTick = isKept ? this.#setTick() : undefined
    }, untilNext + TICK_DELAY_MS)
  }

  /** Keeps events of a kind from now on, where they are not kept yet. What came before is not known to whoever comes back. */
  #keep(kind: Kind): void {
    if (this.#lastRead[kind] === undefined) this.#forget(kind)
    this.#lastRead[kind] = this.#elapsed()
  }

  #letGo(kind: Kind): void {
    this.#lastRead[kind] = undefined
    this.#forget(kind)
    if (kind === 'operation') this.#pending = []
  }

  #forget(kind: Kind): void {
    this.#backlogs[kind].clear(++this.#sequence)
  }

  /** The snapshot of this second as an event, which everybody gets as soon as it is made. */
  #publishSnapshot(): LiveEvent {
    const snapshot = this.snapshot()
    if (this.#told?.snapshot !== snapshot) {
      this.#told = { snapshot, event: eventOf(this.#run, ++this.#sequence, snapshot) }
      this.#publish(this.#told.event)
    }
    return this.#told.event
  }

  #publish(event: LiveEvent): void {
    this.#backlogs[event.kind].add(event)
    for (const subscriber of this.#subscribers) if (subscriber.wants(event)) subscriber.offer(event)
  }

  /** Gives a reader what it missed, and says so where that is not all. False where it does not come back, or from elsewhere. */
  #resume(subscriber: Subscriber, lastEventId: string | undefined): boolean {
    if (lastEventId === undefined) return false
    const sequence = sequenceOf(this.#run, lastEventId)
    if (sequence === undefined || sequence > this.#sequence) {
      subscriber.tellLag('unknown')
      return false
    }
    const missed = [...subscriber.kinds].map((kind) => this.#backlogs[kind].after(sequence))
    if (missed.some(({ isComplete }) => !isComplete)) subscriber.tellLag('too_old')
    const events = missed.flatMap(({ events }) => events).sort((one, other) => one.sequence - other.sequence)
    for (const event of events) if (subscriber.wants(event)) subscriber.offer(event)
    return true
  }

  /** Leaves out the oldest of too many that wait, and tells whoever would have got them. */
  #skipPending(): void {
    const skipped = this.#pending.splice(0, Math.max(0, this.#pending.length - PENDING))
    if (skipped.length === 0) return
    this.#forget('operation')
    for (const subscriber of this.#subscribers)
      subscriber.skip(skipped.filter((operation) => subscriber.wantsOperation(operation)).length)
  }
}
