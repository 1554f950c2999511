/** `GET /api/v1/performance/distribution`: how many operations took how long, in each window: what a heatmap is drawn from. */
import * as z from 'zod'
import { endpoint, ofCalls } from './endpoint.js'
import { COMMON_PARAMETERS, subjectOf } from './parameters.js'
import { conditionsOf, windowSql } from './question.js'
import { fromRaw, fromRollups } from './sources.js'
import { coverOf } from './tier-cover.js'

const FIELDS = ['duration_ms', 'time_to_first_chunk_ms'] as const
/** Buckets of the rollups in one of the answer: two of them to each doubling, as fine as an eye tells apart. */
const JOINED = 8
/** Of the rollups' buckets, per doubling. */
const PER_DOUBLING = 16
/** Where exact zeros are: below every other. */
const ZERO = -4096
/** Most cells of an answer. */
const CELLS = 50_000

type Cell = { readonly at: number; readonly step: number; readonly count: number }

export const distribution = endpoint({
  method: 'GET',
  path: '/performance/distribution',
  summary: 'How many operations took how long, window by window; of calls of a model where no operation is named',
  table: 'cells',
  parameters: z.strictObject({
    ...COMMON_PARAMETERS,
    field: z.enum(FIELDS).default('duration_ms').describe('what is distributed, in milliseconds'),
  }),
  async answer({ field, ...given }, asker) {
    const { query, kept, now } = asker
    const { range, filters, granularity } = subjectOf(ofCalls(given), now)
    const bound: { [name: string]: string | number | readonly string[] } = {}
    const conditions = conditionsOf(filters, bound)
    const columns = [`${field}_histogram`]
    const isRaw = conditions.some(({ dimension }) => dimension.isRaw)
    const cover = isRaw ? undefined : coverOf(range, granularity, kept, now)
    const rows = cover
      ? fromRollups(asker, cover.segments, columns, conditions)
      : fromRaw(asker, range, columns, conditions)
    const cells = await query<Cell>(
      `SELECT at, toInt32(floor(bucket / ${JOINED})) AS step, sum(number) AS count
FROM (SELECT ${windowSql(granularity)} AS at, sumMap(${columns}) AS histogram FROM (\n${rows}\n) GROUP BY at)
ARRAY JOIN mapKeys(histogram) AS bucket, mapValues(histogram) AS number
GROUP BY at, step ORDER BY at, step LIMIT ${CELLS}`,
      bound,
    )
    const { start, end } = cover?.range ?? range
    return {
      window: { start_time: new Date(start).toISOString(), end_time: new Date(end).toISOString() },
      field,
      granularity,
      cells: cells.map(({ at, step, count }) => ({
        time: new Date(Number(at)).toISOString(),
        ...bounds(Number(step)),
        count: Number(count),
      })),
    }
  },
})

/** What a bucket holds: more than the first, at most the second; of zeros both are 0. */
export function bounds(step: number) {
  if (step === ZERO) return { above_ms: 0, up_to_ms: 0 }
  const at = (one: number) => 2 ** ((one * JOINED) / PER_DOUBLING)
  return { above_ms: at(step), up_to_ms: at(step + 1) }
}
