/** `GET /api/v1/performance`: how long it took and how often it failed. */
import * as z from 'zod'
import { columnsOf, endpoint, measure, ofCalls, questionOf } from './endpoint.js'
import { ESTIMATED_HEAD, estimatedHeadOf, GRANULARITY, MOMENT } from './head.js'
import { COMMON_PARAMETERS, seriesOf } from './parameters.js'

/** Of each window as of all of them. */
const OF_WINDOWS = [
  measure('request_count', 'operations', 'count'),
  measure('error_rate', 'error_rate', 'avg'),
  measure('total_tokens', 'total_tokens', 'sum'),
  measure('avg_latency_ms', 'duration_ms', 'avg'),
  measure('min_latency_ms', 'duration_ms', 'min'),
  measure('max_latency_ms', 'duration_ms', 'max'),
  measure('p50_latency_ms', 'duration_ms', 'p50'),
  measure('p95_latency_ms', 'duration_ms', 'p95'),
  measure('p99_latency_ms', 'duration_ms', 'p99'),
] as const
const MEASURES = [
  ...OF_WINDOWS,
  measure('throughput_rps', 'operations', 'rate'),
  measure('tokens_per_second', 'total_tokens', 'rate'),
  measure('p75_latency_ms', 'duration_ms', 'p75'),
  measure('p90_latency_ms', 'duration_ms', 'p90'),
  measure('p999_latency_ms', 'duration_ms', 'p999'),
  measure('avg_time_to_first_chunk_ms', 'time_to_first_chunk_ms', 'avg'),
  measure('p50_time_to_first_chunk_ms', 'time_to_first_chunk_ms', 'p50'),
  measure('p95_time_to_first_chunk_ms', 'time_to_first_chunk_ms', 'p95'),
  measure('p99_time_to_first_chunk_ms', 'time_to_first_chunk_ms', 'p99'),
] as const

export const performance = endpoint({
  method: 'GET',
  path: '/performance',
  summary: 'Latency, throughput and failures, in total and over time; of calls of a model where no operation is named',
  table: 'time_series',
  parameters: z.strictObject(COMMON_PARAMETERS),
  response: z.strictObject({
    ...ESTIMATED_HEAD,
    ...columnsOf(MEASURES),
    granularity: GRANULARITY,
    time_series: z.array(z.strictObject({ time: MOMENT, ...columnsOf(OF_WINDOWS) })),
  }),
  async answer(given, asker) {
    const { ask, rows } = asker
    const { granularity, ...subject } = seriesOf(ofCalls(given), asker)
    const [total, series] = await Promise.all([
      ask(questionOf({ ...subject, measures: MEASURES })),
      rows(questionOf({ ...subject, measures: OF_WINDOWS, interval: granularity })),
    ])
    return { ...estimatedHeadOf(total), ...total.rows[0]!, granularity, time_series: series.rows }
  },
})
