/**
 * Tells when budgets reach their thresholds: once in a period for the highest threshold that is reached, those below it are reached with it.
 * The journal of notices itself is the memory of what was told, so that a restart, or another collector on the store, tells nothing twice.
 * A budget with another limit is another one, and one that has its old limit again is the old one.
 */
import type { Notice } from 'tokmeter/core'
import type { Asker } from '../query/asker.js'
import { digestOf } from './budget.js'
import { type BudgetStatus, hasReached } from './status.js'

export type Journal = { recordNotices(notices: readonly Notice[]): Promise<void> }
type Crossing = { readonly key: string; readonly percent: number; readonly status: BudgetStatus }

/** Keys looked for by one question. */
const KEYS = 1000

export class Crossings {
  /** The highest threshold told, by budget, period and value. */
  readonly #told = new Map<string, number>()

  /** `statuses`: all of the periods that are looked at; what others were told is forgotten here, and stays in the journal. */
  async tell(statuses: readonly BudgetStatus[], store: Journal, asker: Asker): Promise<void> {
    const crossings = statuses.flatMap((status): Crossing[] => {
      const percent = highestReached(status)
      return percent === undefined ? [] : [{ key: keyOf(status), percent, status }]
    })
    const isNew = ({ key, percent }: Crossing) => percent > (this.#told.get(key) ?? 0)
    const found = crossings.filter(isNew)
    for (let at = 0; at < found.length; at += KEYS) await this.#remember(found.slice(at, at + KEYS), asker)
    const untold = found.filter(isNew)
    await store.recordNotices(untold.map((crossing) => noticeOf(crossing, asker.now)))
    for (const { key, percent } of untold) this.#told.set(key, percent)
    const current = new Set(crossings.map(({ key }) => key))
    for (const key of this.#told.keys()) if (!current.has(key)) this.#told.delete(key)
  }

  /** Reads what was told of `crossings` before, here or by another collector. */
  async #remember(crossings: readonly Crossing[], { query, table }: Asker): Promise<void> {
    const since = Math.min(...crossings.map(({ status }) => status.window.start))
    const rows = await query<{ key: string; percent: number | string }>(
      `SELECT arrayStringConcat(arrayPopBack(splitByChar('/', id)), '/') AS key, max(toUInt32OrZero(splitByChar('/', id)[-1])) AS percent
FROM ${table('notices')}
WHERE kind = 'budget_threshold_reached' AND has({names:Array(String)}, name) AND has({keys:Array(String)}, key)
  AND time >= fromUnixTimestamp64Milli(toInt64(${since}), 'UTC')
GROUP BY key`,
      {
        names: [...new Set(crossings.map(({ status }) => status.budget.name))],
        keys: crossings.map(({ key }) => key),
      },
    )
    for (const { key, percent } of rows) this.#told.set(key, Math.max(Number(percent), this.#told.get(key) ?? 0))
  }
}

function highestReached({ spent, budget: { limit, thresholds } }: BudgetStatus): number | undefined {
  return spent === null ? undefined : thresholds.findLast((percent) => hasReached(spent, limit, percent))
}

/** Names what a threshold is reached of: no part of it holds a slash. */
function keyOf({ budget, window, value = '' }: BudgetStatus): string {
  return [budget.name, new Date(window.start).toISOString(), digestOf(budget), encodeURIComponent(value)].join('/')
}

function noticeOf({ key, percent, status: { budget, window, value, spent } }: Crossing, now: number): Notice {
  return {
    id: `${key}/${percent}`,
    kind: 'budget_threshold_reached',
    time: now,
    budget: {
      name: budget.name,
      ...(budget.per !== undefined && { dimension: budget.per, value }),
      periodStart: window.start,
      thresholdPercent: percent,
      spentNanoDollars: Number(spent),
      limitNanoDollars: Number(budget.limit),
    },
  }
}
