/** What can be asked of operations, in a client's words and as SQL over the columns of the rollups. */
import { BILLABLE_KINDS, INFERENCE_OPERATIONS, operationKind, operationName, SPENDING_KINDS } from 'tokmeter/core'
import { bucketAbove, middleSql } from '../store/histogram.js'
import { DIMENSION_NAMES, dimensionOf } from './dimensions.js'
import { InvalidQuestion } from './invalid-question.js'
import { shown } from './time-range.js'

export const QUANTILES = { p50: 0.5, p75: 0.75, p90: 0.9, p95: 0.95, p99: 0.99, p999: 0.999 } as const
export type Percentile = keyof typeof QUANTILES
export const PERCENTILES = Object.keys(QUANTILES) as readonly Percentile[]

export const AGGREGATIONS = ['sum', 'avg', 'count', 'min', 'max', 'rate', 'uniq', ...PERCENTILES] as const
export type Aggregation = (typeof AGGREGATIONS)[number]

/** One number of an answer. */
export type Measure<Field extends string = string, Of extends Aggregation = Aggregation> = {
  readonly field: Field
  readonly aggregation: Of
  /** Of `count`: of values above it alone, in the unit of the field, as far as a histogram tells. @default all that are known */
  readonly above?: number | undefined
}

/** A number as SQL: what it reads, and how. */
export type Expression = {
  readonly sql: string
  /** Columns of the rollups. */
  readonly columns: readonly string[]
  /** Only the raw operations can tell. */
  readonly isRaw: boolean
  /** What it is where there are no operations at all: nothing spent is zero, the mean of nothing is unknown. */
  readonly ofNothing: 0 | null
  /** It is a moment, in epoch milliseconds; of rollups the start of its window. */
  readonly isTime?: true
}

const known = [...INFERENCE_OPERATIONS, ...Object.values(operationName)]
const named = (operations: readonly string[]) => operations.map((name) => `'${name}'`).join(', ')

/** The operations that are one call of a model: what is billed by tokens. */
export const SINGLE_CALLS: readonly string[] = [...new Set(known)].filter((name) =>
  BILLABLE_KINDS.includes(operationKind(name)),
)
export const IS_CALL = `operation IN (${named(SINGLE_CALLS)})`
/** What an agent or a workflow run reports is that of the calls inside it: summed as well it would count twice. */
export const SPENDS = `operation NOT IN (${named([...new Set(known)].filter((name) => !SPENDING_KINDS.includes(operationKind(name))))})`

/** Whether a filter leaves nothing but calls of a model. */
export function isOfCalls(filter: {
  readonly dimension: string
  readonly operator: string
  readonly value: string | readonly string[]
}): boolean {
  const { dimension, operator, value } = filter
  const isOneOf = operator === 'eq' || operator === 'in'
  return dimension === 'operation' && isOneOf && [value].flat().every((name) => SINGLE_CALLS.includes(name))
}

type Distribution = {
  readonly kind: 'distribution' | 'sum'
  readonly column: string
  readonly spends: boolean
  readonly divisor?: number
}
type Field =
  | Distribution
  | { readonly kind: 'count'; readonly column: string; readonly condition?: string }
  | { readonly kind: 'total' | 'error_rate' | 'time' | 'dimension' }

/** What has a histogram in the rollups has least, largest and percentiles. */
const distribution = (column: string, spends = false, divisor = 1): Distribution => ({
  kind: 'distribution',
  column,
  spends,
  divisor,
})
const sum = (column: string, spends = false): Distribution => ({ kind: 'sum', column, spends })

const FIELDS = {
  operations: { kind: 'count', column: 'operations' },
  calls: { kind: 'count', column: 'operations', condition: IS_CALL },
  errors: { kind: 'count', column: 'errors' },
  error_rate: { kind: 'error_rate' },
  duration_ms: distribution('duration_ms'),
  time_to_first_chunk_ms: distribution('time_to_first_chunk_ms'),
  cost_usd: distribution('cost_nano_dollars', true, 1_000_000_000),
  input_tokens: distribution('input_tokens', true),
  output_tokens: distribution('output_tokens', true),
  total_tokens: { kind: 'total' },
  cache_read_tokens: sum('cache_read_tokens', true),
  cache_write_tokens: sum('cache_write_tokens', true),
  reasoning_tokens: sum('reasoning_tokens', true),
  output_chunks: sum('output_chunks'),
  retries: sum('retries'),
  start_time: { kind: 'time' },
} satisfies { readonly [name: string]: Field }
export type FieldName = keyof typeof FIELDS

export const FIELD_NAMES: readonly string[] = Object.keys(FIELDS)
const DISTRIBUTIONS = FIELD_NAMES.filter((name) => fieldOf(name)?.kind === 'distribution')

/** What is measured under a name; undefined where nothing is. */
export function kindOf(name: string): Field['kind'] | undefined {
  return fieldOf(name)?.kind
}

function fieldOf(name: string): Field | undefined {
  return Object.hasOwn(FIELDS, name) ? FIELDS[name as FieldName] : undefined
}

const ALLOWED: { readonly [kind in Field['kind']]: readonly Aggregation[] } = {
  count: ['count', 'sum', 'rate'],
  error_rate: ['avg'],
  time: ['min', 'max'],
  total: ['sum', 'rate'],
  sum: ['sum', 'avg', 'count', 'rate'],
  distribution: ['sum', 'avg', 'count', 'rate', 'min', 'max', ...PERCENTILES],
  dimension: ['uniq'],
}

/** The name of a measure in an answer that nobody gave another. */
export function nameOf({ field, aggregation, above }: Measure): string {
  const limit = above === undefined ? '' : `_above_${String(above).replace(/\W/g, '_')}`
  return `${aggregation}_${field.replace(':', '_')}${limit}`
}

/** What a measure is asked with. */
export type Asked = {
  /** SQL of what a rate is by. */
  readonly seconds: string
  /** Those that are asked together. @default its own */
  readonly percentiles?: readonly Percentile[]
  /** Nothing but calls of a model is asked about: all of it is calls, and spends. @default false */
  readonly ofCalls?: boolean
}

/** The percentiles among some measures. */
export function percentilesOf(measures: readonly Measure[]): readonly Percentile[] {
  return PERCENTILES.filter((percentile) => measures.some(({ aggregation }) => aggregation === percentile))
}

/** The SQL of a measure. Throws InvalidQuestion where nothing is of that name, or has no such number. */
export function expressionOf(at: string, measure: Measure, given: Asked): Expression {
  const { field: name, aggregation, above } = measure
  const { seconds, percentiles = percentilesOf([measure]), ofCalls = false } = given
  const conditional = fieldOf(name)
  const field =
    (ofCalls ? unconditional(conditional) : conditional) ??
    (aggregation === 'uniq' ? ({ kind: 'dimension' } as const) : undefined)
  if (field === undefined) {
    throw new InvalidQuestion(
      `${at}.field`,
      `names nothing that is measured: ${shown(name)}; there are ${FIELD_NAMES.join(', ')}`,
      FIELD_NAMES,
    )
  }
  const allowed = ALLOWED[field.kind]
  if (!allowed.includes(aggregation)) {
    const others = aggregation === 'uniq' ? `; uniq is of a dimension: ${DIMENSION_NAMES.join(', ')}` : ''
    throw new InvalidQuestion(
      `${at}.aggregation`,
      `of ${name} must be one of ${allowed.join(', ')}; got ${aggregation}${others}`,
      allowed,
    )
  }
  if (above !== undefined) {
    if (field.kind === 'distribution' && aggregation === 'count') return countAbove(field, above)
    throw new InvalidQuestion(`${at}.above`, `is for the count of one of ${DISTRIBUTIONS.join(', ')}`, DISTRIBUTIONS)
  }
  switch (field.kind) {
    case 'count': {
      const counted = summed(field.column, field.condition)
      return expression(aggregation === 'rate' ? `${counted} / ${seconds}` : counted, [field.column], 0)
    }
    case 'error_rate':
      return expression('if(sum(operations) = 0, NULL, sum(errors) / sum(operations))', ['errors', 'operations'], null)
    case 'total': {
      const columns = ['input_tokens_sum', 'output_tokens_sum', 'input_tokens_known', 'output_tokens_known']
      const spending = ofCalls ? undefined : SPENDS
      const anyKnown = `${summed('input_tokens_known', spending)} + ${summed('output_tokens_known', spending)}`
      const total = `${summed('input_tokens_sum', spending)} + ${summed('output_tokens_sum', spending)}`
      const unlessUnknown = ofKnown(anyKnown, spending, `toFloat64(${total})`)
      return expression(aggregation === 'rate' ? `${unlessUnknown} / ${seconds}` : unlessUnknown, columns, 0)
    }
    case 'time': {
      const moment = `toUnixTimestamp64Milli(toDateTime64(${aggregation}(time), 3, 'UTC'))`
      return { ...expression(`if(sum(operations) = 0, NULL, ${moment})`, [], null), isTime: true }
    }
    case 'dimension': {
      const { sql, columns, isRaw } = dimensionOf(`${at}.field`, name)
      return { sql: distinctSql(sql, isRaw), columns, isRaw, ofNothing: 0 }
    }
    default:
      return ofDistribution(field, aggregation, { seconds, percentiles })
  }
}

/** What is told of a field where all operations are calls: all that its conditions ask for. */
function unconditional(field: Field | undefined): Field | undefined {
  if (field?.kind === 'count') return { kind: field.kind, column: field.column }
  return field?.kind === 'distribution' || field?.kind === 'sum' ? { ...field, spends: false } : field
}

/**
 * SQL of how many values an expression has. Where it is empty it is unknown, and no value of its own. Exact: a count of users that is nearly
 * right is not. Of identities, which are many, 64 bits are remembered: that two of ten million fall together has a chance of 1 in 370,000,
 * and a month of conversations would not fit into the memory of a question otherwise.
 */
export function distinctSql(expression: string, isRaw: boolean): string {
  return `uniqExactIf(${isRaw ? `sipHash64(${expression})` : expression}, ${expression} != '')`
}

/** How many values are told to be above one: those in the buckets whose middle is. As with percentiles: the p95 is above it where these are more than five in a hundred. */
function countAbove({ column, spends, divisor = 1 }: Distribution, above: number): Expression {
  const histogram = `${column}_histogram`
  const counts = `arraySum((bucket, count) -> if(bucket >= ${bucketAbove(above * divisor)}, count, 0), mapKeys(${histogram}), mapValues(${histogram}))`
  return expression(spends ? `sumIf(${counts}, ${SPENDS})` : `sum(${counts})`, [histogram], 0)
}

function ofDistribution(
  { column, spends, divisor = 1 }: Distribution,
  aggregation: Aggregation,
  { seconds, percentiles }: Required<Pick<Asked, 'seconds' | 'percentiles'>>,
): Expression {
  const condition = spends ? SPENDS : undefined
  const count = summed(`${column}_known`, condition)
  const scaled = (sql: string) => (divisor === 1 ? sql : `${sql} / ${divisor}`)
  const total = scaled(`toFloat64(${summed(`${column}_sum`, condition)})`)
  const columns = [`${column}_known`, `${column}_sum`]
  switch (aggregation) {
    case 'count':
      return expression(count, [`${column}_known`], 0)
    case 'sum':
      return expression(ofKnown(count, condition, total), columns, 0)
    case 'rate':
      return expression(`${ofKnown(count, condition, total)} / ${seconds}`, columns, 0)
    case 'avg':
      return expression(`if(${count} = 0, NULL, ${total} / ${count})`, columns, null)
    case 'min':
    case 'max': {
      const bound =
        condition === undefined
          ? `${aggregation}(${column}_${aggregation})`
          : `${aggregation}If(${column}_${aggregation}, ${condition})`
      return expression(scaled(bound), [`${column}_${aggregation}`], null)
    }
    default:
      return expression(
        scaled(quantileSql(column, condition, percentiles, aggregation as Percentile)),
        [`${column}_known`, `${column}_histogram`],
        null,
      )
  }
}

/** Operations of which nothing is known make a sum that is unknown; no operations at all make none. */
function ofKnown(count: string, condition: string | undefined, total: string): string {
  return `if(${count} = 0 AND ${summed('operations', condition)} > 0, NULL, ${total})`
}

function expression(sql: string, columns: readonly string[], ofNothing: 0 | null): Expression {
  return { sql, columns: [...columns, 'operations'], isRaw: false, ofNothing }
}

export function summed(column: string, condition: string | undefined): string {
  return condition === undefined ? `sum(${column})` : `sumIf(${column}, ${condition})`
}

/**
 * The value of nearest rank in the histograms of a column, told from the middle of its bucket; NULL where nothing was counted. The buckets
 * are weighted by their counts, which takes half the time of adding up the histograms; those asked together come out of one such aggregate.
 */
function quantileSql(
  column: string,
  condition: string | undefined,
  percentiles: readonly Percentile[],
  percentile: Percentile,
): string {
  const histogram = `mapKeys(${column}_histogram), mapValues(${column}_histogram)`
  const levels = percentiles.map((one) => QUANTILES[one]).join(', ')
  const buckets =
    condition === undefined
      ? `quantilesExactWeightedArray(${levels})(${histogram})`
      : `quantilesExactWeightedArrayIf(${levels})(${histogram}, ${condition})`
  const bucket = `${buckets}[${percentiles.indexOf(percentile) + 1}]`
  return `if(${summed(`${column}_known`, condition)} = 0, NULL, ${middleSql(bucket)})`
}
