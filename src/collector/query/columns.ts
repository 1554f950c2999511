/** Columns of answers, derived from the measures they are asked by: of each its type and its schema, with what it is, in which unit, and whether it may be unknown. */
import * as z from 'zod'
import { MOMENT } from './head.js'
import { type Aggregation, type FieldName, kindOf, type Measure } from './measures.js'
import type { AskedMeasure } from './question.js'
import type { Granularity } from './time-range.js'

export type Cell = string | number | null

/** A measure by the name it has in the answer. */
export type NamedMeasure<
  Alias extends string = string,
  Field extends string = string,
  Of extends Aggregation = Aggregation,
> = Measure<Field, Of> & { readonly alias: Alias }

export function measure<const Alias extends string, const Field extends string, const Of extends Aggregation>(
  alias: Alias,
  field: Field,
  aggregation: Of,
): NamedMeasure<Alias, Field, Of> {
  return { alias, field, aggregation }
}

/** What is counted is never unknown. */
type Counted = 'operations' | 'calls' | 'errors'

type CellOf<Field extends string, Of extends Aggregation> = string extends Field
  ? Cell
  : Of extends 'count' | 'uniq'
    ? number
    : Field extends 'start_time'
      ? string | null
      : Field extends Counted
        ? number
        : number | null

/** A row of an answer: its dimensions, its numbers by their aliases, and its window where it is of a series. */
export type Row<
  Measures extends readonly AskedMeasure[] = readonly AskedMeasure[],
  Dimension extends string = string,
  Interval extends Granularity | undefined = Granularity | undefined,
> = { readonly [Name in Dimension]: string extends Name ? Cell : string } & {
  readonly [One in Measures[number] as One['alias'] & string]: CellOf<One['field'], One['aggregation']>
} & (Interval extends Granularity ? { readonly time: string } : unknown)

type Columns<Measures extends readonly NamedMeasure[]> = {
  [One in Measures[number] as One['alias']]: z.ZodType<CellOf<One['field'], One['aggregation']>>
}

/** The shape of rows with these numbers. */
export function columnsOf<const Measures extends readonly NamedMeasure[]>(measures: Measures): Columns<Measures> {
  return Object.fromEntries(measures.map((one) => [one.alias, columnOf(one)])) as Columns<Measures>
}

/** What is counted is a whole number; of all else it may be that nothing is known. */
function columnOf({ field, aggregation }: Measure): z.ZodType {
  const kind = kindOf(field)
  const what = kind === undefined ? `different values of ${field}` : described(field as FieldName, aggregation)
  if (aggregation === 'count' || aggregation === 'uniq') return z.int().describe(what)
  const schema = kind === 'time' ? MOMENT : z.number()
  if (kind === 'count') return schema.describe(what)
  return schema.nullable().describe(`${what}; null where nothing is known of it`)
}

const MEANINGS: { readonly [field in FieldName]: string } = {
  operations: 'operations that are asked about',
  calls: 'calls of a model',
  errors: 'operations that failed',
  error_rate: 'share of operations that failed',
  duration_ms: 'duration in milliseconds',
  time_to_first_chunk_ms: 'time to the first chunk in milliseconds',
  cost_usd: 'known cost in US dollars',
  input_tokens: 'input tokens, cached ones among them',
  output_tokens: 'output tokens, reasoning ones among them',
  total_tokens: 'input and output tokens',
  cache_read_tokens: 'input tokens read from a cache',
  cache_write_tokens: 'input tokens written to a cache',
  reasoning_tokens: 'output tokens of reasoning',
  output_chunks: 'chunks of streamed answers',
  retries: 'HTTP attempts beyond the first',
  start_time: 'start of an operation',
}

/** What each field is, for whoever asks by its name. */
export const FIELD_MEANINGS: readonly (readonly [field: string, meaning: string])[] = Object.entries(MEANINGS)

function described(field: FieldName, aggregation: Aggregation): string {
  const what = MEANINGS[field]
  const kind = kindOf(field)
  switch (aggregation) {
    case 'count':
      return kind === 'count' ? what : `operations of which is known: ${what}`
    case 'sum':
      return what
    case 'rate':
      return `${what}, a second`
    case 'avg':
      return kind === 'error_rate' ? what : `mean ${what}`
    case 'min':
      return `${kind === 'time' ? 'first' : 'least'} ${what}`
    case 'max':
      return `${kind === 'time' ? 'last' : 'largest'} ${what}`
    default:
      return `${aggregation} of the ${what}`
  }
}
