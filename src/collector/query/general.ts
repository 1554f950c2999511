/** `POST /api/v1/query`: any numbers by any dimensions. */
import * as z from 'zod'
import { endpoint } from './endpoint.js'
import { COVERAGE, GRANULARITY, HAS_MORE, WINDOW } from './head.js'
import { AGGREGATIONS } from './measures.js'
import { RANGE_PARAMETERS } from './parameters.js'
import { DEFAULT_ROWS, FILTER_OPERATORS, HAVING_OPERATORS, LIMITS } from './question.js'
import { GRANULARITIES, parseDuration, rangeOf } from './time-range.js'

const name = z.string().min(1).max(100)
const text = z.string().max(1000)
const time = z.union([z.string().max(40), z.number()]).optional()

const parameters = z.strictObject({
  start_time: time.describe(RANGE_PARAMETERS.start_time.description!),
  end_time: time.describe(RANGE_PARAMETERS.end_time.description!),
  last: RANGE_PARAMETERS.last,
  metrics: z
    .array(
      z.strictObject({
        field: name.describe('what is measured, such as cost_usd, duration_ms, operations; of uniq a dimension'),
        aggregation: z.enum(AGGREGATIONS),
        alias: name.optional().describe('its name in the answer; default: <aggregation>_<field>'),
        above: z
          .number()
          .optional()
          .describe('of count: only of values above it, such as of calls that took longer than so many milliseconds'),
      }),
    )
    .min(1)
    .max(LIMITS.measures),
  interval: z.enum(GRANULARITIES).optional().describe('windows of a series; default: one number for the range'),
  window: z
    .string()
    .max(20)
    .optional()
    .describe(
      'of a series: its numbers are of so much time up to the end of each of its windows, such as 1h; whole windows; default: of the window alone',
    ),
  group_by: z.array(name).max(LIMITS.groupBy).default([]),
  filters: z
    .array(
      z.strictObject({
        dimension: name,
        operator: z.enum(FILTER_OPERATORS),
        value: z.union([text, z.array(text).min(1).max(LIMITS.values)]),
      }),
    )
    .max(LIMITS.filters)
    .default([]),
  having: z
    .array(z.strictObject({ metric: name, operator: z.enum(HAVING_OPERATORS), value: z.number() }))
    .max(LIMITS.having)
    .default([]),
  order: z
    .strictObject({ by: name, direction: z.enum(['asc', 'desc']).default('desc') })
    .optional()
    .describe('by a metric or a dimension; default: largest of the first metric first'),
  limit: z.int().min(1).max(LIMITS.rows).default(DEFAULT_ROWS),
  offset: z.int().min(0).max(LIMITS.offset).default(0),
})

export const generalQuery = endpoint({
  method: 'POST',
  path: '/query',
  summary: 'Any numbers by any dimensions: totals, groups or series',
  table: 'rows',
  parameters,
  response: z.strictObject({
    window: WINDOW.extend({ interval: GRANULARITY.optional() }).describe(
      'what is answered: whole windows, so it may be wider than what was asked for',
    ),
    source: z
      .enum(['rollups', 'operations'])
      .describe('told from sums, or from the operations themselves: then of the very range that was asked for'),
    coverage: COVERAGE,
    percentile_error: z.number().optional().describe('largest relative error of the percentiles, where there are any'),
    columns: z.array(z.string()).describe('in their order: time of a series, dimensions, metrics'),
    rows: z
      .array(z.record(z.string(), z.union([z.string(), z.number(), z.null()])))
      .describe('by the names of the columns; null where nothing is known of it'),
    has_more: HAS_MORE,
  }),
  answer: ({ metrics, interval, window, group_by, filters, having, order, limit, offset, ...range }, { ask, now }) =>
    ask({
      range: rangeOf(range, now),
      interval,
      movingMs: window === undefined ? undefined : parseDuration('window', window),
      measures: metrics,
      groupBy: group_by,
      filters,
      having: having.map(({ metric, ...rest }) => ({ measure: metric, ...rest })),
      order,
      limit,
      offset,
    }),
})
