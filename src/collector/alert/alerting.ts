/** Alerts of a running collector: rules evaluated at every look at the store, and channels told. */
import type { Asker } from '../query/asker.js'
import type { Alert, Notification } from './alert.js'
import { Channels } from './channel/channels.js'
import type { ChannelCounts, Outcome } from './channel/delivery-queue.js'
import { type AlertStore, Evaluator, type EvaluatorCounts } from './evaluator.js'
import { KeptRows } from './kept-rows.js'
import { Lease } from './lease.js'
import type { ChannelOptions, RuleOptions } from './options.js'
import type { Rule } from './rule.js'
import { createRule, type RuleInCode, type RuleSources } from './rules.js'

/** What the configuration says. */
export type AlertConfig = {
  readonly evaluate: boolean
  /** Milliseconds. */
  readonly delay: number
  readonly rules: readonly RuleOptions[]
  readonly channels: readonly ChannelOptions[]
}

export type AlertingOptions = {
  readonly config: AlertConfig
  /** Rules of a module of the user's. */
  readonly rulesInCode: readonly RuleInCode[]
  readonly sources: RuleSources
  /** Whether other collectors may be on the store, of which one evaluates. */
  readonly isShared: boolean
  readonly isBehind?: () => boolean
  readonly onEvent: (notification: Notification) => void
  readonly onFailure: (rule: string, error: Error) => void
  readonly onTrouble: (channel: string, message: string) => void
  /** Epoch milliseconds. @default Date.now */
  readonly now?: () => number
}

/** How alerts stand, for whoever shows them. */
export type AlertSnapshot = {
  readonly alerts: readonly Alert[]
  /** Whether this collector evaluates: another one on the store may. */
  readonly isEvaluating: boolean
  /** The end of the windows that were looked at last, in epoch milliseconds. */
  readonly evaluatedTo: number | undefined
}

export type AlertCounts = EvaluatorCounts & {
  readonly rules: number
  readonly failingRules: number
  readonly byPhase: { readonly pending: number; readonly firing: number; readonly resolved: number }
  readonly channels: { readonly [channel: string]: ChannelCounts & { readonly waiting: number } }
}

export class Alerting {
  readonly #options: AlertingOptions
  readonly #evaluator: Evaluator
  readonly #channels: Channels
  readonly #lease = new Lease()
  readonly #keptRows = new KeptRows()
  #config: AlertConfig
  #rules: readonly Rule[] = []
  #isEvaluating = false
  #store: AlertStore | undefined

  constructor(options: AlertingOptions) {
    this.#options = options
    this.#config = options.config
    this.#channels = new Channels({
      log: options.onEvent,
      onTrouble: options.onTrouble,
      ...(options.now && { now: options.now }),
    })
    this.#evaluator = new Evaluator({
      rules: () => this.#rules,
      delayMs: () => this.#config.delay,
      rowsOf: (asker) => this.#keptRows.at(asker),
      ...(options.isBehind && { isBehind: options.isBehind }),
      channelsOf: (notification) => this.#channels.namesFor(notification),
      onFailure: options.onFailure,
    })
  }

  /** Takes a configuration; the first one too, which begins the channels. */
  async configure(config: AlertConfig): Promise<void> {
    const { rulesInCode, sources } = this.#options
    this.#config = config
    this.#rules = [...config.rules, ...rulesInCode].map((rule) => createRule(rule, sources))
    await this.#channels.configure(config.channels)
  }

  /** Evaluates every rule, and tells who is to be told. */
  async look(look: { readonly store: AlertStore; readonly asker: Asker }): Promise<void> {
    this.#store = look.store
    const wasEvaluating = this.#isEvaluating
    this.#isEvaluating = this.#config.evaluate && (!this.#options.isShared || (await this.#lease.isHeld(look.store)))
    if (!this.#isEvaluating) {
      if (wasEvaluating) await this.#lease.release(look.store)
      this.#evaluator.forget()
      return
    }
    try {
      await this.#evaluator.look(look)
    } finally {
      this.#tell()
    }
  }

  /** How they stand. Where another collector evaluates, as it has left them in the store. */
  async snapshot(): Promise<AlertSnapshot> {
    const { evaluatedTo } = this.#evaluator
    if (this.#isEvaluating && this.#evaluator.isKnowing)
      return { alerts: this.#evaluator.alerts(), isEvaluating: true, evaluatedTo }
    const kept = (await this.#store?.states.read('alert')) as Map<string, Alert> | undefined
    return { alerts: [...(kept?.values() ?? [])], isEvaluating: this.#isEvaluating, evaluatedTo: undefined }
  }

  /** Those this collector evaluates. */
  alerts(): readonly Alert[] {
    return this.#isEvaluating ? this.#evaluator.alerts() : []
  }

  rules(): readonly { readonly rule: Rule; readonly failure: string | undefined }[] {
    return this.#rules.map((rule) => ({ rule, failure: this.#evaluator.failing.get(rule.name) }))
  }

  counts(): AlertCounts {
    const byPhase = { pending: 0, firing: 0, resolved: 0 }
    for (const { course } of this.#evaluator.alerts()) byPhase[course.phase]++
    return {
      ...this.#evaluator.counts,
      rules: this.#rules.length,
      failingRules: this.#evaluator.failing.size,
      byPhase,
      channels: this.#channels.counts(),
    }
  }

  /** Leaves alerts to others. What could not be told is told after the next start. */
  async close(): Promise<void> {
    await this.#channels.close()
    const store = this.#store
    if (store !== undefined && this.#isEvaluating) {
      await this.#evaluator.settle(store)
      if (this.#options.isShared) await this.#lease.release(store)
    }
    this.#isEvaluating = false
  }

  #tell(): void {
    for (const { notification, to } of this.#evaluator.untold()) {
      for (const name of to) {
        this.#channels.tell(name, notification, (_: Outcome) => this.#evaluator.told(notification.id, name))
      }
    }
    this.#channels.sync(this.#evaluator.alerts())
  }
}
