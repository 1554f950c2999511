/** Reports in the words of answers: what each of their fields is. */
import * as z from 'zod'
import { columnsOf, measure } from '../columns.js'
import type { Told } from '../endpoint.js'
import { CURRENCY, ESTIMATED_HEAD, MOMENT, SHARE, WINDOW } from '../head.js'
import { CHANGE, TREND } from '../trending.js'
import { PERIODS, type PeriodName } from './period.js'

export const OPERATIONS = measure('operations', 'operations', 'count')
export const ERRORS = measure('errors', 'errors', 'count')
export const COST = measure('cost', 'cost_usd', 'sum')
export const TOKENS = measure('tokens', 'total_tokens', 'sum')
export const LATENCY = measure('avg_latency_ms', 'duration_ms', 'avg')
const P95_LATENCY = measure('p95_latency_ms', 'duration_ms', 'p95')
export const SUMMARY = [OPERATIONS, ERRORS, COST, TOKENS] as const
export const TOTALS = [
  ...SUMMARY,
  measure('input_tokens', 'input_tokens', 'sum'),
  measure('output_tokens', 'output_tokens', 'sum'),
  measure('unique_models', 'model', 'uniq'),
  measure('unique_services', 'service', 'uniq'),
] as const
export const SPEED_BEFORE = [LATENCY, P95_LATENCY] as const
export const SPEED = [
  measure('calls', 'operations', 'count'),
  ...SPEED_BEFORE,
  measure('min_latency_ms', 'duration_ms', 'min'),
  measure('max_latency_ms', 'duration_ms', 'max'),
  measure('p50_latency_ms', 'duration_ms', 'p50'),
  measure('p75_latency_ms', 'duration_ms', 'p75'),
  measure('p90_latency_ms', 'duration_ms', 'p90'),
  measure('p99_latency_ms', 'duration_ms', 'p99'),
  measure('p999_latency_ms', 'duration_ms', 'p999'),
  measure('avg_time_to_first_chunk_ms', 'time_to_first_chunk_ms', 'avg'),
  measure('p95_time_to_first_chunk_ms', 'time_to_first_chunk_ms', 'p95'),
] as const

const COLUMNS = columnsOf([...TOTALS, LATENCY])
const SUCCESS = SHARE.describe('share of operations that did not fail; null where there are none')
const DATE = z.iso.date()
const known = z.number().nullable()
const change = known.describe('share by which it is more than before; null where that is not known, or was nothing')

const SUMMARY_FIELDS = {
  operations: COLUMNS.operations,
  failure_count: COLUMNS.errors,
  success_rate: SUCCESS,
  avg_latency_ms: COLUMNS.avg_latency_ms,
  cost: COLUMNS.cost,
  tokens: COLUMNS.tokens,
}
const SUMMARIES = z.array(z.strictObject({ time: MOMENT.describe('start of the window'), ...SUMMARY_FIELDS }))
const value = z.string().describe('empty where it is not known')
const SHARED = { ...SUMMARY_FIELDS, share: SHARE.describe('share of all operations') }

const projected = (what: string) =>
  z
    .strictObject({
      projected: known.describe('by the end of the period'),
      low: known.describe('nineteen times in twenty it is more'),
      high: known.describe('nineteen times in twenty it is less'),
    })
    .describe(`${what}; null where it cannot be told`)

/** Of a report on any period. */
export const REPORT = z.strictObject({
  period: z.enum(PERIODS),
  is_complete: z.boolean().describe('whether the period is over'),
  ...ESTIMATED_HEAD,
  previous_window: WINDOW.describe('what it is compared with: the period before, or as much of it'),
  history_since: DATE.nullable().describe('the first day of which anything is known; null where nothing is'),
  is_previous_complete: z.boolean().describe('whether the history began before the period before did'),
  currency: CURRENCY,
  total_operations: COLUMNS.operations,
  success_count: z.int(),
  failure_count: COLUMNS.errors,
  success_rate: SUCCESS,
  total_cost: COLUMNS.cost,
  total_tokens: COLUMNS.tokens,
  input_tokens: COLUMNS.input_tokens,
  output_tokens: COLUMNS.output_tokens,
  ...columnsOf(SPEED),
  calls: z.int().describe('calls of a model, of which latencies and times to the first chunk are'),
  unique_models: COLUMNS.unique_models,
  unique_services: COLUMNS.unique_services,
  unique_users: z.int().nullable().describe('null where some of the operations are there no more'),
  unique_conversations: z.int().nullable().describe('null where some of the operations are there no more'),
  operations_kept: SHARE.describe('share of the operations that are there still'),
  changes: z
    .strictObject({
      operations: change,
      success_rate_points: known.describe('percentage points; null where either is not known'),
      avg_latency: change,
      p95_latency: change,
      cost: change,
      tokens: change,
    })
    .describe('against the period before'),
  peak_time: MOMENT.nullable().describe('start of the busiest hour of a day, or day of a week or month'),
  peak_operations: z.int().nullable(),
  projection: z
    .strictObject({
      days_left: z.number(),
      cost: projected('US dollars'),
      operations: projected('operations'),
      tokens: projected('tokens'),
      method: z.string().describe('how that is told'),
    })
    .nullable()
    .describe('of a period that is not over'),
  top_models: z.array(z.strictObject({ rank: z.int(), model: z.string(), ...SHARED, ...CHANGE })),
  operations_breakdown: z.array(z.strictObject({ operation: z.string(), ...SHARED })),
  services_breakdown: z.array(z.strictObject({ service: value, ...SHARED })),
  providers_breakdown: z.array(z.strictObject({ provider: value, ...SHARED })),
  trending_up: z.array(z.strictObject({ model: z.string(), ...TREND })),
  trending_down: z.array(z.strictObject({ model: z.string(), ...TREND })),
  new_models: z.array(z.strictObject({ model: z.string(), first_seen: DATE })),
  new_services: z.array(z.strictObject({ service: z.string(), first_seen: DATE })),
})
export type Report = Told<z.output<typeof REPORT>>

const OF_DAYS = {
  avg_daily_operations: known.describe('mean of the days that are over; null where none is'),
  daily_summaries: SUMMARIES,
}
/** Of a report on each period: with its name, and what only it has. */
export const REPORTS: { readonly [name in PeriodName]: typeof REPORT } = {
  daily: REPORT.extend({ date: DATE, hourly_summaries: SUMMARIES }),
  weekly: REPORT.extend({ week_start: DATE, week_end: DATE.describe('the last day'), ...OF_DAYS }),
  monthly: REPORT.extend({ month: z.string().describe('such as 2026-01'), ...OF_DAYS }),
}
