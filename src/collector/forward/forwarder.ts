/**
 * Sends what waits for one target: several requests at a time, each tried until the target took it, said that it never will,
 * or it is not wanted any more. Keeps nothing: what is not sent stays where it came from.
 */
import { setTimeout as wait } from 'node:timers/promises'
import type { Signal } from '../batch.js'
import { backOff, isRetryable, type RetryOptions, retryAfter } from '../retry.js'
import { readPartialSuccess } from './partial-success.js'
import { type Answer, createPoster, type Post } from './post.js'
import type { Delivery, DeliverySource, ForwardTarget } from './target.js'

export type ForwardReport = {
  readonly signal: Signal
  readonly items: number
  /** The status of the answer, or the code of the failure: of a small number of values. */
  readonly cause: string
  /** What the target said of it, in part; nothing of the data. */
  readonly message: string
}

export type ForwarderOptions = {
  readonly target: ForwardTarget
  readonly source: DeliverySource
  /** Told of every attempt that failed and will be made again. */
  readonly onFailure?: (report: ForwardReport & { readonly retryInMs: number }) => void
  /** Told of items the target rejected for good. */
  readonly onRejected?: (report: ForwardReport) => void
  /** Epoch milliseconds, for a `Retry-After` that is a date. */
  readonly now?: () => number
  /** Milliseconds of a clock that is never put right. */
  readonly clock?: () => number
  readonly random?: () => number
  /** Waits so many milliseconds; rejects when the signal is aborted. */
  readonly wait?: (milliseconds: number, signal: AbortSignal) => Promise<unknown>
}

type ItemCounts = { [signal in Signal]: number }

/** Counts since the forwarder was made. The ledger, which lasts, is the queue's. */
export type ForwardCounts = {
  readonly sent: Readonly<ItemCounts>
  readonly rejected: Readonly<ItemCounts>
  /** Attempts that failed, by status or code of the failure. */
  readonly failedAttempts: { readonly [cause: string]: number }
  readonly requestsInFlight: number
}

/** Different causes that are counted apart; others are `other`. */
const CAUSES = 50

export class Forwarder {
  readonly name: string
  readonly #options: ForwarderOptions
  readonly #retry: RetryOptions
  readonly #post: Post
  readonly #closePoster: () => void
  readonly #now: () => number
  readonly #clock: () => number
  readonly #wait: (milliseconds: number, signal: AbortSignal) => Promise<unknown>
  /** Aborted when no more is to be taken, and when what is on its way is given up. */
  readonly #stopping = new AbortController()
  readonly #abandoning = new AbortController()
  readonly #workers: Promise<void>[]
  readonly #sent: ItemCounts = { traces: 0, metrics: 0, logs: 0, events: 0 }
  readonly #rejected: ItemCounts = { traces: 0, metrics: 0, logs: 0, events: 0 }
  readonly #failedAttempts = new Map<string, number>()
  #requestsInFlight = 0
  /** Until then the target asked to be left alone, by the clock that is never put right. */
  #pausedUntil = -Infinity

  constructor(options: ForwarderOptions) {
    const { target } = options
    this.name = target.name
    this.#options = options
    this.#retry = { initialMs: 5000, maxMs: 30_000, multiplier: 1.5, ...target.retry }
    this.#now = options.now ?? Date.now
    this.#clock = options.clock ?? (() => performance.now())
    this.#wait = options.wait ?? ((milliseconds, signal) => wait(milliseconds, undefined, { signal, ref: false }))
    const poster = createPoster(target)
    this.#post = poster.post
    this.#closePoster = poster.close
    this.#workers = Array.from({ length: target.requestsInFlight ?? 4 }, () => this.#work())
  }

  get counts(): ForwardCounts {
    return {
      sent: { ...this.#sent },
      rejected: { ...this.#rejected },
      failedAttempts: Object.fromEntries(this.#failedAttempts),
      requestsInFlight: this.#requestsInFlight,
    }
  }

  /**
   * Takes no more, gives requests that are on their way so many milliseconds to end, and gives back what was not sent. To be called
   * before the source is closed.
   */
  async close(withinMs = 0): Promise<void> {
    this.#stopping.abort()
    const timer = setTimeout(() => this.#abandoning.abort(), withinMs)
    await Promise.all(this.#workers)
    clearTimeout(timer)
    this.#closePoster()
  }

  async #work(): Promise<void> {
    for (;;) {
      const delivery = await this.#options.source.next(this.#stopping.signal)
      if (delivery === undefined) return
      await this.#deliver(delivery)
    }
  }

  async #deliver(delivery: Delivery): Promise<void> {
    // While an attempt is on its way it may end after the stop; the time between two is not waited for.
    const attempts = abortedByAny(delivery.dropped, this.#abandoning.signal)
    const pauses = abortedByAny(delivery.dropped, this.#stopping.signal)
    const isSettled = await this.#tryUntilSettled(delivery, attempts.signal, pauses.signal).catch((error) => {
      if (attempts.signal.aborted || pauses.signal.aborted) return false
      throw error
    })
    attempts.forget()
    pauses.forget()
    if (!isSettled) delivery.release()
  }

  /** Throws when it was aborted in a pause, returns false when in an attempt. */
  async #tryUntilSettled(delivery: Delivery, duringAttempt: AbortSignal, inPause: AbortSignal): Promise<boolean> {
    for (let failures = 1; ; failures++) {
      await this.#pause(inPause)
      const failed = await this.#attempt(delivery, duringAttempt)
      if (failed === undefined) return true
      if (duringAttempt.aborted) return false
      const asked = retryAfter(failed.retryAfter, this.#now())
      const retryInMs = Math.max(backOff(this.#retry, failures, this.#options.random ?? Math.random), asked ?? 0)
      // What the target asks for holds for all requests to it.
      if (asked !== undefined) this.#pausedUntil = Math.max(this.#pausedUntil, this.#clock() + asked)
      this.#countFailure(failed.cause)
      this.#options.onFailure?.({ ...this.#report(delivery, failed.cause, failed.message), retryInMs })
      await this.#wait(retryInMs, inPause)
    }
  }

  /** Waits while the target asks to be left alone. */
  async #pause(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    for (let left = this.#pausedUntil - this.#clock(); left > 0; left = this.#pausedUntil - this.#clock()) {
      await this.#wait(left, signal)
    }
  }

  /** Sends it once. Returns nothing when that settled it, else why another attempt is to be made. */
  async #attempt(
    delivery: Delivery,
    signal: AbortSignal,
  ): Promise<{ cause: string; message: string; retryAfter?: string | undefined } | undefined> {
    let answer: Answer
    this.#requestsInFlight++
    try {
      answer = await this.#post(delivery.body, signal)
    } catch (error) {
      const { message, cause } = error as Error
      return { cause: message, message: cause instanceof Error ? cause.message : message }
    } finally {
      this.#requestsInFlight--
    }
    if (isRetryable(answer.status)) {
      return { cause: String(answer.status), message: excerpt(answer), retryAfter: answer.retryAfter }
    }
    if (answer.status >= 200 && answer.status < 300) this.#taken(delivery, answer)
    else this.#notTaken(delivery, answer)
    return undefined
  }

  #taken(delivery: Delivery, answer: Answer): void {
    const { signal, items } = delivery.body
    const { rejected, message } = readPartialSuccess(answer.contentType, answer.body)
    const known = Math.min(rejected, items)
    this.#sent[signal] += items - known
    this.#rejected[signal] += known
    delivery.sent(known)
    if (known > 0) this.#options.onRejected?.({ signal, items: known, cause: 'partial_success', message })
  }

  #notTaken(delivery: Delivery, answer: Answer): void {
    this.#rejected[delivery.body.signal] += delivery.body.items
    delivery.rejected()
    this.#options.onRejected?.(this.#report(delivery, String(answer.status), excerpt(answer)))
  }

  #report({ body: { signal, items } }: Delivery, cause: string, message: string): ForwardReport {
    return { signal, items, cause, message }
  }

  #countFailure(cause: string): void {
    const isKnown = this.#failedAttempts.has(cause) || this.#failedAttempts.size < CAUSES
    const counted = isKnown ? cause : 'other'
    this.#failedAttempts.set(counted, (this.#failedAttempts.get(counted) ?? 0) + 1)
  }
}

/** The printable beginning of an answer: for a log, not for a machine. */
function excerpt({ body }: Answer): string {
  return body
    .toString('utf8', 0, 400)
    .replace(/[^\x20-\x7e]+/g, ' ')
    .trim()
    .slice(0, 200)
}

/** As `AbortSignal.any`, which in Node 20 leaves something behind in a signal that lasts, for each that is made of it. */
function abortedByAny(...signals: AbortSignal[]): { readonly signal: AbortSignal; readonly forget: () => void } {
  const controller = new AbortController()
  const abort = () => controller.abort()
  for (const signal of signals) {
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort)
  }
  return {
    signal: controller.signal,
    forget: () => {
      for (const signal of signals) signal.removeEventListener('abort', abort)
    },
  }
}
