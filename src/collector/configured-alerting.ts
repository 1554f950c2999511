/** Alerts as the configuration has them, in the words of the log, and with what there is to ask. */
import { Alerting } from './alert/alerting.js'
import { createAnomalySource } from './alert/anomaly-condition.js'
import { Backlog } from './alert/backlog.js'
import type { KnownBudgets } from './alert/budget-conditions.js'
import type { RuleInCode } from './alert/rules.js'
import type { Config } from './config.js'
import type { Log } from './log.js'
import type { Queue } from './queue/queue.js'

/** How long operations may wait for the store until rules do not believe that what is not there has not been. */
const LONGEST_BACKLOG_MS = 30_000

export type Surroundings = {
  readonly rulesInCode: readonly RuleInCode[]
  readonly budgets: KnownBudgets
  readonly queue: Queue
  readonly log: Log
}

/** `config`: as it is now. */
export async function startAlerting(
  config: () => Config,
  { rulesInCode, budgets, queue, log }: Surroundings,
): Promise<Alerting> {
  const backlog = new Backlog(
    () => queue.ledger(),
    () => Math.max(config().alerts.delay, LONGEST_BACKLOG_MS),
  )
  const alerting = new Alerting({
    config: config().alerts,
    rulesInCode,
    sources: { budgets, anomalies: createAnomalySource(() => config().anomalies) },
    isShared: config().store.url !== undefined,
    isBehind: () => backlog.isBehind(),
    onEvent: (event) => log.warn(event, `alert ${event.event}: ${event.summary}`),
    onFailure: (rule, error) => log.warn({ rule, err: error }, 'a rule could not be evaluated'),
    onTrouble: (channel, message) => log.warn({ channel }, `an alert could not be told: ${message}`),
  })
  await alerting.configure(config().alerts)
  return alerting
}
