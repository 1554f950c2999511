/** Numbers of the query API as PromQL over the metrics of the catalogue. What they do not tell cannot be said, and is refused with the reason. */
import { attribute, CATALOGUE, INFERENCE_OPERATIONS, instrumentKind, metric, operationKind } from 'tokmeter/core'
import type { Filter } from '../query/question.js'
import type { Need } from './rule.js'

/**
 * `page`: names as the pages of the SDK and the collector have them. `otlp`: as Prometheus names what it receives by OTLP, with units in the names.
 */
export const NAMINGS = ['page', 'otlp'] as const
export type Naming = (typeof NAMINGS)[number]

/** There is no such expression. */
export class NotExpressible extends Error {
  override readonly name = 'NotExpressible'
}

const UNIT_WORDS: { readonly [unit: string]: string } = { s: 'seconds', USD: 'USD' }

/** The name of a metric of the catalogue. */
export function prometheusName(name: string, naming: Naming): string {
  const row = CATALOGUE.find((one) => one.name === name)
  if (row === undefined) throw new Error(`BUG: ${name} is no metric of the catalogue`)
  const base = name.replace(/\W/g, '_')
  const word = naming === 'otlp' ? UNIT_WORDS[row.unit] : undefined
  return `${base}${word === undefined ? '' : `_${word}`}${instrumentKind(row) === 'counter' ? '_total' : ''}`
}

/** Dimensions that the metrics have as attributes; the service is what Prometheus calls a job, where it came by OTLP. */
const LABELS: { readonly [dimension: string]: string } = {
  model: attribute.requestModel,
  request_model: attribute.requestModel,
  response_model: attribute.responseModel,
  provider: attribute.providerName,
  operation: attribute.operationName,
  error_type: attribute.errorType,
  server_address: attribute.serverAddress,
}

export function labelOfDimension(dimension: string, naming: Naming): string {
  if (dimension === 'service' && naming === 'otlp') return 'job'
  const found = LABELS[dimension]
  if (found === undefined) throw new NotExpressible(`the metrics do not tell operations apart by ${dimension}`)
  return found.replace(/\W/g, '_')
}

/** A text in the syntax of PromQL, which is that of Go. */
export const quoted = (text: string) => JSON.stringify(text)
const literal = (text: string) => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')

/** Matchers of filters; those on operations choose metrics. */
function matcherOf({ dimension, operator, value }: Filter, naming: Naming): string {
  const label = labelOfDimension(dimension, naming)
  const values = [value].flat()
  switch (operator) {
    case 'eq':
      return `${label}=${quoted(String(value))}`
    case 'ne':
      return `${label}!=${quoted(String(value))}`
    case 'prefix':
      return `${label}=~${quoted(`${literal(String(value))}.*`)}`
    default:
      return `${label}${operator === 'in' ? '=~' : '!~'}${quoted(values.map(literal).join('|'))}`
  }
}

/** Metrics of each sort of operation. */
type BySort = { readonly inference: string | undefined; readonly embeddings: string | undefined }
const DURATIONS: BySort = { inference: metric.inferenceDuration, embeddings: metric.embeddingsDuration }
const FIELDS: { readonly [field: string]: { readonly metrics: BySort; readonly factor?: number } } = {
  duration_ms: { metrics: DURATIONS, factor: 1000 },
  time_to_first_chunk_ms: {
    metrics: { inference: metric.inferenceTimeToFirstChunk, embeddings: undefined },
    factor: 1000,
  },
  cost_usd: { metrics: { inference: metric.cost, embeddings: metric.cost } },
  input_tokens: { metrics: { inference: metric.inferenceOperationInput, embeddings: metric.embeddingsOperationInput } },
  output_tokens: { metrics: { inference: metric.inferenceOperationOutput, embeddings: undefined } },
}

export type Expressions = {
  /** The number, grouped. */
  readonly value: string
  /** How many operations it is of, grouped the same. */
  readonly operations: string
  /** Labels it is grouped by. */
  readonly by: readonly string[]
}

/** A number of a group over a window, as PromQL. Throws NotExpressible. */
export function expressionsOf({ measure, filters, groupBy, windowMs }: Need, naming: Naming): Expressions {
  const { field, aggregation } = measure
  const by = groupBy.map((dimension) => labelOfDimension(dimension, naming))
  const sorts = sortsOf(filters)
  const named = filters.filter(({ dimension, operator }) => !(dimension === 'operation' && operator === 'in'))
  const matchers = named.map((filter) => matcherOf(filter, naming))
  const window = `${windowMs / 60_000}m`
  const sum = (inside: string, extra: readonly string[] = []) => {
    const all = [...extra, ...by]
    return `sum${all.length === 0 ? '' : ` by (${all.join(', ')})`} (${inside})`
  }
  const over = (metrics: BySort, suffix: string, of: 'increase' | 'rate', more: readonly string[] = []) => {
    const selector = [...matchers, ...more].join(',')
    const names = [...new Set(sorts.flatMap((sort) => metrics[sort] ?? []))]
    if (names.length === 0) throw new NotExpressible(`the metrics do not tell ${field} of these operations`)
    return names.map((name) => `${of}(${prometheusName(name, naming)}${suffix}{${selector}}[${window}])`).join(' or ')
  }
  const operations = sum(over(DURATIONS, '_count', 'increase'))
  const answer = (value: string): Expressions => ({ value, operations, by })
  const failed = [`${labelOfDimension('error_type', naming)}!=""`]

  if (field === 'operations' || field === 'calls')
    return answer(sum(over(DURATIONS, '_count', aggregation === 'rate' ? 'rate' : 'increase')))
  if (field === 'errors')
    return answer(sum(over(DURATIONS, '_count', aggregation === 'rate' ? 'rate' : 'increase', failed)))
  if (field === 'error_rate') {
    // Where nothing failed there is no series of failures, and the rate is nought all the same.
    const failures = `(${sum(over(DURATIONS, '_count', 'increase', failed))} or 0 * ${operations})`
    return answer(`${failures} / ${operations}`)
  }
  const found = FIELDS[field]
  if (found === undefined) throw new NotExpressible(`the metrics do not tell ${field}`)
  const { metrics, factor = 1 } = found
  const scaled = (expression: string) => (factor === 1 ? expression : `${factor} * ${expression}`)
  const [, quantile] = /^p(\d+)$/.exec(aggregation) ?? []
  if (quantile !== undefined) {
    const buckets = sum(over(metrics, '_bucket', 'rate'), ['le'])
    return answer(scaled(`histogram_quantile(0.${quantile}, ${buckets})`))
  }
  switch (aggregation) {
    case 'sum':
      return answer(scaled(sum(over(metrics, '_sum', 'increase'))))
    case 'rate':
      return answer(scaled(sum(over(metrics, '_sum', 'rate'))))
    case 'count':
      return answer(sum(over(metrics, '_count', 'increase')))
    case 'avg':
      return answer(scaled(`${sum(over(metrics, '_sum', 'increase'))} / ${sum(over(metrics, '_count', 'increase'))}`))
    default:
      throw new NotExpressible(`histograms do not tell the ${aggregation} of ${field}`)
  }
}

/** Which sorts of calls filters on the operation leave. */
function sortsOf(filters: readonly Filter[]): readonly ('inference' | 'embeddings')[] {
  const chosen = filters.filter(({ dimension }) => dimension === 'operation')
  const isLeft = (name: string) =>
    chosen.every(({ operator, value }) => {
      const values = [value].flat()
      if (operator === 'prefix') return name.startsWith(values[0]!)
      return operator === 'eq' || operator === 'in' ? values.includes(name) : !values.includes(name)
    })
  const wanted = chosen.filter(({ operator }) => operator === 'eq' || operator === 'in').flatMap(({ value }) => value)
  const other = wanted.find((name) => !['inference', 'embeddings'].includes(operationKind(name)))
  if (other !== undefined) throw new NotExpressible(`the metrics of ${other} are of another shape`)
  const inference = [...INFERENCE_OPERATIONS].filter(isLeft)
  return [
    ...(inference.length > 0 ? (['inference'] as const) : []),
    ...(isLeft('embeddings') ? (['embeddings'] as const) : []),
  ]
}
