/** Who asks: questions to the store at one moment, for the routes and for whatever looks at the store by itself. */
import type { Parameters } from '../store/engine.js'
import {
  type Answer,
  type Askable,
  ask,
  askApart,
  askColumns,
  askRows,
  type Breakdowns,
  type Columns,
  run,
} from './ask.js'
import type { Row } from './columns.js'
import type { AskedMeasure, Question } from './question.js'
import type { Tables } from './sources.js'
import type { KeptDays } from './tier-cover.js'
import type { Granularity } from './time-range.js'

export type Asker = Tables & {
  /** Answers a question. */
  ask<Measures extends readonly AskedMeasure[], Dimension extends string, Interval extends Granularity | undefined>(
    question: Question<Measures, Dimension, Interval>,
  ): Promise<Answer<Row<Measures, Dimension, Interval>>>
  /** Its answer but for the coverage, which takes half the work: for who knows it, or has no use for it. */
  rows<Measures extends readonly AskedMeasure[], Dimension extends string, Interval extends Granularity | undefined>(
    question: Question<Measures, Dimension, Interval>,
  ): Promise<Omit<Answer<Row<Measures, Dimension, Interval>>, 'coverage'>>
  /** A series by its columns, without windows that have no operations. */
  columns(question: Question): Promise<Columns>
  /** By each dimension of `groupBy` by itself, and in total. */
  apart<Measures extends readonly AskedMeasure[], Dimension extends string>(
    question: Question<Measures, Dimension, undefined>,
  ): Promise<Breakdowns<Measures, Dimension>>
  /** Rows of a SELECT on the store itself. */
  query<Row>(sql: string, parameters: Parameters): Promise<Row[]>
  /** Epoch milliseconds: one moment for all of an answer. */
  readonly now: number
  /** Days each tier is kept. */
  readonly kept: KeptDays
}

export type AskerOptions = Pick<Asker, 'kept' | 'now'> & {
  /** Never what the engine kept from before. @default false */
  readonly isFresh?: boolean
  /** When it is aborted nobody waits for answers any more. */
  readonly signal?: AbortSignal | undefined
  /** Whoever asks gives way to what comes in. @default false */
  readonly canWait?: boolean
}

export function createAsker(given: Askable, { signal, canWait = false, ...place }: AskerOptions): Asker {
  const store: Askable = {
    query: (sql, parameters, options) => given.query(sql, parameters, { ...options, signal, canWait }),
    parts: given.parts,
    table: (name) => given.table(name),
    mainSince: given.mainSince,
  }
  return {
    // The engine answers what was asked: rows are of the types that the question says they are.
    ask: (question) => ask(question, store, place) as never,
    rows: (question) => askRows(question, store, place) as never,
    columns: (question) => askColumns(question, store, place),
    apart: (question) => askApart(question, store, place) as never,
    query: (sql, bound) => run(store, sql, bound),
    table: (name) => store.table(name),
    mainSince: store.mainSince,
    ...place,
  }
}
