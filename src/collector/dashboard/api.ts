/** Asks the collector: requests that can be shown and exported, their answers typed by what was asked, errors in words. */
import type { Coverage } from '../query/head.js'
import type { Aggregation } from '../query/measures.js'
import type { Filter, Having, Order } from '../query/question.js'
import type { Granularity } from '../query/time-range.js'
import type { Filters } from './address.js'
import type { Span } from './range.js'

export type { Coverage } from '../query/head.js'
export type { Granularity } from '../query/time-range.js'

/** A question to the API, and what its answer is. */
export type Request<Answer> = {
  readonly path: string
  readonly parameters?: URLSearchParams
  /** It is a POST where there is one. */
  readonly body?: object
  /** Never there: it carries the type. */
  readonly answer?: Answer
}

/** Names of numbers, and what each is of: `{ cost: ['cost_usd', 'sum'] }`. */
export type Measures = { readonly [alias: string]: readonly [field: string, aggregation: Aggregation] }

/** A row of an answer: its numbers by their names, null where unknown, and its dimensions. */
export type Row<M extends Measures> = { readonly [alias in keyof M]: number | null } & { readonly time: string } & {
  readonly of: readonly string[]
}

export type Table<M extends Measures> = {
  readonly window: { readonly start_time: string; readonly end_time: string; readonly interval?: Granularity }
  readonly coverage: Coverage
  readonly percentile_error?: number
  readonly rows: readonly Row<M>[]
  readonly has_more: boolean
}

export type Question<M extends Measures> = {
  readonly span: Span
  readonly filters: Filters
  readonly metrics: M
  readonly groupBy?: readonly string[]
  readonly interval?: Granularity
  /** Beside those of the address. */
  readonly where?: readonly Filter[]
  readonly having?: readonly (Omit<Having, 'measure'> & { readonly metric: string })[]
  readonly order?: Order
  readonly limit?: number
}

/** Something the collector would not or could not answer. `status` 0: it was not there. */
export class Unanswered extends Error {
  override readonly name = 'Unanswered'

  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message)
  }
}

const API = './api/v1'

/** Parameters of a question by GET. */
export function parametersOf(span: Span, filters: Filters, others: { readonly [name: string]: string } = {}) {
  const parameters = new URLSearchParams({
    start_time: new Date(span.start).toISOString(),
    end_time: new Date(span.end).toISOString(),
  })
  for (const [name, values] of Object.entries(filters)) for (const value of values) parameters.append(name, value)
  for (const [name, value] of Object.entries(others)) parameters.set(name, value)
  return parameters
}

/** The request of a question of numbers. */
export function request<M extends Measures>(question: Question<M>): Request<Table<M>> {
  const { span, filters, metrics, groupBy = [], interval, where = [], having = [], order, limit } = question
  return {
    path: '/query',
    body: {
      start_time: new Date(span.start).toISOString(),
      end_time: new Date(span.end).toISOString(),
      metrics: Object.entries(metrics).map(([alias, [field, aggregation]]) => ({ field, aggregation, alias })),
      ...(interval && { interval }),
      ...(groupBy.length > 0 && { group_by: groupBy }),
      filters: [
        ...Object.entries(filters).map(([dimension, value]) => ({ dimension, operator: 'in', value })),
        ...where,
      ],
      ...(having.length > 0 && { having }),
      ...(order && { order }),
      limit: limit ?? 10_000,
    },
  }
}

export function urlOf({ path, parameters }: Request<unknown>): string {
  return `${API}${path}${parameters === undefined ? '' : `?${parameters}`}`
}

/** Told when the collector wants to know who asks. */
let onUnauthorised: () => void = () => {}
export function whenUnauthorised(listener: () => void): void {
  onUnauthorised = listener
}

/** Asks, and gives the response when it is a good one. Throws Unanswered. */
export async function send(asked: Request<unknown>, accept: string, init: RequestInit = {}): Promise<Response> {
  const { body } = asked
  let response: Response
  try {
    response = await fetch(urlOf(asked), {
      credentials: 'same-origin',
      ...init,
      ...(body && { method: 'POST', body: JSON.stringify(body) }),
      headers: { accept, ...(body && { 'content-type': 'application/json' }) },
    })
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw new Unanswered(0, 'The collector cannot be reached. It may be stopped, or restarting.')
  }
  if (response.ok) return response
  if (response.status === 401) onUnauthorised()
  throw new Unanswered(response.status, await messageOf(response))
}

async function messageOf(response: Response): Promise<string> {
  try {
    const { error } = (await response.json()) as { error: { message: string } }
    return error.message
  } catch {
    return `The collector answered with status ${response.status}.`
  }
}

/** The answer of a request. Rows of a question have their dimensions as `of`, in the order they were asked for. */
export async function answerOf<Answer>(asked: Request<Answer>, signal?: AbortSignal): Promise<Answer> {
  const response = await send(asked, 'application/json', signal ? { signal } : {})
  const answer = (await response.json()) as { rows?: { [column: string]: unknown }[] }
  const groupBy = (asked.body as { group_by?: string[] } | undefined)?.group_by ?? []
  if (asked.path === '/query') for (const row of answer.rows!) row['of'] = groupBy.map((name) => row[name])
  return answer as Answer
}
