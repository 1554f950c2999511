/** `GET /api/v1/metrics/models`: models beside each other, and which of them suits what. */
import * as z from 'zod'
import { columnsOf, endpoint, measure, ofCalls, questionOf, successRate, type Told } from './endpoint.js'
import { ESTIMATED_HEAD, estimatedHeadOf, SHARE } from './head.js'
import { InvalidQuestion } from './invalid-question.js'
import { FILTER_PARAMETERS, RANGE_PARAMETERS, subjectOf } from './parameters.js'

const MEASURES = [
  measure('request_count', 'operations', 'count'),
  measure('avg_latency_ms', 'duration_ms', 'avg'),
  measure('p95_latency_ms', 'duration_ms', 'p95'),
  measure('avg_time_to_first_chunk_ms', 'time_to_first_chunk_ms', 'avg'),
  measure('avg_cost_usd', 'cost_usd', 'avg'),
  measure('total_cost_usd', 'cost_usd', 'sum'),
  measure('total_tokens', 'total_tokens', 'sum'),
  measure('throughput_rps', 'operations', 'rate'),
] as const
const ERROR_RATE = measure('error_rate', 'error_rate', 'avg')
const WRITTEN = measure('written', 'output_tokens', 'sum')

const { model: _, ...FILTERS } = FILTER_PARAMETERS
const name = z.string().max(1000)

const MODEL = z.strictObject({
  model: z.string(),
  provider: z.string(),
  metrics: z.strictObject({
    ...columnsOf(MEASURES),
    success_rate: SHARE.describe('share of the calls that did not fail; null where there are none'),
  }),
})
type Model = Told<z.output<typeof MODEL>>
const best = z.string().nullable()

export const modelComparison = endpoint({
  method: 'GET',
  path: '/metrics/models',
  summary: 'Models beside each other: latency, cost and reliability, and what suits which',
  table: 'models',
  parameters: z.strictObject({
    ...RANGE_PARAMETERS,
    ...FILTERS,
    models: z
      .union([name, z.array(name).max(100)])
      .optional()
      .describe('two models or more, separated by commas; default: the ten with most requests'),
  }),
  response: z.strictObject({
    ...ESTIMATED_HEAD,
    models: z.array(MODEL),
    summary: z
      .strictObject({
        fastest_model: best.describe('of the least mean latency'),
        cheapest_model: best.describe('of the least mean cost of a call'),
        most_reliable_model: best.describe('of the largest share of calls that did not fail'),
        recommendations: z.array(z.string()),
      })
      .describe('of those that write, where any does: an embedding is no answer. Null where it is not known of any'),
  }),
  async answer({ models, ...given }, { ask, now }) {
    const { range, filters } = subjectOf(ofCalls(given), now)
    const chosen =
      models === undefined
        ? undefined
        : [models]
            .flat()
            .flatMap((list) => list.split(','))
            .map((one) => one.trim())
            .filter((one) => one !== '')
    if (chosen !== undefined && new Set(chosen).size < 2)
      throw new InvalidQuestion('models', 'must be at least 2 for a comparison')
    const answer = await ask(
      questionOf({
        range,
        filters: chosen === undefined ? filters : [...filters, { dimension: 'model', operator: 'in', value: chosen }],
        measures: [...MEASURES, ERROR_RATE, WRITTEN],
        groupBy: ['model', 'provider'],
        limit: chosen === undefined ? 10 : 1000,
      }),
    )
    const compared = answer.rows.map(({ model, provider, error_rate, written, ...metrics }) => ({
      writes: Number(written) > 0,
      model: { model, provider, metrics: { ...metrics, success_rate: successRate(error_rate) } },
    }))
    const isSuggested = compared.some(({ writes }) => writes) ? ({ writes }: { writes: boolean }) => writes : () => true
    const suggested = compared.filter(isSuggested).map(({ model }) => model)
    return { ...estimatedHeadOf(answer), models: compared.map(({ model }) => model), summary: summaryOf(suggested) }
  },
})

/** Above it a model is called reliable. */
const RELIABLE = 0.99
/** Below them a call is called fast, and cheap: two seconds, and a cent. */
const FAST_MS = 2000
const CHEAP_USD = 0.01

function summaryOf(models: readonly Model[]) {
  const fastest = leastOf(models, ({ metrics }) => metrics.avg_latency_ms)
  const cheapest = leastOf(models, ({ metrics }) => metrics.avg_cost_usd)
  const mostReliable = leastOf(models, ({ metrics: { success_rate } }) =>
    success_rate === null ? null : -success_rate,
  )
  const balanced = models.find(({ metrics: { success_rate, avg_latency_ms, avg_cost_usd } }) => {
    const isKnown = success_rate !== null && avg_latency_ms !== null && avg_cost_usd !== null
    return isKnown && success_rate > RELIABLE && avg_latency_ms < FAST_MS && avg_cost_usd < CHEAP_USD
  })
  const recommendations: string[] = []
  if (fastest !== undefined && cheapest !== undefined && fastest.model !== cheapest.model)
    recommendations.push(
      `Use ${fastest.model} for low-latency applications and ${cheapest.model} for cost-sensitive workloads`,
    )
  if (balanced !== undefined)
    recommendations.push(`${balanced.model} offers an excellent balance of speed, cost and reliability`)
  return {
    fastest_model: fastest?.model ?? null,
    cheapest_model: cheapest?.model ?? null,
    most_reliable_model: mostReliable?.model ?? null,
    recommendations,
  }
}

/** The one of the least value; of those whose value nobody knows, none. */
function leastOf(models: readonly Model[], value: (model: Model) => number | null): Model | undefined {
  let least: { readonly model: Model; readonly value: number } | undefined
  for (const model of models) {
    const own = value(model)
    if (own !== null && (least === undefined || own < least.value)) least = { model, value: own }
  }
  return least?.model
}
