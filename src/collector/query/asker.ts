/** Who asks: questions to the store at one moment, for the routes and for whatever looks at the store by itself. */
import type { Parameters } from '../store/engine.js'
import { type Answer, type Askable, ask, askApart, askRows, type Breakdowns, run } from './ask.js'
import type { Question } from './question.js'
import type { Tables } from './sources.js'
import type { KeptDays } from './tier-cover.js'

export type Asker = Tables & {
  /** Answers a question. */
  ask(question: Question): Promise<Answer>
  /** Its answer but for the coverage, which takes half the work: for who knows it, or has no use for it. */
  rows(question: Question): Promise<Omit<Answer, 'coverage'>>
  /** By each dimension of `groupBy` by itself, and in total. */
  apart(question: Question): Promise<Breakdowns>
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
  readonly signal?: AbortSignal
}

export function createAsker(given: Askable, { signal, ...place }: AskerOptions): Asker {
  const store: Askable =
    signal === undefined
      ? given
      : {
          query: (sql, parameters, options) => given.query(sql, parameters, { ...options, signal }),
          table: (name) => given.table(name),
          mainSince: given.mainSince,
        }
  return {
    ask: (question) => ask(question, store, place),
    rows: (question) => askRows(question, store, place),
    apart: (question) => askApart(question, store, place),
    query: (sql, bound) => run(store, sql, bound),
    table: (name) => store.table(name),
    mainSince: store.mainSince,
    ...place,
  }
}
