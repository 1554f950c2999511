/** `GET /api/v1/metrics/trends`: how cost, latency and usage go, from window to window and against the period before. */
import * as z from 'zod'
import { endpoint, headOf, measure, ofCalls, questionOf } from './endpoint.js'
import { COMMON_PARAMETERS, subjectOf } from './parameters.js'
import { changeOf } from './trending.js'

const TRENDS = {
  cost_trend: measure('cost', 'cost_usd', 'sum'),
  performance_trend: measure('avg_latency_ms', 'duration_ms', 'avg'),
  usage_trend: measure('request_count', 'operations', 'count'),
} as const
const MEASURES = Object.values(TRENDS)

export const trends = endpoint({
  method: 'GET',
  path: '/metrics/trends',
  summary: 'How cost, latency and usage go, from window to window and against the period before',
  table: 'series',
  parameters: z.strictObject(COMMON_PARAMETERS),
  async answer(given, { ask, rows, now }) {
    const { granularity, range, filters } = subjectOf(ofCalls(given), now)
    const [total, series] = await Promise.all([
      ask(questionOf({ range, filters, measures: MEASURES })),
      rows(questionOf({ range, filters, measures: MEASURES, interval: granularity })),
    ])
    // Of whole windows, as what it is compared with: the two meet without a gap or an overlap.
    const [start, end] = [Date.parse(total.window.start_time), Date.parse(total.window.end_time)]
    const before = { start: start - (end - start), end: start }
    const previous = await rows(questionOf({ range: before, filters, measures: MEASURES }))
    const trendOf = ({ alias }: (typeof MEASURES)[number]) =>
      series.rows.map((row, index) => ({
        time: row['time'],
        value: row[alias],
        change: changeOf(row[alias], series.rows[index - 1]?.[alias]),
      }))
    const comparison = MEASURES.map(({ alias }) => {
      const [value, earlier] = [total.rows[0]![alias], previous.rows[0]![alias]]
      return [alias, { value, previous: earlier, change: changeOf(value, earlier) }]
    })
    return {
      ...headOf(total),
      granularity,
      series: series.rows,
      previous_window: previous.window,
      comparison: Object.fromEntries(comparison),
      ...Object.fromEntries(Object.entries(TRENDS).map(([name, measured]) => [name, trendOf(measured)])),
    }
  },
})
