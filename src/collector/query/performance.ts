/** `GET /api/v1/performance`: how long it took and how often it failed. */
import * as z from 'zod'
import { endpoint, headOf, measure, ofCalls, questionOf } from './endpoint.js'
import { PERCENTILES } from './measures.js'
import { COMMON_PARAMETERS, subjectOf } from './parameters.js'

const LATENCIES = [
  ...(['avg', 'min', 'max', ...PERCENTILES] as const).map((of) => measure(`${of}_latency_ms`, 'duration_ms', of)),
  ...(['avg', 'p50', 'p95', 'p99'] as const).map((of) =>
    measure(`${of}_time_to_first_chunk_ms`, 'time_to_first_chunk_ms', of),
  ),
]
const COUNTS = [
  measure('request_count', 'operations', 'count'),
  measure('throughput_rps', 'operations', 'rate'),
  measure('error_rate', 'error_rate', 'avg'),
  measure('total_tokens', 'total_tokens', 'sum'),
  measure('tokens_per_second', 'total_tokens', 'rate'),
]
const SERIES = new Set([
  'request_count',
  'error_rate',
  'total_tokens',
  'avg_latency_ms',
  'min_latency_ms',
  'max_latency_ms',
  'p50_latency_ms',
  'p95_latency_ms',
  'p99_latency_ms',
])

export const performance = endpoint({
  method: 'GET',
  path: '/performance',
  summary: 'Latency, throughput and failures, in total and over time; of calls of a model where no operation is named',
  table: 'time_series',
  parameters: z.strictObject(COMMON_PARAMETERS),
  async answer(given, { ask, rows, now }) {
    const { granularity, ...subject } = subjectOf(ofCalls(given), now)
    const measures = [...COUNTS, ...LATENCIES]
    const [total, series] = await Promise.all([
      ask(questionOf({ ...subject, measures })),
      rows(
        questionOf({ ...subject, measures: measures.filter(({ alias }) => SERIES.has(alias)), interval: granularity }),
      ),
    ])
    return { ...headOf(total), ...total.rows[0], granularity, time_series: series.rows }
  },
})
