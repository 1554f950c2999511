/** What a question of the API is: its path, its schemas, and how it is answered. Routes, validation and the OpenAPI document derive from it. */
import type * as z from 'zod'
import type { Answer } from './ask.js'
import type { Question } from './question.js'

export type Asker = {
  /** Answers a question. */
  ask(question: Question): Promise<Answer>
  /** Epoch milliseconds: one moment for all of an answer. */
  readonly now: number
}

export type Endpoint<Parameters extends z.ZodType = z.ZodType> = {
  readonly method: 'GET' | 'POST'
  /** Below `/api/v1`. */
  readonly path: string
  readonly summary: string
  /** Of the query string of a GET, of the body of a POST. */
  readonly parameters: Parameters
  readonly answer: (parameters: z.output<Parameters>, asker: Asker) => Promise<object>
}

/** As it is, its types checked together. */
export function endpoint<Parameters extends z.ZodType>(given: Endpoint<Parameters>): Endpoint {
  return given as unknown as Endpoint
}

/** A question of one number for each group, without more ado. */
export function questionOf(fields: Pick<Question, 'range' | 'measures'> & Partial<Question>): Question {
  return { groupBy: [], filters: [], having: [], limit: 10_000, offset: 0, ...fields }
}
