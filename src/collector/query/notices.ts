/** `GET /api/v1/notices`: what happened: budgets reached, alerts, starts and stops of collectors. */
import type { Notice, NoticeKind } from 'tokmeter/core'
import * as z from 'zod'
import { endpoint, type Told } from './endpoint.js'
import { HAS_MORE, MOMENT, WINDOW, windowOf } from './head.js'
import { RANGE_PARAMETERS, wholeNumber } from './parameters.js'
import { within } from './sources.js'
import { rangeOf } from './time-range.js'

const KINDS = [
  'budget_threshold_reached',
  'alert_firing',
  'alert_resolved',
  'collector_started',
  'collector_stopped',
] as const satisfies readonly NoticeKind[]

const NOTICE = z.strictObject({
  id: z.string().describe('the same thing noticed twice has one'),
  kind: z.enum(KINDS),
  time: MOMENT,
  budget: z
    .strictObject({
      name: z.string(),
      dimension: z.string().optional().describe('what it is per, where it is one for each value'),
      value: z.string().optional(),
      period_start: MOMENT,
      threshold_percent: z.number().describe('the highest that is reached'),
      spent_usd: z.number(),
      limit_usd: z.number(),
    })
    .optional()
    .describe('of budget_threshold_reached'),
  alert: z
    .strictObject({
      rule: z.string(),
      severity: z.string(),
      labels: z.record(z.string(), z.string()),
      value: z.number().nullable().describe('what was compared; null where nothing is known'),
      summary: z.string(),
    })
    .optional()
    .describe('of alert_firing and alert_resolved'),
  totals: z
    .strictObject({ operations: z.int(), failed: z.int(), cost_usd: z.number().describe('known costs') })
    .optional()
    .describe('what a collector had accepted when it stopped'),
})
export type WrittenNotice = Told<z.output<typeof NOTICE>>

export const notices = endpoint({
  method: 'GET',
  path: '/notices',
  summary: 'What happened, the latest first: budgets reached, alerts, starts and stops of collectors',
  table: 'notices',
  isFresh: true,
  parameters: z.strictObject({
    ...RANGE_PARAMETERS,
    kind: z.enum(KINDS).optional().describe('only of this kind'),
    name: z.string().max(1000).optional().describe('only of this budget, or this rule'),
    limit: wholeNumber(1, 1000, 100, 'how many'),
    offset: wholeNumber(0, 100_000, 0, 'how many of the latest are left out'),
  }),
  // No coverage: what happened is not told from operations, of which some may be without usage or cost, but as it was noticed.
  response: z.strictObject({
    window: WINDOW.describe('what was asked for'),
    notices: z.array(NOTICE),
    has_more: HAS_MORE,
  }),
  async answer({ kind, name, limit, offset, ...given }, { query, table, now }) {
    const range = rangeOf(given, now)
    const conditions = [
      within('time', range),
      ...(kind === undefined ? [] : ['kind = {kind:String}']),
      ...(name === undefined ? [] : ['name = {name:String}']),
    ]
    // Two collectors that notice one thing at the same moment write it down twice, with times of their own.
    const rows = await query<{ notice: string }>(
      `SELECT notice FROM ${table('notices')} FINAL WHERE ${conditions.join(' AND ')}
ORDER BY time DESC, id LIMIT 1 BY kind, id LIMIT ${limit + 1} OFFSET ${offset}`,
      { ...(kind !== undefined && { kind }), ...(name !== undefined && { name }) },
    )
    return {
      window: windowOf(range),
      notices: rows.slice(0, limit).map(({ notice }) => written(JSON.parse(notice) as Notice)),
      has_more: rows.length > limit,
    }
  },
})

/** A notice in the words of answers: times as they are written, money in dollars. */
function written({ time, budget, totals, ...notice }: Notice): WrittenNotice {
  return {
    ...notice,
    time: new Date(time).toISOString(),
    ...(budget && {
      budget: {
        name: budget.name,
        ...(budget.dimension !== undefined && { dimension: budget.dimension, value: budget.value }),
        period_start: new Date(budget.periodStart).toISOString(),
        threshold_percent: budget.thresholdPercent,
        spent_usd: budget.spentNanoDollars / 1e9,
        limit_usd: budget.limitNanoDollars / 1e9,
      },
    }),
    ...(totals && {
      totals: { operations: totals.operations, failed: totals.failed, cost_usd: totals.nanoDollars / 1e9 },
    }),
  }
}
