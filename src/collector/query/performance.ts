/** `GET /api/v1/performance`: how long it took and how often it failed. */
import * as z from 'zod'
import { endpoint, questionOf } from './endpoint.js'
import { PERCENTILES } from './measures.js'
import { COMMON_PARAMETERS, subjectOf } from './parameters.js'

const LATENCIES = [
  ...(['avg', 'min', 'max', ...PERCENTILES] as const).map((aggregation) => ({
    alias: `${aggregation}_latency_ms`,
    field: 'duration_ms',
    aggregation,
  })),
  ...(['avg', 'p50', 'p95', 'p99'] as const).map((aggregation) => ({
    alias: `${aggregation}_time_to_first_chunk_ms`,
    field: 'time_to_first_chunk_ms',
    aggregation,
  })),
]
const COUNTS = [
  { alias: 'request_count', field: 'operations', aggregation: 'count' },
  { alias: 'throughput_rps', field: 'operations', aggregation: 'rate' },
  { alias: 'error_rate', field: 'error_rate', aggregation: 'avg' },
  { alias: 'total_tokens', field: 'total_tokens', aggregation: 'sum' },
  { alias: 'tokens_per_second', field: 'total_tokens', aggregation: 'rate' },
] as const
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

/** What is measured when nobody says of which operations: agents and workflows last as long as all the calls inside them. */
const CALLS = ['chat', 'generate_content', 'text_completion', 'embeddings']

export const performance = endpoint({
  method: 'GET',
  path: '/performance',
  summary: 'Latency, throughput and failures, in total and over time; of calls of a model where no operation is named',
  parameters: z.strictObject(COMMON_PARAMETERS),
  async answer(given, { ask, now }) {
    const { granularity, ...subject } = subjectOf({ ...given, operation: given.operation ?? CALLS }, now)
    const measures = [...COUNTS, ...LATENCIES]
    const [total, series] = await Promise.all([
      ask(questionOf({ ...subject, measures })),
      ask(
        questionOf({ ...subject, measures: measures.filter(({ alias }) => SERIES.has(alias)), interval: granularity }),
      ),
    ])
    const { window, coverage, percentile_error, rows } = total
    return { window, coverage, percentile_error, ...rows[0], granularity, time_series: series.rows }
  },
})
