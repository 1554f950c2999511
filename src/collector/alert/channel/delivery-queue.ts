/** What one channel has yet to tell: one after the other, each tried until it is taken, rejected, or not worth telling any more. Bounded, and counts what it drops. */
import { setTimeout as pause } from 'node:timers/promises'
import { backOff, isRetryable, type RetryOptions, retryAfter } from '../../retry.js'
import type { PostAnswer } from './guarded-post.js'

/** How a delivery ended: dropped when there were too many, or it could not be delivered for too long. */
export type Outcome = 'delivered' | 'rejected' | 'dropped'

export type ChannelCounts = { readonly [outcome in Outcome | 'failed']: number }

export type DeliveryQueueOptions<Item> = {
  /** One attempt. Throws when no answer came. */
  readonly send: (item: Item, signal: AbortSignal) => Promise<PostAnswer>
  readonly maxWaiting: number
  /** How long one is tried again, in milliseconds. */
  readonly giveUpAfterMs: number
  /** Told of each attempt that failed, and of what is rejected or given up. */
  readonly onTrouble: (message: string) => void
  readonly retry?: RetryOptions
  /** Epoch milliseconds, for a `Retry-After` that is a date. */
  readonly now?: () => number
  /** Milliseconds of a clock that only goes on. */
  readonly clock?: () => number
  readonly random?: () => number
  readonly wait?: (milliseconds: number, signal: AbortSignal) => Promise<unknown>
}

type Waiting<Item> = { readonly item: Item; readonly since: number; readonly settle: (outcome: Outcome) => void }

const RETRY: RetryOptions = { initialMs: 1000, maxMs: 5 * 60_000, multiplier: 2 }

export class DeliveryQueue<Item> {
  readonly #options: DeliveryQueueOptions<Item>
  readonly #waiting: Waiting<Item>[] = []
  readonly #stopping = new AbortController()
  readonly #counts = { delivered: 0, rejected: 0, dropped: 0, failed: 0 }
  #working: Promise<void> | undefined

  constructor(options: DeliveryQueueOptions<Item>) {
    this.#options = options
  }

  get counts(): ChannelCounts {
    return { ...this.#counts }
  }

  get size(): number {
    return this.#waiting.length
  }

  /** `settle` is called once, but not when the queue is closed before. */
  offer(item: Item, settle: (outcome: Outcome) => void = () => {}): void {
    if (this.#stopping.signal.aborted) return
    const one = { item, since: this.#clock(), settle }
    if (this.#waiting.length >= this.#options.maxWaiting) this.#settle(one, 'dropped', 'too many wait')
    else {
      this.#waiting.push(one)
      this.#work()
    }
  }

  /** Gives up what is on its way; what waits was not told. */
  async close(): Promise<void> {
    this.#stopping.abort()
    await this.#working
  }

  #work(): void {
    this.#working ??= this.#deliverAll().finally(() => {
      this.#working = undefined
      if (this.#waiting.length > 0 && !this.#stopping.signal.aborted) this.#work()
    })
  }

  async #deliverAll(): Promise<void> {
    const { signal } = this.#stopping
    for (let one = this.#waiting[0]; one !== undefined && !signal.aborted; one = this.#waiting[0]) {
      const ended = await this.#deliver(one, signal)
      if (ended === undefined) return
      this.#waiting.shift()
      this.#settle(one, ...ended)
    }
  }

  /** Undefined: stopped before it ended. */
  async #deliver(one: Waiting<Item>, signal: AbortSignal): Promise<[Outcome, string?] | undefined> {
    const { send, giveUpAfterMs, onTrouble, retry = RETRY, random = Math.random, now = Date.now } = this.#options
    const wait = this.#options.wait ?? ((ms, aborted) => pause(ms, undefined, { signal: aborted, ref: false }))
    for (let failures = 1; ; failures++) {
      const answer = await send(one.item, signal).catch((error: Error & { code?: string }) => error)
      if (signal.aborted) return undefined
      const isAnswer = !(answer instanceof Error)
      if (isAnswer && answer.status >= 200 && answer.status < 300) return ['delivered']
      const cause = isAnswer ? `${answer.status} ${answer.excerpt}`.trim() : answer.message
      const isFinal = isAnswer
        ? !isRetryable(answer.status) && answer.status !== 500 && answer.status !== 408
        : answer.code === 'TARGET_NOT_ALLOWED'
      if (isFinal) return ['rejected', cause]
      this.#counts.failed++
      const asked = isAnswer ? (retryAfter(answer.retryAfter, now()) ?? 0) : 0
      const retryInMs = Math.max(backOff(retry, failures, random), asked)
      if (this.#clock() + retryInMs - one.since > giveUpAfterMs) return ['dropped', `given up: ${cause}`]
      onTrouble(`failed and is tried again in ${Math.round(retryInMs)} ms: ${cause}`)
      await wait(retryInMs, signal).catch(() => {})
      if (signal.aborted) return undefined
    }
  }

  #settle({ settle }: Waiting<Item>, outcome: Outcome, cause?: string): void {
    this.#counts[outcome]++
    if (cause !== undefined) this.#options.onTrouble(`${outcome}: ${cause}`)
    settle(outcome)
  }

  #clock(): number {
    return (this.#options.clock ?? (() => performance.now()))()
  }
}
