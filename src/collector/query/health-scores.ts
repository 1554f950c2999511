/** `GET /api/v1/health-scores`: how healthy models, providers, services or agents are, which way they go, and which nobody uses any more. */
import * as z from 'zod'
import { ENTITY_DIMENSIONS } from './anomaly/endpoint.js'
import { columnsOf, endpoint, measure, ofCalls, questionOf } from './endpoint.js'
import { CURRENCY, HAS_MORE, HEAD, headOf, MOMENT, SHARE, WINDOW } from './head.js'
import { HEALTH_STATUSES, type HealthSettings, healthScoreOf, healthStatusOf } from './health-score.js'
import { RANGE_PARAMETERS, ROLLUP_FILTER_PARAMETERS, subjectOf, wholeNumber } from './parameters.js'
import { lastSeenOf } from './seen.js'
import { CHANGE, TREND, trendOf, trendsOf } from './trending.js'

const OPERATIONS = measure('operations', 'operations', 'count')
const MEASURES = [
  OPERATIONS,
  measure('errors', 'errors', 'count'),
  measure('avg_latency_ms', 'duration_ms', 'avg'),
  measure('cost', 'cost_usd', 'sum'),
] as const
const COLUMNS = columnsOf(MEASURES)
const TRENDING = 10

const points = (description: string) => z.int().nullable().describe(`0 to 100: ${description}`)
const NUMBERS = {
  operations: COLUMNS.operations,
  success_rate: SHARE.describe('share of them that did not fail; null where there are none'),
  avg_latency_ms: COLUMNS.avg_latency_ms,
}
const ENTITY = z.strictObject({
  entity: z.string(),
  overall_score: points('all of it, weighted; null where one of its parts is'),
  success_score: points('how often it succeeds; null without operations'),
  performance_score: points('how fast it is; null where no duration is known'),
  activity_score: points('how lately it was used; null where that is not known'),
  days_since_last_seen: z.int().nullable(),
  is_idle: z.boolean().describe('not seen for longer than health.idleAfter'),
  ...NUMBERS,
  cost: COLUMNS.cost,
  previous_operations: z.int().describe('operations in the period before'),
  ...CHANGE,
  last_seen: MOMENT.nullable().describe('to the minute; of what is long ago to the hour or the day'),
  recommendations: z.array(z.string()),
})

export function createHealthScores(settings: () => HealthSettings) {
  return endpoint({
    method: 'GET',
    path: '/health-scores',
    summary:
      'How healthy models, providers, services or agents are in points of 100, which way their traffic goes, and which are idle; of calls of a model where no operation is named',
    table: 'entities',
    parameters: z.strictObject({
      ...RANGE_PARAMETERS,
      ...ROLLUP_FILTER_PARAMETERS,
      by: z.enum(ENTITY_DIMENSIONS).default('model').describe('of each of what'),
      limit: wholeNumber(1, 1000, 100, 'how many, the ones with most operations first, then the ones seen last'),
    }),
    response: z.strictObject({
      ...HEAD,
      previous_window: WINDOW.describe('the period before, of the same length'),
      by: z.enum(ENTITY_DIMENSIONS),
      currency: CURRENCY,
      status: z.enum(HEALTH_STATUSES).nullable().describe('of everything together; null without operations'),
      ...NUMBERS,
      entities: z.array(ENTITY),
      has_more: HAS_MORE,
      trending: z
        .array(z.strictObject({ entity: z.string(), ...TREND }))
        .describe('those that go up or down, the largest change first'),
      idle: z.array(z.string()).describe('of the entities, those that are idle'),
    }),
    async answer({ by, limit, ...given }, asker) {
      const { now } = asker
      const { range, filters } = subjectOf(ofCalls(given), now)
      const health = settings()
      const [{ total: whole, by: current }, seen] = await Promise.all([
        asker.apart(questionOf({ range, filters, measures: MEASURES, groupBy: [by] })),
        lastSeenOf(asker, by, filters),
      ])
      // Of the same length, and next to what is answered.
      const [start, end] = [Date.parse(whole.window.start_time), Date.parse(whole.window.end_time)]
      const earlier = { start: start - (end - start), end: start }
      const previous = await asker.rows(questionOf({ range: earlier, filters, measures: [OPERATIONS], groupBy: [by] }))
      const rowOf = new Map(current[by].rows.map((row) => [String((row as { [name: string]: unknown })[by]), row]))
      const before = new Map(previous.rows.map((row) => [row[by], row.operations]))
      const counts = new Map([...rowOf].map(([entity, row]) => [entity, row.operations]))
      const names = [...new Set([...rowOf.keys(), ...seen.keys()])].filter((entity) => entity !== '')
      const entities = names.slice(0, limit).map((entity) => {
        const row = rowOf.get(entity)
        const { cost = 0 } = row ?? {}
        const facts = factsOf(row)
        const last = seen.get(entity)
        const { direction, change, previous: operationsBefore } = trendOf(facts.operations, before.get(entity) ?? 0)
        const score = healthScoreOf(by, { ...facts, idleMs: last === undefined ? null : now - last }, health)
        const { recommendations, ...points } = score
        return {
          entity,
          ...points,
          ...numbersOf(facts),
          cost,
          previous_operations: operationsBefore,
          change,
          direction,
          last_seen: last === undefined ? null : new Date(last).toISOString(),
          recommendations,
        }
      })
      const facts = factsOf(whole.rows[0])
      return {
        ...headOf(whole),
        previous_window: previous.window,
        by,
        currency: CURRENCY.value,
        status: healthStatusOf(facts, health),
        ...numbersOf(facts),
        entities,
        has_more: names.length > limit,
        trending: trendsOf(counts, before)
          .filter(({ direction }) => direction !== 'stable')
          .slice(0, TRENDING),
        idle: entities.filter(({ is_idle }) => is_idle).map(({ entity }) => entity),
      }
    },
  })
}

type Facts = { readonly operations: number; readonly errors: number; readonly avg_latency_ms: number | null }

function factsOf({ operations, errors, avg_latency_ms }: Facts = { operations: 0, errors: 0, avg_latency_ms: null }) {
  return { operations, errors, meanLatencyMs: avg_latency_ms }
}

function numbersOf({ operations, errors, meanLatencyMs }: ReturnType<typeof factsOf>) {
  const success = operations === 0 ? null : (operations - errors) / operations
  return { operations, success_rate: success, avg_latency_ms: meanLatencyMs }
}
