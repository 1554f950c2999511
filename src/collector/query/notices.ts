/** `GET /api/v1/notices`: what happened: budgets reached, alerts, starts and stops of collectors. */
import type { Notice, NoticeKind } from 'tokmeter/core'
import * as z from 'zod'
import { endpoint } from './endpoint.js'
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
      window: { start_time: new Date(range.start).toISOString(), end_time: new Date(range.end).toISOString() },
      notices: rows.slice(0, limit).map(({ notice }) => written(JSON.parse(notice) as Notice)),
      has_more: rows.length > limit,
    }
  },
})

export type WrittenNotice = ReturnType<typeof written>

/** A notice in the words of answers: times as they are written, money in dollars. */
function written({ time, budget, totals, ...notice }: Notice) {
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
