/** The kinds of rules that compare numbers of the store: which they need, and when those are too much. Pure. */

import { formatDuration } from '../config/quantity.js'
import { SINGLE_CALLS } from '../query/measures.js'
import type { Filter } from '../query/question.js'
import type { Verdict } from './course.js'
import type { RuleOptions, Severity } from './options.js'
import type { Cell, Judgement, Need, Part } from './rule.js'

type Operator = NonNullable<RuleOptions['operator']>
type Given = Omit<RuleOptions, 'kind'>

/** A pair of windows of a burn rate: both have to be beyond the factor. */
export type BurnWindows = {
  readonly long: number
  readonly short: number
  readonly factor: number
  readonly severity: Severity
}

const HOUR = 3_600_000
/**
 * Of the SRE workbook, for an objective over 30 days: at 14.4 times the rate that would use up the budget just in time, an hour costs 2 % of
 * it; at 6 times six hours cost 5 %; at 1 time three days cost 10 %.
 */
export const BURN_WINDOWS: readonly BurnWindows[] = [
  { long: HOUR, short: HOUR / 12, factor: 14.4, severity: 'critical' },
  { long: 6 * HOUR, short: HOUR / 2, factor: 6, severity: 'critical' },
  { long: 72 * HOUR, short: 6 * HOUR, factor: 1, severity: 'warning' },
]
/** How far back a group is looked for that is absent now. */
export const LOOKBACK_MS = 24 * HOUR
/** Fields that are summed over whatever spends; all others are of calls of a model where no filter names an operation, as in `/performance`. */
const OF_SPENDING = /^(cost_usd|.*_tokens)$/

/** Filters of a rule, those included that go without saying. */
export function filtersOf({ filters }: Given, field: string): Filter[] {
  const given = filters.map(({ dimension, operator, value }): Filter => ({ dimension, operator, value }))
  if (OF_SPENDING.test(field) || given.some(({ dimension }) => dimension === 'operation')) return given
  return [...given, { dimension: 'operation', operator: 'in', value: SINGLE_CALLS }]
}

const COMPARE: { readonly [operator in Operator]: (value: number, threshold: number) => boolean } = {
  gt: (value, threshold) => value > threshold,
  gte: (value, threshold) => value >= threshold,
  lt: (value, threshold) => value < threshold,
  lte: (value, threshold) => value <= threshold,
}

/** Whether a number is beyond a threshold; with `clear`, one that is no longer, but has not come back to that either, is between. */
export function compare(value: number, operator: Operator, threshold: number, clear = threshold): Verdict {
  if (COMPARE[operator](value, threshold)) return 'breached'
  return COMPARE[operator](value, clear) ? 'between' : 'clear'
}

/** Of too few operations nothing is said. Where there are some, and the number is not known all the same, it cannot be told. */
function judge({ value, operations }: Cell, leastOperations: number, verdictOf: (value: number) => Verdict): Verdict {
  if (operations < leastOperations) return 'clear'
  if (value !== null) return verdictOf(value)
  return operations === 0 ? 'clear' : 'unknown'
}

export function thresholdPart(options: Given): Omit<Part, 'severity' | 'labels'> {
  const { field, aggregation, operator = 'gt', threshold = 0, clear, window = 0, minOperations = 0, groupBy } = options
  const measure = { field: field!, aggregation: aggregation! }
  const needs = [{ windowMs: window, measure, groupBy, filters: filtersOf(options, field!) }]
  return {
    condition: {
      type: 'measured',
      needs: () => needs,
      judge([cell]) {
        const verdict = judge(cell!, minOperations, (value) => compare(value, operator, threshold, clear))
        return { verdict, value: cell!.value, threshold }
      },
    },
  }
}

const ERROR_RATE = { field: 'error_rate', aggregation: 'avg' } as const

export function errorRatePart(options: Given): Omit<Part, 'severity' | 'labels'> {
  const { minOperations = 1, ...rest } = options
  return thresholdPart({ ...rest, ...ERROR_RATE, operator: 'gt', minOperations })
}

export function absencePart(options: Given): Omit<Part, 'severity' | 'labels'> {
  const { window = 0, lookback = LOOKBACK_MS, groupBy } = options
  const measure = { field: 'operations', aggregation: 'count' } as const
  const need = { measure, groupBy, filters: filtersOf(options, 'operations') }
  // A group is known by its having been there before.
  const needs = [{ ...need, windowMs: window }, ...(groupBy.length === 0 ? [] : [{ ...need, windowMs: lookback }])]
  return {
    condition: {
      type: 'measured',
      needs: () => needs,
      judge: ([now, before = { value: 1, operations: 1 }]) => ({
        verdict: now!.operations === 0 && before.operations > 0 ? 'breached' : 'clear',
        value: now!.operations,
        threshold: 0,
      }),
    },
  }
}

/** What is used up, and how fast it may be: the failures an objective allows, or the money of a budget. */
export type Burnt = {
  /** A number over a window of so many milliseconds. */
  readonly need: (windowMs: number) => Need
  /** How many times as fast as it may be. */
  readonly burnOf: (value: number, windowMs: number) => number
}

export function burntObjective(options: Given, objective: number): Burnt {
  const filters = filtersOf(options, 'error_rate')
  return {
    need: (windowMs) => ({ windowMs, measure: ERROR_RATE, filters, groupBy: options.groupBy }),
    burnOf: (errorRate) => errorRate / (1 - objective),
  }
}

/** A part for each pair of windows. */
export function burnRateParts(options: Given, { need, burnOf }: Burnt): Part[] {
  const { minOperations = 1, windows } = options
  return burnWindowsOf(windows, options.severity).map(({ long, short, factor, severity }): Part => {
    const burnt = ({ value, operations }: Cell, windowMs: number): Judgement => {
      const burn = value === null ? null : burnOf(value, windowMs)
      const verdict = judge({ value: burn, operations }, minOperations, (rate) => compare(rate, 'gt', factor))
      return { verdict, value: burn, threshold: factor }
    }
    return {
      severity,
      labels: { window: formatDuration(long) },
      condition: {
        type: 'measured',
        needs: () => [need(long), need(short)],
        judge([inLong, inShort]) {
          const ofLong = burnt(inLong!, long)
          const ofShort = burnt(inShort!, short)
          return { ...ofLong, verdict: bothOf(ofLong.verdict, ofShort.verdict) }
        },
      },
    }
  })
}

export function burnWindowsOf(windows: Given['windows'], severity: Severity): readonly BurnWindows[] {
  return windows?.map((one) => ({ ...one, severity: one.severity ?? severity })) ?? BURN_WINDOWS
}

function bothOf(one: Verdict, other: Verdict): Verdict {
  if (one === 'clear' || other === 'clear') return 'clear'
  return one === 'unknown' || other === 'unknown' ? 'unknown' : 'breached'
}
