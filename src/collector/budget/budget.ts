/** What a budget is: how much may be spent in each period, and by which operations. Knows nothing of what was spent. */
import { createHash } from 'node:crypto'
import { dimensionOf } from '../query/dimensions.js'
import type { Filter } from '../query/question.js'
import type { RetentionDays } from '../store/schema.js'
import { LONGEST_DAYS, type Period } from './period.js'

/** What budgets may be by, beside tags as `tag:<key>`: dimensions as they are named in every question. */
export const BUDGET_DIMENSIONS = [
  'provider',
  'model',
  'service',
  'environment',
  'region',
  'agent',
  'workflow',
  'user_id',
] as const

/** Of each dimension the values of which one has to match. */
export type BudgetFilters = { readonly [dimension: string]: readonly string[] }

export type Budget = {
  readonly name: string
  /** Integer nano-dollars, more than none. */
  readonly limit: bigint
  readonly period: Period
  /** All have to match. */
  readonly filters: BudgetFilters
  /** One budget for each value of this dimension. */
  readonly per?: string | undefined
  /** Percentages of the limit that are told when they are reached; ascending. */
  readonly thresholds: readonly number[]
  /** Who defined it: what the configuration says cannot be changed by the API. */
  readonly source: 'config' | 'api'
}

export const DEFAULT_THRESHOLDS: readonly number[] = [50, 80, 95, 100]
/** Budgets of the configuration, and those of the API. */
export const MOST_BUDGETS = 1000
/** Values of `per` that a budget is told for: those who spent most. */
export const MOST_VALUES = 1000

export const BUDGET_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/
const TAG = /^tag:[\w.-]{1,64}$/

export function isBudgetDimension(name: string): boolean {
  return (BUDGET_DIMENSIONS as readonly string[]).includes(name) || TAG.test(name)
}

/** What it filters by and is told apart by, in one order. */
export function dimensionsOf({ filters, per }: Budget): string[] {
  return [...new Set([...Object.keys(filters), ...(per === undefined ? [] : [per])])].sort()
}

/** What a question about its operations has to filter by. */
export function filtersOf({ filters }: Budget): Filter[] {
  return Object.entries(filters).map(([dimension, value]) => ({ dimension, operator: 'in', value }))
}

/** Identities and tags are in no rollup: such a budget is told from the raw operations. */
export function isOfRaw(budget: Budget): boolean {
  return dimensionsOf(budget).some((name) => dimensionOf('budget', name).isRaw)
}

/** Days that what it is told from is kept. */
export function keptDaysFor(budget: Budget, kept: RetentionDays): number {
  return isOfRaw(budget) ? kept.raw : Math.max(kept['1m'], kept['5m'], kept['1h'], kept['1d'])
}

/** What has to be kept longer for its periods to be whole, as the end of a sentence about it; `undefined` where nothing has. */
export function shortageOf(budget: Budget, kept: RetentionDays): string | undefined {
  const needed = LONGEST_DAYS[budget.period]
  if (keptDaysFor(budget, kept) >= needed) return undefined
  const [source, tier] = isOfRaw(budget) ? ['single operations', 'raw'] : ['rollups', '1d']
  return `is told from ${source} of a whole ${budget.period}: store.retention.${tier} must be at least ${needed}d`
}

/** The same for what is the same limit on the same operations, whatever its thresholds. */
export function digestOf({ limit, period, filters, per }: Budget): string {
  const sorted = Object.entries(filters)
    .map(([dimension, values]) => [dimension, [...values].sort()] as const)
    .sort(([one], [other]) => (one < other ? -1 : 1))
  const text = JSON.stringify([limit.toString(), period, sorted, per ?? null])
  return createHash('sha256').update(text).digest('hex').slice(0, 12)
}
