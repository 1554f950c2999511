/** The parameters that every question by GET has, as they are validated and described, and what they mean. */
import * as z from 'zod'
import type { Asker } from './asker.js'
import { dimensionOf } from './dimensions.js'
import { InvalidQuestion } from './invalid-question.js'
import type { Filter, Question } from './question.js'
import { narrowestKept } from './tier-cover.js'
import { GRANULARITIES, granularityFor, rangeOf, shown, WINDOW_MS } from './time-range.js'

/** Characters of a value that is compared with. */
const TEXT_LIMIT = 1000
const text = z.string().max(TEXT_LIMIT)

/** One value, or several of which one has to match. */
const values = (description: string) =>
  z
    .union([text, z.array(text).min(1).max(100)])
    .optional()
    .describe(description)
const time = (description: string) => z.string().max(40).optional().describe(description)

export const RANGE_PARAMETERS = {
  start_time: time(
    'first moment: ISO 8601 (UTC where it has no zone), or seconds since 1970; default: a day before end_time',
  ),
  end_time: time('first moment after; default: now'),
  last: z
    .string()
    .max(20)
    .optional()
    .describe('instead of start_time: how long before end_time, such as 15m, 24h, 7d, 2w'),
}

export const FILTER_PARAMETERS = {
  provider: values('only of these providers'),
  model: values('only of these models'),
  environment: values('only of these environments'),
  service: values('only of these services'),
  operation: values('only of these operations: chat, embeddings, execute_tool, …'),
  agent: values('only of these agents'),
  user_id: values('only of these users, hashed as stored'),
  tag: values('only with these tags, each as key:value; of several values of one key one has to match'),
}
export type GivenFilters = { readonly [name in keyof typeof FILTER_PARAMETERS]?: string | string[] | undefined }

const { user_id: _, tag: __, ...rollupFilters } = FILTER_PARAMETERS
/** Of what the rollups know: identities and tags are forgotten with the operations themselves. */
export const ROLLUP_FILTER_PARAMETERS = rollupFilters

export const COMMON_PARAMETERS = {
  ...RANGE_PARAMETERS,
  ...FILTER_PARAMETERS,
  granularity: z
    .enum(GRANULARITIES)
    .optional()
    .describe(
      'windows of the series; default by the length of the range: a few hundred, as wide as those that are kept for so long',
    ),
}

/** A whole number in a query string. */
export const wholeNumber = (least: number, most: number, otherwise: number, description: string) =>
  z.coerce.number().int().min(least).max(most).default(otherwise).describe(description)

const common = z.strictObject(COMMON_PARAMETERS)
export type CommonParameters = z.output<typeof common>

/** What a question is about, by the common parameters. */
export type Subject = Pick<Question, 'range' | 'filters'>

export function subjectOf(given: Omit<CommonParameters, 'granularity'>, now: number): Subject {
  return { range: rangeOf(given, now), filters: filtersOf(given) }
}

/** The same of a series. Where nobody chose one its windows are no narrower than those that are kept for so long. */
export function seriesOf(given: CommonParameters, { now, kept }: Pick<Asker, 'now' | 'kept'>) {
  const { range, filters } = subjectOf(given, now)
  const [suited, narrowest] = [granularityFor(range), narrowestKept(range, kept, now)]
  const granularity = given.granularity ?? (WINDOW_MS[suited] < WINDOW_MS[narrowest] ? narrowest : suited)
  return { range, filters, granularity }
}

/** One value of a dimension or more, of which one has to match. */
export type ValueFilter = Filter & { readonly operator: 'in'; readonly value: readonly string[] }

export function filtersOf({ tag, ...given }: GivenFilters): ValueFilter[] {
  const dimensions = new Map<string, string[]>()
  for (const [dimension, value] of Object.entries(given))
    if (value !== undefined && dimension in FILTER_PARAMETERS) dimensions.set(dimension, [value].flat())
  for (const pair of tag === undefined ? [] : [tag].flat()) {
    const [, key, value] = /^([^:]*):(.*)$/s.exec(pair) ?? []
    if (key === undefined || value === undefined)
      throw new InvalidQuestion('tag', `must be a key and a value, such as team:search; got ${shown(pair)}`)
    const { name } = dimensionOf('tag', `tag:${key}`)
    dimensions.set(name, [...(dimensions.get(name) ?? []), value])
  }
  return [...dimensions].map(([dimension, value]) => ({ dimension, operator: 'in', value }))
}
