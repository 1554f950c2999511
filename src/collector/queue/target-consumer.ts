/** A target's side of the queue: bodies in the order they came, several at a time, each told of when the target has it. */
import type { ReceivedBody } from '../batch.js'
import { decodeBody } from './body-codec.js'
import type { Entries } from './entries.js'
import type { Table } from './environment.js'
import type { GroupCommit } from './group-commit.js'
import { countSent, drop, isWanted, type QueueState } from './state.js'

/** How far ahead of the oldest body that is not settled others are handed out: those that are settled are kept till it is. */
const WINDOW = 256
/** How long what became of a body may wait to be written down: after a crash within it the body is sent again. */
const SETTLE_WITHIN_MS = 100

/** A body on its way to a target. Exactly one of the three is to be called. */
export type Delivery = {
  readonly body: ReceivedBody
  /** Aborted when the body was dropped meanwhile: what becomes of it is of no interest any more. */
  readonly dropped: AbortSignal
  /** The target has it, but for so many items that it rejected. */
  readonly sent: (rejected?: number) => void
  /** The target can never take it. */
  readonly rejected: () => void
  /** It was not sent, and is to be handed out again. */
  readonly release: () => void
}

export type TargetConsumerOptions = {
  readonly name: string
  readonly table: Table
  readonly bodies: Entries
  readonly group: GroupCommit<QueueState>
}

export class TargetConsumer {
  readonly name: string
  readonly #options: TargetConsumerOptions
  /** By position; nothing for a body that is settled, while that is written down: it still counts, so that it is not handed out again. */
  readonly #inFlight = new Map<number, AbortController | undefined>()
  /** Bodies before this position were handed out. */
  #position = 0
  #waiters: (() => void)[] = []
  #isClosed = false

  constructor(options: TargetConsumerOptions) {
    this.name = options.name
    this.#options = options
  }

  /** What waits for the target, what is on its way included. */
  get waiting(): { readonly items: number; readonly bytes: number } {
    const { items = 0, bytes = 0 } = this.#options.group.state.targets[this.name] ?? {}
    return { items, bytes }
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** The next body; waits for one. Undefined when the queue or the target is closed, or the signal was aborted. */
  async next(signal?: AbortSignal): Promise<Delivery | undefined> {
    while (!this.#isClosed && signal?.aborted !== true) {
      const delivery = this.#take()
      if (delivery !== undefined) return delivery
      await this.#changed(signal)
    }
    return undefined
  }

  /** Tells those who wait to look again, and those who send what was dropped to stop. */
  wake(): void {
    const { group, bodies } = this.#options
    const target = group.state.targets[this.name]
    for (const [position, controller] of this.#inFlight) {
      if (target !== undefined && position >= bodies.first && isWanted(target, bodies, position)) continue
      this.#inFlight.delete(position)
      controller?.abort()
    }
    for (const waiter of this.#waiters.splice(0)) waiter()
  }

  close(): void {
    this.#isClosed = true
    this.wake()
  }

  #take(): Delivery | undefined {
    const { group, bodies } = this.#options
    const target = group.state.targets[this.name]
    if (target === undefined) return undefined
    const end = Math.min(group.state.nextBody, target.cursor + WINDOW)
    for (let position = Math.max(this.#position, target.cursor); position < end; position++) {
      if (this.#inFlight.has(position) || !isWanted(target, bodies, position)) continue
      this.#position = position + 1
      const body = this.#read(position)
      if (body !== undefined) return this.#delivery(position, body)
      this.#settle(position, (draft) => drop(draft, this.name, bodies, position, 'damaged'))
    }
    return undefined
  }

  #read(position: number): ReceivedBody | undefined {
    const { bodies, table } = this.#options
    const encoded = table.getBinary(bodies.key(position))
    return encoded === undefined ? undefined : decodeBody(encoded, bodies.at(position))
  }

  #delivery(position: number, body: ReceivedBody): Delivery {
    const controller = new AbortController()
    this.#inFlight.set(position, controller)
    const { bodies } = this.#options
    const sent = (rejected: number) =>
      this.#settle(position, (draft) => countSent(draft, this.name, bodies, position, rejected))
    return {
      body,
      dropped: controller.signal,
      sent: (rejected = 0) => sent(rejected),
      rejected: () => sent(body.items),
      release: () => {
        if (!this.#inFlight.delete(position)) return
        this.#position = Math.min(this.#position, position)
        this.wake()
      },
    }
  }

  #settle(position: number, prepare: (draft: QueueState) => void): void {
    this.#inFlight.set(position, undefined)
    this.#options.group.stageWithin(SETTLE_WITHIN_MS, {
      isFact: true,
      prepare,
      done: () => void this.#inFlight.delete(position),
    })
  }

  #changed(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const waiters = this.#waiters
      function done() {
        signal?.removeEventListener('abort', done)
        const at = waiters.indexOf(done)
        if (at >= 0) waiters.splice(at, 1)
        resolve()
      }
      waiters.push(done)
      signal?.addEventListener('abort', done)
    })
  }
}
