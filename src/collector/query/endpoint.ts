/** What a question of the API is: its path, its schemas, and how it is answered. Routes, validation and the OpenAPI document derive from it. */
import type * as z from 'zod'
import type { Answered } from './answering.js'
import type { Answer } from './ask.js'
import type { Asker } from './asker.js'
import { type Aggregation, type Measure, SINGLE_CALLS } from './measures.js'
import type { Question } from './question.js'

export type { Asker } from './asker.js'

export type Endpoint<Schema extends z.ZodType = z.ZodType, Path extends z.ZodType = z.ZodType> = {
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
  /** What is answered, for the OpenAPI document. @default an answer with its window and coverage */
  readonly response?: z.ZodType
  readonly answer: (parameters: z.output<Schema> & z.output<Path>, asker: Asker) => Promise<Answered>
}

/** As it is, its types checked together. */
export function endpoint<Schema extends z.ZodType, Path extends z.ZodType = z.ZodType<unknown>>(
  given: Endpoint<Schema, Path>,
): Endpoint {
  return given as unknown as Endpoint
}

/** A question of one number for each group, without more ado. */
export function questionOf(fields: Pick<Question, 'range' | 'measures'> & Partial<Question>): Question {
  return { groupBy: [], filters: [], having: [], limit: 10_000, offset: 0, ...fields }
}

/** A measure by the name it has in the answer. */
export function measure(alias: string, field: string, aggregation: Aggregation): Measure & { readonly alias: string } {
  return { alias, field, aggregation }
}

/** What stands at the head of every answer. */
export function headOf({ window, coverage, percentile_error }: Answer) {
  return { window, coverage, ...(percentile_error !== undefined && { percentile_error }) }
}

/** The share of operations that did not fail; null where there were none. */
export function successRate(errorRate: unknown): number | null {
  return typeof errorRate === 'number' ? 1 - errorRate : null
}

/** One number by another; null where either is unknown, or there is nothing to divide by. */
export function ratio(value: unknown, by: unknown): number | null {
  return typeof value === 'number' && typeof by === 'number' && by > 0 ? value / by : null
}

/** As what is asked where nobody says of which operations: calls of a model. Agents and workflows last as long as all the calls inside them. */
export function ofCalls<Given extends { readonly operation?: string | string[] | undefined }>(given: Given): Given {
  return { ...given, operation: given.operation ?? [...SINGLE_CALLS] }
}
