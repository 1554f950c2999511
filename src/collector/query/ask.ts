/** Asks a question and shapes what comes back: windows filled, names as they were given, and how much of it is known. */
import type { Parameters, QueryOptions, Settings } from '../store/engine.js'
import { RELATIVE_ERROR } from '../store/histogram.js'
import { BusyError } from '../store/turns.js'
import { lifetimeOf } from './answer-cache.js'
import type { Cell, Row as RowOf } from './columns.js'
import { coverageOf } from './coverage.js'
import { type Coverage, type Head, type WrittenWindow, windowOf } from './head.js'
import { InvalidQuestion } from './invalid-question.js'
import { percentilesOf } from './measures.js'
import {
  type AskedMeasure,
  type Compiled,
  type CompileOptions,
  compile,
  type Place,
  type Question,
} from './question.js'
import {
  cellOf,
  type GroupColumns,
  groupColumns,
  groupOf,
  partsOf,
  type Row,
  SERIES_ROWS,
  seriesPage,
} from './series.js'
import type { Tables } from './sources.js'
import type { Granularity } from './time-range.js'

/** What is wanted of the store. */
export type Askable = Tables & {
  query<Row>(sql: string, parameters?: Parameters, options?: QueryOptions): Promise<Row[]>
  /** In how many parts a question is asked that takes long to merge. @default 1 */
  readonly parts?: number | undefined
}

export type Answer<Row = { readonly [column: string]: Cell }> = {
  /** What is answered: whole windows, so it may be wider than what was asked for. */
  readonly window: WrittenWindow & { readonly interval?: Granularity }
  /** Where from: a rollup's percentiles are those of histograms. */
  readonly source: 'rollups' | 'operations'
  /** Of the calls of a model in the window. */
  readonly coverage: Coverage
  /** Largest relative error of a percentile, where there are any. */
  readonly percentile_error?: number
  readonly columns: readonly string[]
  readonly rows: readonly Row[]
  /** There are more rows: ask again with a larger offset. */
  readonly has_more: boolean
}

/** The engine was stopped: the answer would have taken too long. */
export class QuestionTimeout extends Error {
  override readonly name = 'QuestionTimeout'
}

/** Too many questions wait already: the same may be answered later. */
export class QuestionRefused extends Error {
  override readonly name = 'QuestionRefused'
}

const MAX_EXECUTION_SECONDS = 30

type Where = Omit<Place, keyof Tables> & {
  /** Never what the engine kept from before. */
  readonly isFresh?: boolean
}

/** Throws InvalidQuestion for what cannot be answered, and QuestionTimeout for what takes longer than half a minute. */
export async function ask(question: Question, store: Askable, place: Where): Promise<Answer> {
  const compiled = compiledFor(question, store, place)
  const { coverageSql, parameters } = compiled
  const [rows, [covered]] = await Promise.all([
    runInParts(store, compiled, question, place),
    coverageSql === undefined ? [] : run<Row>(store, coverageSql, parameters, keepingOf(compiled, place)),
  ])
  return { ...answerOf(question, compiled, rows), coverage: coverageOf(covered === undefined ? rows : [covered]) }
}

/** Without the coverage, which who asks several questions of the same operations needs once. */
export async function askRows(question: Question, store: Askable, place: Where): Promise<Omit<Answer, 'coverage'>> {
  const options = { covered: false }
  const compiled = compiledFor(question, store, place, options)
  return answerOf(question, compiled, await runInParts(store, compiled, question, place, options))
}

/** A series by its columns; without groups that have no operations. */
export type Columns = Head & { readonly groups: readonly GroupColumns[] }

/** A series as it comes from the engine, for who judges tens of thousands of windows: not filled, and no row made of each. */
export async function askColumns(question: Question, store: Askable, place: Where): Promise<Columns> {
  const compiled = compiledFor(question, store, place)
  const rows = await runCompiled(store, compiled, question, place)
  return {
    window: windowOf(compiled.range),
    coverage: coverageOf(rows),
    groups: rows.map((row) => groupColumns(row, compiled)).filter(({ times }) => times.length > 0),
  }
}

export type Breakdowns<
  Measures extends readonly AskedMeasure[] = readonly AskedMeasure[],
  Dimension extends string = string,
> = {
  /** Of everything that was asked about. */
  readonly total: Answer<RowOf<Measures, never, undefined>>
  /** By each dimension, as many rows as the question is limited to. */
  readonly by: { readonly [Name in Dimension]: Omit<Answer<RowOf<Measures, Name, undefined>>, 'coverage'> }
}

/** The same numbers by each of the dimensions of `groupBy` by itself, and in total: what is read is read once. */
export async function askApart(question: Question, store: Askable, place: Where): Promise<Breakdowns> {
  const compiled = compiledFor(question, store, place, { apart: true })
  const rows = await runCompiled(store, compiled, question, place)
  const { groupBy } = question
  /** The rows of one set, as if it had been asked for alone. */
  const of = (set: number, dimensions: readonly string[]) => {
    const own = rows
      .filter((row) => row['set'] === set)
      .map((row) => ({ ...row, 'group 0': row[`group ${set}`] ?? '' }))
    return answerOf({ ...question, groupBy: dimensions }, { ...compiled, dimensions }, own)
  }
  const whole = rows.find((row) => row['set'] === groupBy.length)
  const total = of(groupBy.length, [])
  // With sets the engine has no row for nothing.
  const ofNothing = Object.fromEntries(compiled.measures.map((measure) => [measure.name, measure.ofNothing]))
  return {
    total: {
      ...total,
      rows: whole === undefined ? [ofNothing] : total.rows,
      coverage: coverageOf(whole === undefined ? [] : [whole]),
    },
    by: Object.fromEntries(groupBy.map((dimension, index) => [dimension, of(index, [dimension])])),
  }
}

function compiledFor(question: Question, store: Askable, place: Where, options?: CompileOptions): Compiled {
  return compile(question, { ...place, table: (name) => store.table(name), mainSince: store.mainSince }, options)
}

function answerOf(question: Question, compiled: Compiled, rows: readonly Row[]): Omit<Answer, 'coverage'> {
  const { limit } = question
  const { page, hasMore } =
    question.interval === undefined
      ? { page: rows.slice(0, limit).map((row) => shape(row, compiled)), hasMore: rows.length > limit }
      : seriesPage(question, question.interval, compiled, rows)
  return {
    window: { ...windowOf(compiled.range), ...(question.interval !== undefined && { interval: question.interval }) },
    source: compiled.source,
    ...(hasPercentiles(question) && { percentile_error: RELATIVE_ERROR }),
    columns: [
      ...(question.interval === undefined ? [] : ['time']),
      ...compiled.dimensions,
      ...compiled.measures.map(({ name }) => name),
    ],
    rows: page,
    has_more: hasMore,
  }
}

const hasPercentiles = ({ measures }: Question) => percentilesOf(measures).length > 0

/**
 * From so many bytes of groups on the engine splits what its threads have made into parts that they merge side by side. Histograms are
 * large long before they are many, and to split them takes as long again as to make them: they are split when they are many.
 */
const OF_PERCENTILES = { group_by_two_level_threshold_bytes: 0 }

/** Rollups hold sums alone, which a server may keep as long as the answer is: what is to be forgotten is in none of them. */
function keepingOf({ source, range }: Compiled, { isFresh, now }: Where): Pick<QueryOptions, 'cacheSeconds'> {
  return source === 'rollups' && isFresh !== true ? { cacheSeconds: lifetimeOf(range, now) / 1000 } : {}
}

function runCompiled(store: Askable, compiled: Compiled, question: Question, where: Where, settings: Settings = {}) {
  return run<Row>(store, compiled.sql, compiled.parameters, {
    ...keepingOf(compiled, where),
    isBinary: question.interval !== undefined,
    settings: { ...(hasPercentiles(question) && OF_PERCENTILES), ...settings },
  })
}

/**
 * Of a long series of percentiles of groups, parts of its range side by side: of thousands of histograms, a third of the work is to merge what
 * two threads counted of each, and no part has a window of another. A group may have a row in each part.
 */
async function runInParts(
  store: Askable,
  compiled: Compiled,
  question: Question,
  where: Where,
  options?: CompileOptions,
): Promise<readonly Row[]> {
  const { interval, movingMs, groupBy } = question
  const isLong = interval !== undefined && movingMs === undefined && groupBy.length > 0 && hasPercentiles(question)
  const parts = isLong ? partsOf(compiled.range, interval, store.parts ?? 1) : []
  if (parts.length < 2) return runCompiled(store, compiled, question, where)
  const rows = parts.map((range) => {
    const part = compiledFor({ ...question, range }, store, where, options)
    return runCompiled(store, part, question, where, { max_threads: 1 })
  })
  return (await Promise.all(rows)).flat()
}

/** Rows of a SELECT, bounded in time, memory and rows. Throws QuestionTimeout, InvalidQuestion or QuestionRefused where it would take more. */
export async function run<T>(
  store: Askable,
  sql: string,
  parameters: Parameters,
  options: Pick<QueryOptions, 'cacheSeconds' | 'isBinary' | 'settings'> = {},
): Promise<T[]> {
  const settings: Settings = { max_result_rows: SERIES_ROWS + 1, result_overflow_mode: 'throw', ...options.settings }
  try {
    return await store.query<T>(sql, parameters, { ...options, maxExecutionSeconds: MAX_EXECUTION_SECONDS, settings })
  } catch (error) {
    if (error instanceof BusyError) throw new QuestionRefused(error.message, { cause: error })
    const message = error instanceof Error ? error.message : String(error)
    if (/TIMEOUT_EXCEEDED|Code: 159\b/.test(message))
      throw new QuestionTimeout(
        `the answer takes longer than ${MAX_EXECUTION_SECONDS} seconds: ask for a shorter range`,
        { cause: error },
      )
    if (/MEMORY_LIMIT_EXCEEDED|Code: 241\b/.test(message))
      throw new InvalidQuestion(
        'group_by',
        'makes more groups than there is memory for: ask for a shorter range or fewer dimensions',
      )
    throw error
  }
}

/** The row of a group, with its numbers. */
function shape(row: Row, compiled: Compiled): { [column: string]: Cell } {
  const shaped = groupOf(row, compiled)
  for (const [index, measure] of compiled.measures.entries())
    shaped[measure.name] = cellOf(measure, row[`measure ${index}`] as Cell)
  return shaped
}
