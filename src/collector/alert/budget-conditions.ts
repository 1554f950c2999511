/** What rules say of budgets: how much of one is used, and how fast its money burns. Budgets are known by shape alone. */
import type { Filter } from '../query/question.js'
import type { RuleOptions } from './options.js'
import type { Condition, Need } from './rule.js'
import { type Burnt, compare } from './rule-kinds.js'

export type KnownBudget = {
  readonly name: string
  /** Nano-dollars of a period. */
  readonly limit: bigint
  readonly period: 'hour' | 'day' | 'week' | 'month'
  /** By dimension the values of which one has to match. */
  readonly filters: { readonly [dimension: string]: readonly string[] | undefined }
  /** One budget for each value of this dimension. */
  readonly per?: string | undefined
}

export type KnownStatus = {
  readonly budget: KnownBudget
  /** Of `per`. */
  readonly value?: string | undefined
  /** Share of the limit that is spent; null where nothing is priced. */
  readonly used: number | null
}

export type KnownBudgets = {
  readonly find: (name: string) => KnownBudget | undefined
  /** How each stood when it was last looked at. */
  readonly statuses: () => readonly KnownStatus[]
}

const HOUR = 3_600_000
/** A month is taken for 30 days: what burns for an hour is not told apart by whether it is a February. */
export const PERIOD_MS = { hour: HOUR, day: 24 * HOUR, week: 168 * HOUR, month: 720 * HOUR } as const

function budgetNamed(name: string, budgets: KnownBudgets): KnownBudget {
  const budget = budgets.find(name)
  if (budget === undefined) throw new Error(`there is no budget ${name}`)
  return budget
}

export function usedBudget(options: Omit<RuleOptions, 'kind'>, budgets: KnownBudgets): Condition {
  const { budget: name = '', threshold = 1, clear } = options
  return {
    type: 'observed',
    async observe() {
      const { per } = budgetNamed(name, budgets)
      const own = budgets.statuses().filter(({ budget }) => budget.name === name)
      // Without `per` there is always one, from the first look at it on.
      if (own.length === 0 && per === undefined) throw new Error(`the budget ${name} has not been looked at yet`)
      return own.map(({ used, value }) => ({
        labels: per === undefined ? {} : { [labelOf(per)]: value ?? '' },
        verdict: used === null ? 'unknown' : compare(used, 'gte', threshold, clear),
        value: used,
        threshold,
      }))
    },
  }
}

export function burntBudget({ budget: name = '' }: Omit<RuleOptions, 'kind'>, budgets: KnownBudgets): Burnt {
  return {
    need(windowMs): Need {
      const { filters, per } = budgetNamed(name, budgets)
      const given = Object.entries(filters).map(
        ([dimension, value = []]): Filter => ({ dimension, operator: 'in', value }),
      )
      return {
        windowMs,
        measure: { field: 'cost_usd', aggregation: 'sum' },
        filters: per === undefined ? given : [...given, { dimension: per, operator: 'ne', value: '' }],
        groupBy: per === undefined ? [] : [per],
      }
    },
    burnOf(dollars, windowMs) {
      const { limit, period } = budgetNamed(name, budgets)
      return dollars / ((Number(limit) / 1e9) * (windowMs / PERIOD_MS[period]))
    },
  }
}

/** A dimension as the name of a label: `tag:team` is `tag_team`. */
export function labelOf(dimension: string): string {
  return dimension.replace(/\W/g, '_')
}
