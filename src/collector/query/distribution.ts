/** `GET /api/v1/performance/distribution`: how many operations took how long, in each window: what a heatmap is drawn from. */
import * as z from 'zod'
import { coverageIn } from './coverage.js'
import { endpoint, ofCalls } from './endpoint.js'
import { GRANULARITY, HEAD, MOMENT, windowOf } from './head.js'
import { COMMON_PARAMETERS, seriesOf } from './parameters.js'
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

type CellsOf = { readonly at: number; readonly cells: readonly (readonly [step: number, count: number])[] }

export const distribution = endpoint({
  method: 'GET',
  path: '/performance/distribution',
  summary: 'How many operations took how long, window by window; of calls of a model where no operation is named',
  table: 'cells',
  parameters: z.strictObject({
    ...COMMON_PARAMETERS,
    field: z.enum(FIELDS).default('duration_ms').describe('what is distributed, in milliseconds'),
  }),
  response: z.strictObject({
    ...HEAD,
    field: z.enum(FIELDS),
    granularity: GRANULARITY,
    cells: z
      .array(
        z.strictObject({
          time: MOMENT.describe('start of the window'),
          above_ms: z.number().describe('all of them took more than so many milliseconds'),
          up_to_ms: z.number().describe('and at most so many; of those that took exactly none both are 0'),
          count: z.int().describe('operations of which it is known'),
        }),
      )
      .describe('those that are not empty'),
  }),
  async answer({ field, ...given }, asker) {
    const { query, kept, now } = asker
    const { range, filters, granularity } = seriesOf(ofCalls(given), asker)
    const bound: { [name: string]: string | number | readonly string[] } = {}
    const conditions = conditionsOf(filters, bound)
    const columns = [`${field}_histogram`]
    const isRaw = conditions.some(({ dimension }) => dimension.isRaw)
    const cover = isRaw ? undefined : coverOf(range, granularity, kept, now)
    const rowsOf = (wanted: readonly string[]) =>
      cover ? fromRollups(asker, cover.segments, wanted, conditions) : fromRaw(asker, range, wanted, conditions)
    // A row for each window: that is written and read faster than one for each cell.
    const windows = query<CellsOf>(
      `SELECT at, arraySort(groupArray((step, count))) AS cells FROM (
SELECT at, toInt32(floor(bucket / ${JOINED})) AS step, sum(number) AS count
FROM (SELECT ${windowSql(granularity)} AS at, sumMap(${columns}) AS histogram FROM (\n${rowsOf(columns)}\n) GROUP BY at)
ARRAY JOIN mapKeys(histogram) AS bucket, mapValues(histogram) AS number
GROUP BY at, step ORDER BY at, step LIMIT ${CELLS}
) GROUP BY at ORDER BY at`,
      bound,
    )
    const [found, coverage] = await Promise.all([windows, coverageIn(asker, rowsOf, bound)])
    return {
      window: windowOf(cover?.range ?? range),
      coverage,
      field,
      granularity,
      cells: found.flatMap(({ at, cells }) => {
        const time = new Date(Number(at)).toISOString()
        return cells.map(([step, count]) => ({ time, ...bounds(step), count }))
      }),
    }
  },
})

/** What a bucket holds: more than the first, at most the second; of zeros both are 0. */
export function bounds(step: number) {
  if (step === ZERO) return { above_ms: 0, up_to_ms: 0 }
  const at = (one: number) => 2 ** ((one * JOINED) / PER_DOUBLING)
  return { above_ms: at(step), up_to_ms: at(step + 1) }
}
