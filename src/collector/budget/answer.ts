/** Budgets in the words of answers: money in dollars, times as they are written. The schemas are those of the OpenAPI document. */
import * as z from 'zod'
import { MOMENT, SHARE, WINDOW, windowOf } from '../query/head.js'
import type { Budget } from './budget.js'
import type { BudgetEvaluation } from './budgets.js'
import { definitionOf } from './definition.js'
import { dollarsOf } from './money.js'
import { PERIODS } from './period.js'
import { type BudgetStatus, METHOD, RISK_LEVELS } from './status.js'

const dollars = z.number().nullable()

export const STATUS = z
  .strictObject({
    name: z.string(),
    value: z.string().optional().describe('the value of what the budget is per, where it is one for each'),
    status: z.enum(['active', 'exhausted', 'unknown']).describe('unknown: nothing of what was spent is priced'),
    risk_level: z.enum(RISK_LEVELS).nullable().describe('from 50, 80, 95 and 100 % of the limit'),
    used: SHARE.describe('share of the limit that is spent'),
    spent_usd: dollars.describe(
      'known costs; null where none is known, and more than this where coverage.cost is below 1',
    ),
    limit_usd: z.number(),
    remaining_usd: dollars.describe('negative where more was spent than the limit'),
    burn_rate: z.number().nullable().describe('how many times as fast as the limit allows it is being spent'),
    projected_usd: dollars.describe('what will have been spent by the end of the period'),
    exhausted_in_seconds: z
      .number()
      .nullable()
      .describe('0 where it is exhausted; null where that cannot be told, or is not in this period'),
    period: z.enum(PERIODS),
    window: WINDOW.describe('the period'),
    coverage: z.strictObject({
      calls: z.int().describe('calls of a model in the window'),
      cost: SHARE.describe('share of them whose cost is known; null where there are none'),
    }),
    is_complete: z.boolean().describe('whether what it is told from is kept for the whole period'),
    evaluated_at: MOMENT,
  })
  .meta({ id: 'BudgetStatus', description: 'how a budget stands, or one value of what it is per' })

const KNOWN = z.strictObject({
  name: z.string(),
  source: z.enum(['config', 'api']).describe('who defined it: what the configuration says cannot be changed here'),
  limit_usd: z.union([z.number(), z.string()]).describe('a text where a number would not have all of its digits'),
  period: z.enum(PERIODS),
  filters: z.record(z.string(), z.array(z.string())),
  per: z.string().optional(),
  thresholds: z.array(z.int()),
  has_more_values: z.boolean().describe('there are more values of what it is per than are told'),
})

const method = z.string().describe('how burn rate, projection and exhaustion are told')

export const LIST = z.strictObject({
  method,
  summary: z.record(z.enum([...RISK_LEVELS, 'unknown']), z.int()).describe('how many of each risk level there are'),
  budgets: z.array(STATUS).describe('how each stands, the most used first'),
  has_more: z.boolean(),
  definitions: z.array(KNOWN),
})
export const ONE = z.strictObject({ method, definition: KNOWN, budgets: z.array(STATUS), has_more: z.boolean() })

export type Page = { readonly limit: number; readonly offset: number }

/** How budgets stand, the most used first, those of which it is unknown last. */
export function rowsOf(evaluations: readonly BudgetEvaluation[]): z.output<typeof STATUS>[] {
  const statuses = evaluations.flatMap(({ statuses: own = [] }) => own)
  const used = ({ used: share }: BudgetStatus) => share ?? -1
  return statuses.toSorted((one, other) => used(other) - used(one)).map(rowOf)
}

function rowOf(status: BudgetStatus): z.output<typeof STATUS> {
  const { budget, value, riskLevel, window, calls, priced, exhaustedInMs } = status
  const inDollars = (nanoDollars: bigint | null) => (nanoDollars === null ? null : dollarsOf(nanoDollars))
  return {
    name: budget.name,
    ...(value !== undefined && { value }),
    status: riskLevel === null ? 'unknown' : riskLevel === 'exhausted' ? 'exhausted' : 'active',
    risk_level: riskLevel,
    used: status.used,
    spent_usd: inDollars(status.spent),
    limit_usd: dollarsOf(budget.limit),
    remaining_usd: inDollars(status.remaining),
    burn_rate: status.burnRate,
    projected_usd: inDollars(status.projected),
    exhausted_in_seconds: exhaustedInMs === null ? null : exhaustedInMs / 1000,
    period: budget.period,
    window: windowOf(window),
    coverage: { calls, cost: calls === 0 ? null : priced / calls },
    is_complete: status.isComplete,
    evaluated_at: new Date(status.evaluatedAt).toISOString(),
  }
}

export function listOf(evaluations: readonly BudgetEvaluation[], page: Page): z.output<typeof LIST> {
  const rows = rowsOf(evaluations)
  const counted = (level: string | null) => rows.filter((row) => row.risk_level === level).length
  return {
    method: METHOD,
    summary: {
      ...Object.fromEntries(RISK_LEVELS.map((level) => [level, counted(level)])),
      unknown: counted(null),
    } as never,
    ...paged(rows, page),
    definitions: evaluations.map(knownOf),
  }
}

export function oneOf(evaluation: BudgetEvaluation, page: Page): z.output<typeof ONE> {
  return { method: METHOD, definition: knownOf(evaluation), ...paged(rowsOf([evaluation]), page) }
}

function paged(rows: z.output<typeof STATUS>[], { limit, offset }: Page) {
  return { budgets: rows.slice(offset, offset + limit), has_more: rows.length > offset + limit }
}

function knownOf({ budget, hasMore }: BudgetEvaluation): z.output<typeof KNOWN> {
  const { name, source }: Budget = budget
  return { name, source, ...definitionOf(budget), has_more_values: hasMore }
}
