/** What a question of the API is: its path, its schemas, and how it is answered. Routes, validation and the OpenAPI document derive from it. */
import type * as z from 'zod'
import type { Answered } from './answering.js'
import type { Asker } from './asker.js'
import { SINGLE_CALLS } from './measures.js'
import type { AskedMeasure, Question } from './question.js'
import type { Granularity } from './time-range.js'

export type { Asker } from './asker.js'
export { columnsOf, measure } from './columns.js'

/** What is answered by a schema; nothing of it is changed any more. */
export type Told<Value> = Value extends object ? { readonly [Field in keyof Value]: Told<Value[Field]> } : Value

export type EndpointOf<
  Schema extends z.ZodType = z.ZodType,
  Response extends z.ZodType = z.ZodType,
  Path extends z.ZodType = z.ZodType,
> = {
  /** A PUT or a DELETE changes something: what it answers is nobody else's, and never kept. */
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Below `/api/v1`; `{name}` is a parameter of the path. */
  readonly path: string
  readonly summary: string
  /** What a token has to allow. @default 'read' */
  readonly scope?: 'read' | 'admin'
  /** The list of the answer that stands for it where rows are wanted: as CSV, or as lines of JSON. @default the answer is one row */
  readonly table?: string
  /** Made anew for everybody who asks: it tells of more than operations, and what it tells may change at any moment. */
  readonly isFresh?: true
  /** Of the query string of a GET or DELETE, of the body of a POST or PUT. */
  readonly parameters: Schema
  /** Of the path: an object of texts. */
  readonly pathParameters?: Path
  /** What is answered: every field, and none besides. */
  readonly response: Response
  readonly answer: (
    parameters: z.output<Schema> & z.output<Path>,
    asker: Asker,
  ) => Promise<NoInfer<Told<z.output<Response>>>>
}

/** An endpoint of any schemas, as routes know it. */
export type Endpoint = Omit<EndpointOf, 'answer'> & {
  readonly answer: (parameters: unknown, asker: Asker) => Promise<Answered>
}

/** As it is, its types checked together. */
export function endpoint<
  Schema extends z.ZodType,
  Response extends z.ZodType,
  Path extends z.ZodType = z.ZodType<unknown>,
>(given: EndpointOf<Schema, Response, Path>): Endpoint {
  return given as unknown as Endpoint
}

/** A question of one number for each group, without more ado. */
export function questionOf<
  const Measures extends readonly AskedMeasure[],
  const Dimension extends string = never,
  const Interval extends Granularity | undefined = undefined,
>(
  fields: Pick<Question<Measures, Dimension, Interval>, 'range' | 'measures'> &
    Partial<Question<Measures, Dimension, Interval>>,
): Question<Measures, Dimension, Interval> {
  return { groupBy: [], filters: [], having: [], limit: 10_000, offset: 0, ...fields }
}

/** The share of operations that did not fail; null where there were none. */
export function successRate(errorRate: number | null): number | null {
  return errorRate === null ? null : 1 - errorRate
}

/** One number by another; null where either is unknown, or there is nothing to divide by. */
export function ratio(value: number | null, by: number | null): number | null {
  return value !== null && by !== null && by > 0 ? value / by : null
}

/** As what is asked where nobody says of which operations: calls of a model. Agents and workflows last as long as all the calls inside them. */
export function ofCalls<Given extends { readonly operation?: string | string[] | undefined }>(given: Given): Given {
  return { ...given, operation: given.operation ?? [...SINGLE_CALLS] }
}
