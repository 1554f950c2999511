/** How budgets stood at moments of the past that come one after the other: summed up window by window, of series. */
import { measure } from '../query/columns.js'
import { type AskSeries, KeptSeries } from '../query/kept-series.js'
import { type Granularity, WINDOW_MS } from '../query/time-range.js'
import { type Budget, filtersOf, MOST_VALUES } from './budget.js'
import { periodAt } from './period.js'
import { owned } from './spending.js'

export type PastBudgetsOptions = {
  readonly ask: AskSeries
  /** Epoch milliseconds; the last moment is before it. */
  readonly end: number
  /** Milliseconds from one moment to the next, each of whole minutes. */
  readonly stepMs: number
}

type PastStatus = { readonly budget: Budget; readonly value?: string; readonly used: number | null }

/** Of one value of `per`, or of all of a budget. */
type Spent = { nanoDollars: bigint; known: number; isAnyUnknown: boolean }

const MEASURES = [measure('spent', 'cost_usd', 'sum'), measure('known', 'cost_usd', 'count')] as const

export class PastBudgets {
  readonly #budgets: readonly PastBudget[]

  constructor(budgets: readonly Budget[], options: PastBudgetsOptions) {
    this.#budgets = budgets.map((budget) => new PastBudget(budget, options))
  }

  find(name: string): Budget | undefined {
    return this.#budgets.find(({ budget }) => budget.name === name)?.budget
  }

  /** How each stood at the last moment that was looked at. */
  statuses(): PastStatus[] {
    return this.#budgets.flatMap((budget) => budget.statuses())
  }

  /** Looks at a moment; only what had happened by then is spent. */
  async lookAt(now: number): Promise<void> {
    await Promise.all(this.#budgets.map((budget) => budget.lookAt(now)))
  }
}

type SpentRow = { readonly value: string; readonly nanoDollars: bigint | null; readonly known: number }

class PastBudget {
  readonly #series: KeptSeries<SpentRow>
  readonly #step: number
  #periodStart = Number.NaN
  /** The end of what is summed up. */
  #upTo = 0
  #spent = new Map<string, Spent>()

  constructor(
    readonly budget: Budget,
    { ask, end, stepMs }: PastBudgetsOptions,
  ) {
    const { per } = budget
    // Periods begin with a window of either.
    const interval: Granularity = stepMs % WINDOW_MS['5m'] === 0 ? '5m' : '1m'
    this.#step = WINDOW_MS[interval]
    this.#series = new KeptSeries({
      ask,
      end,
      question: {
        interval,
        measures: MEASURES,
        groupBy: per === undefined ? [] : [per],
        filters: [...filtersOf(budget), ...(per === undefined ? [] : [owned(per)])],
      },
      read({ spent, known, ...row }) {
        if (spent === 0 && known === 0) return undefined
        // A number of dollars tells every nano-dollar of what anybody spends in a few minutes.
        const nanoDollars = spent === null ? null : BigInt(Math.round(Number(spent) * 1e9))
        return { value: per === undefined ? '' : String(row[per]), nanoDollars, known: Number(known) }
      },
    })
  }

  async lookAt(now: number): Promise<void> {
    const { start } = periodAt(this.budget.period, now)
    if (start !== this.#periodStart) {
      this.#periodStart = start
      this.#upTo = start
      this.#spent = new Map(this.budget.per === undefined ? [['', nothing()]] : [])
    }
    for (; this.#upTo + this.#step <= now; this.#upTo += this.#step) {
      for (const row of await this.#series.at(this.#upTo)) this.#add(row)
      this.#series.forget(this.#upTo)
    }
  }

  #add({ value, nanoDollars, known }: SpentRow): void {
    const spent = this.#spent.get(value) ?? nothing()
    this.#spent.set(value, spent)
    spent.nanoDollars += nanoDollars ?? 0n
    spent.known += known
    if (nanoDollars === null) spent.isAnyUnknown = true
  }

  statuses(): PastStatus[] {
    const { budget } = this
    const all = [...this.#spent].map(([value, { nanoDollars, known, isAnyUnknown }]) => ({
      budget,
      ...(budget.per !== undefined && { value }),
      used: known === 0 && isAnyUnknown ? null : Number(nanoDollars) / Number(budget.limit),
    }))
    const most = ({ used }: PastStatus) => used ?? -1
    return all.sort((one, other) => most(other) - most(one)).slice(0, MOST_VALUES)
  }
}

const nothing = (): Spent => ({ nanoDollars: 0n, known: 0, isAnyUnknown: false })
