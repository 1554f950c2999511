/** `GET /api/v1/metrics/trends`: how cost, latency and usage go, from window to window and against the period before. */
import * as z from 'zod'
import { columnsOf, endpoint, measure, ofCalls, questionOf } from './endpoint.js'
import { GRANULARITY, HEAD, headOf, MOMENT, WINDOW } from './head.js'
import { COMMON_PARAMETERS, seriesOf } from './parameters.js'
import { changeOf } from './trending.js'

const MEASURES = [
  measure('cost', 'cost_usd', 'sum'),
  measure('avg_latency_ms', 'duration_ms', 'avg'),
  measure('request_count', 'operations', 'count'),
] as const
const COLUMNS = columnsOf(MEASURES)
type Name = keyof typeof COLUMNS

const change = (than: string) =>
  z.number().nullable().describe(`share by which it is more than ${than}; null where that is not known, or was nothing`)
const trend = <One extends Name>(name: One) =>
  z.array(z.strictObject({ time: MOMENT, value: COLUMNS[name], change: change('in the window before') }))
const compared = <One extends Name>(name: One) =>
  z.strictObject({ value: COLUMNS[name], previous: COLUMNS[name], change: change('in the period before') })

export const trends = endpoint({
  method: 'GET',
  path: '/metrics/trends',
  summary: 'How cost, latency and usage go, from window to window and against the period before',
  table: 'series',
  parameters: z.strictObject(COMMON_PARAMETERS),
  response: z.strictObject({
    ...HEAD,
    granularity: GRANULARITY,
    series: z.array(z.strictObject({ time: MOMENT, ...COLUMNS })),
    previous_window: WINDOW.describe('the period before, of the same length'),
    comparison: z.strictObject({
      cost: compared('cost'),
      avg_latency_ms: compared('avg_latency_ms'),
      request_count: compared('request_count'),
    }),
    cost_trend: trend('cost'),
    performance_trend: trend('avg_latency_ms'),
    usage_trend: trend('request_count'),
  }),
  async answer(given, asker) {
    const { ask, rows } = asker
    const { granularity, range, filters } = seriesOf(ofCalls(given), asker)
    const [total, series] = await Promise.all([
      ask(questionOf({ range, filters, measures: MEASURES })),
      rows(questionOf({ range, filters, measures: MEASURES, interval: granularity })),
    ])
    // Of whole windows, as what it is compared with: the two meet without a gap or an overlap.
    const [start, end] = [Date.parse(total.window.start_time), Date.parse(total.window.end_time)]
    const before = { start: start - (end - start), end: start }
    const previous = await rows(questionOf({ range: before, filters, measures: MEASURES }))
    const trendOf = <One extends Name>(name: One) =>
      series.rows.map((row, index) => ({
        time: row.time,
        value: row[name],
        change: changeOf(row[name], series.rows[index - 1]?.[name]),
      }))
    const comparedOf = <One extends Name>(name: One) => {
      const value = total.rows[0]![name]
      const earlier = previous.rows[0]![name]
      return { value, previous: earlier, change: changeOf(value, earlier) }
    }
    return {
      ...headOf(total),
      granularity,
      series: series.rows,
      previous_window: previous.window,
      comparison: {
        cost: comparedOf('cost'),
        avg_latency_ms: comparedOf('avg_latency_ms'),
        request_count: comparedOf('request_count'),
      },
      cost_trend: trendOf('cost'),
      performance_trend: trendOf('avg_latency_ms'),
      usage_trend: trendOf('request_count'),
    }
  },
})
