/** `GET /api/v1/health-scores`: how healthy models, providers, services or agents are, which way they go, and which nobody uses any more. */
import * as z from 'zod'
import { ENTITY_DIMENSIONS } from './anomaly/endpoint.js'
import { endpoint, headOf, measure, ofCalls, questionOf } from './endpoint.js'
import { type HealthSettings, healthScoreOf, healthStatusOf } from './health-score.js'
import { RANGE_PARAMETERS, ROLLUP_FILTER_PARAMETERS, subjectOf, wholeNumber } from './parameters.js'
import { lastSeenOf } from './seen.js'
import { trendOf, trendsOf } from './trending.js'

const OPERATIONS = measure('operations', 'operations', 'count')
const MEASURES = [
  OPERATIONS,
  measure('errors', 'errors', 'count'),
  measure('avg_latency_ms', 'duration_ms', 'avg'),
  measure('cost', 'cost_usd', 'sum'),
]
const TRENDING = 10

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
    async answer({ by, limit, ...given }, asker) {
      const { ask, now } = asker
      const { range, filters } = subjectOf(ofCalls(given), now)
      const health = settings()
      const whole = await ask(questionOf({ range, filters, measures: MEASURES }))
      // Of the same length, and next to what is answered.
      const [start, end] = [Date.parse(whole.window.start_time), Date.parse(whole.window.end_time)]
      const earlier = { start: start - (end - start), end: start }
      const [current, previous, seen] = await Promise.all([
        ask(questionOf({ range, filters, measures: MEASURES, groupBy: [by] })),
        ask(questionOf({ range: earlier, filters, measures: [OPERATIONS], groupBy: [by] })),
        lastSeenOf(asker, by, filters),
      ])
      const rowOf = new Map(current.rows.map((row) => [String(row[by]), row]))
      const before = new Map(previous.rows.map((row) => [String(row[by]), Number(row['operations'])]))
      const counts = new Map([...rowOf].map(([entity, row]) => [entity, Number(row['operations'])]))
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
        currency: 'USD',
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

function factsOf(row: { readonly [column: string]: unknown } | undefined) {
  return {
    operations: Number(row?.['operations'] ?? 0),
    errors: Number(row?.['errors'] ?? 0),
    meanLatencyMs: (row?.['avg_latency_ms'] ?? null) as number | null,
  }
}

function numbersOf({ operations, errors, meanLatencyMs }: ReturnType<typeof factsOf>) {
  const success = operations === 0 ? null : (operations - errors) / operations
  return { operations, success_rate: success, avg_latency_ms: meanLatencyMs }
}
