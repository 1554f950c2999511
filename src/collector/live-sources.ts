/** What the live stream tells of more than operations, in the words of the API: budgets, the most used first, and alerts. */
import * as z from 'zod'
import type { Alerting } from './alert/alerting.js'
import { ALERT, shownAlert } from './alert/answer.js'
import { rowsOf, STATUS } from './budget/answer.js'
import type { Budgets } from './budget/budgets.js'
import type { Config } from './config.js'
import { LIVE_DESCRIPTION } from './live/route.js'
import { SNAPSHOT } from './live/snapshot.js'
import { Live } from './live.js'
import type { Log } from './log.js'
import type { Described } from './query/openapi.js'

/** Budgets, and alerts, told once a second. */
const MOST = 100

/** For the OpenAPI document. */
export const LIVE_ENDPOINT: Described = {
  ...LIVE_DESCRIPTION,
  response: SNAPSHOT.extend({
    budgets: z.array(STATUS).optional().describe(`the ${MOST} most used`),
    alerts: z.array(ALERT).optional().describe(`at most ${MOST}`),
  }),
}

export function createLive({
  config,
  budgets,
  alerting,
  log,
}: {
  readonly config: Config
  readonly budgets: Budgets
  readonly alerting: Pick<Alerting, 'alerts'>
  readonly log: Log
}): Live {
  return new Live({
    maxSubscribers: config.live.subscribers,
    budgets: () => rowsOf(budgets.evaluations()).slice(0, MOST),
    alerts: () => alerting.alerts().slice(0, MOST).map(shownAlert),
    onTrouble: (source, error) => log.warn({ source, err: error }, 'a snapshot was told without what failed'),
  })
}
