/** Notices of this process's own: that it started, and that it stopped, with what it had accepted by then. */
import { randomUUID } from 'node:crypto'
import { type Notice, type Operation, operationKind, SPENDING_KINDS } from 'tokmeter/core'

type Journal = { recordNotices(notices: readonly Notice[]): Promise<void> }

export type PresenceOptions = {
  /** Undefined while it is not open. */
  readonly store: () => Journal | undefined
  /** Epoch milliseconds. @default Date.now */
  readonly now?: () => number
}

export class Presence {
  readonly #options: PresenceOptions
  readonly #id = randomUUID()
  readonly #startTime: number
  #isTold = false
  #operations = 0
  #failed = 0
  #nanoDollars = 0

  constructor(options: PresenceOptions) {
    this.#options = options
    this.#startTime = this.#now()
  }

  /** Adds what was accepted. What agents and workflows report of the calls inside them is spent once. */
  add(operations: readonly Operation[]): void {
    for (const { operation, error, cost } of operations) {
      this.#operations++
      if (error !== undefined) this.#failed++
      if (cost !== undefined && SPENDING_KINDS.includes(operationKind(operation))) this.#nanoDollars += cost.nanoDollars
    }
  }

  /** Tells that it started, when there is somewhere to tell it; once. */
  async tellStarted(): Promise<void> {
    const store = this.#options.store()
    if (this.#isTold || store === undefined) return
    await store.recordNotices([{ id: `${this.#id}/started`, kind: 'collector_started', time: this.#startTime }])
    this.#isTold = true
  }

  async tellStopped(): Promise<void> {
    const totals = { operations: this.#operations, failed: this.#failed, nanoDollars: this.#nanoDollars }
    await this.tellStarted()
    await this.#options
      .store()
      ?.recordNotices([{ id: `${this.#id}/stopped`, kind: 'collector_stopped', time: this.#now(), totals }])
  }

  #now(): number {
    return (this.#options.now ?? Date.now)()
  }
}
