/** The general question: which numbers, of which operations, told apart by what. Compiled to one SELECT whose every name is from a list and whose every value is bound. */
import type { Parameters } from '../store/engine.js'
import { COVERAGE_COLUMNS, coverageSql } from './coverage.js'
import { type Dimension, dimensionOf } from './dimensions.js'
import { InvalidQuestion } from './invalid-question.js'
import {
  AGGREGATIONS,
  type Expression,
  expressionOf,
  isOfCalls,
  type Measure,
  nameOf,
  percentilesOf,
} from './measures.js'
import { checkMoving, lookedBack, movingSql } from './moving.js'
import { SERIES_ROWS, seriesSql } from './series.js'
import { type Condition, fromRaw, fromRollups, type Tables } from './sources.js'
import { coverOf, type KeptDays } from './tier-cover.js'
import { type Granularity, shown, type TimeRange, WINDOW_MS, windowStart } from './time-range.js'

export const FILTER_OPERATORS = ['eq', 'ne', 'in', 'not_in', 'prefix'] as const
export const HAVING_OPERATORS = ['gt', 'gte', 'lt', 'lte'] as const

export type Filter = {
  readonly dimension: string
  readonly operator: (typeof FILTER_OPERATORS)[number]
  /** A list for `in` and `not_in`. The empty text stands for what is unknown. */
  readonly value: string | readonly string[]
}

/** On a measure by its name in the answer. */
export type Having = {
  readonly measure: string
  readonly operator: (typeof HAVING_OPERATORS)[number]
  readonly value: number
}

export type Order = { readonly by: string; readonly direction: 'asc' | 'desc' }

export type AskedMeasure = Measure & { readonly alias?: string | undefined }

/** What its types say of measures and dimensions, the rows of its answer are typed by. */
export type Question<
  Measures extends readonly AskedMeasure[] = readonly AskedMeasure[],
  Dimension extends string = string,
  Interval extends Granularity | undefined = Granularity | undefined,
> = {
  readonly range: TimeRange
  /** Windows of a series; none: one number for the whole range. */
  readonly interval?: Interval | undefined
  /** Milliseconds up to the end of each window of a series that its numbers are of. @default those of the window alone */
  readonly movingMs?: number | undefined
  readonly measures: Measures
  readonly groupBy: readonly Dimension[]
  readonly filters: readonly Filter[]
  readonly having: readonly Having[]
  /** @default largest of the first measure first; a series is in the order of time */
  readonly order?: Order | undefined
  readonly limit: number
  readonly offset: number
}

export const LIMITS = {
  measures: 20,
  groupBy: 5,
  filters: 20,
  values: 1000,
  having: 10,
  rows: 10_000,
  offset: 100_000,
} as const

/** Rows of an answer that nobody wanted another number of. */
export const DEFAULT_ROWS = 1000

/** Where the answers are: which tables, and for how long they are kept. */
export type Place = Tables & { readonly kept: KeptDays; readonly now: number }

export type Compiled = {
  /** Of a series a row for each group: `times` are the starts of its windows, and `measures 0`, … the numbers of each. */
  readonly sql: string
  readonly parameters: Parameters
  /** What is answered, which may be wider than what was asked for. */
  readonly range: TimeRange
  readonly source: 'rollups' | 'operations'
  /** In the order of the answer's columns. */
  readonly measures: readonly ({ readonly name: string } & Pick<Expression, 'ofNothing' | 'isTime'>)[]
  readonly dimensions: readonly string[]
  /** SQL of the coverage of the whole range; undefined where the rows tell it, each of its own operations, or nobody wants to know. */
  readonly coverageSql: string | undefined
}

export type CompileOptions = {
  /**
   * Every dimension by itself, and the whole, instead of all of them together: a row tells by `set` which is its own, 0 for the first, the
   * number of them for the whole. The limit is that of each. @default false
   */
  readonly apart?: boolean
  /** The coverage is wanted as well. @default true */
  readonly covered?: boolean
}

/** What is bound to the placeholders of a query. */
type Bound = { [name: string]: string | number | readonly string[] }

const OPERATORS = { gt: '>', gte: '>=', lt: '<', lte: '<=' } as const
const HALF_A_CHARACTER = /\p{Surrogate}/u
const ALIAS = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/

/** Throws InvalidQuestion for what cannot be answered. */
export function compile(
  question: Question,
  place: Place,
  { apart = false, covered = true }: CompileOptions = {},
): Compiled {
  const { interval, movingMs, groupBy, filters, having, limit, offset } = question
  check(question)
  const parameters: Bound = {}
  const dimensions = groupBy.map((name, index) => dimensionOf(`group_by[${index}]`, name))
  const conditions = conditionsOf(filters, parameters)
  const ofCalls = filters.some(isOfCalls)
  const asked = { seconds: '{seconds:Float64}', percentiles: percentilesOf(question.measures), ofCalls }
  const measures = question.measures.map((measure, index) => ({
    name: measure.alias ?? nameOf(measure),
    expression: expressionOf(`metrics[${index}]`, measure, asked),
  }))
  const names = uniqueNames(
    measures.map(({ name }) => name),
    groupBy,
  )

  const isRaw =
    [...dimensions, ...conditions.map(({ dimension }) => dimension)].some((dimension) => dimension.isRaw) ||
    measures.some(({ expression }) => expression.isRaw)
  const moving = interval === undefined || movingMs === undefined ? undefined : { interval, lengthMs: movingMs }
  if (moving !== undefined && (isRaw || measures.some(({ expression }) => expression.isTime === true)))
    throw new InvalidQuestion('window', 'is told from rollups, which know neither identities and tags nor moments')
  const read = moving === undefined ? question.range : lookedBack(question.range, moving.interval, moving.lengthMs)
  const cover = isRaw ? undefined : coverOf(read, interval ?? '1d', place.kept, place.now)
  const whole = cover?.range ?? question.range
  const range = moving === undefined ? whole : { ...whole, start: windowStart(question.range.start, moving.interval) }
  const rowsOf = (columns: readonly string[]) =>
    cover === undefined
      ? fromRaw(place, range, columns, conditions)
      : fromRollups(place, cover.segments, columns, conditions)
  const seriesOf = (columns: readonly string[]) =>
    moving === undefined
      ? rowsOf(columns)
      : movingSql(rowsOf(columns), columns, range, {
          windowSql: windowSql(moving.interval),
          step: WINDOW_MS[moving.interval],
          lengthMs: moving.lengthMs,
        })

  const windowMs = interval === undefined ? range.end - range.start : (movingMs ?? WINDOW_MS[interval])
  parameters['seconds'] = windowMs / 1000
  // In one reading, where the rows are all there are: of a series, or the one of the whole range. Windows that move overlap.
  const hasWhole = interval === undefined && having.length === 0 && (apart || dimensions.length === 0)
  const isTold = covered && (hasWhole || (interval !== undefined && moving === undefined))
  const columns = [
    ...columnsOf(
      dimensions,
      measures.map(({ expression }) => expression),
    ),
    ...(isTold ? COVERAGE_COLUMNS : []),
  ]
  const groups = [
    ...(interval === undefined ? [] : [`${windowSql(interval)} AS \`time of window\``]),
    ...dimensions.map(({ sql }, index) => `toString(${sql}) AS \`group ${index}\``),
  ]
  const select = [
    ...groups,
    ...(apart ? [`${setSql(dimensions.length)} AS \`set\``] : []),
    ...measures.map(({ expression }, index) => `${expression.sql} AS \`measure ${index}\``),
    ...(isTold ? [coverageSql(ofCalls)] : []),
  ]
  const clauses = [
    `SELECT ${select.join(',\n  ')}`,
    `FROM (\n${seriesOf([...new Set(columns)])}\n)`,
    ...(groups.length > 0
      ? [`GROUP BY ${apart ? setsSql(dimensions.length) : groups.map((_, index) => index + 1)}`]
      : []),
    ...(having.length > 0
      ? [`HAVING ${having.map((one, index) => havingSql(one, index, names, parameters)).join(' AND ')}`]
      : []),
    // One row more than asked for tells that there are more. A series is filled, put in order and cut where it is read.
    ...(interval !== undefined
      ? [`LIMIT ${SERIES_ROWS + 1}`]
      : [`ORDER BY ${orderSql(question, names)}`, `LIMIT ${limit + 1} ${apart ? 'BY `set`' : `OFFSET ${offset}`}`]),
  ]
  const sql = clauses.join('\n')
  return {
    sql: interval === undefined ? sql : seriesSql(sql, groupNames(dimensions.length), measures.length, isTold),
    parameters,
    range,
    source: cover === undefined ? 'operations' : 'rollups',
    measures: measures.map(({ name, expression }) => ({ name, ...expression })),
    dimensions: groupBy,
    coverageSql:
      isTold || !covered ? undefined : `SELECT ${coverageSql(ofCalls)}\nFROM (\n${rowsOf(COVERAGE_COLUMNS)}\n)`,
  }
}

function check({
  measures,
  groupBy,
  filters,
  having,
  limit,
  offset,
  interval,
  movingMs,
  order,
  range,
}: Question): void {
  const most = (field: string, count: number, allowed: number) => {
    if (count > allowed) throw new InvalidQuestion(field, `may be at most ${allowed}; got ${count}`)
  }
  if (measures.length === 0) throw new InvalidQuestion('metrics', 'must name at least one number')
  most('metrics', measures.length, LIMITS.measures)
  most('group_by', groupBy.length, LIMITS.groupBy)
  most('filters', filters.length, LIMITS.filters)
  most('having', having.length, LIMITS.having)
  most('limit', limit, LIMITS.rows)
  most('offset', offset, LIMITS.offset)
  if (new Set(groupBy).size < groupBy.length) throw new InvalidQuestion('group_by', 'names a dimension twice')
  if (interval !== undefined && (order !== undefined || having.length > 0)) {
    throw new InvalidQuestion(
      order === undefined ? 'having' : 'order',
      'is for questions without interval: a series is in the order of time, and whole',
    )
  }
  if (interval !== undefined && (range.end - range.start) / WINDOW_MS[interval] > LIMITS.rows)
    throw new InvalidQuestion('interval', `makes more than ${LIMITS.rows} windows of this range: ask for a wider one`)
  if (movingMs !== undefined) checkMoving(range, interval, movingMs)
  for (const { aggregation } of measures)
    if (!AGGREGATIONS.includes(aggregation))
      throw new InvalidQuestion('metrics', `names no aggregation: ${aggregation}`, AGGREGATIONS)
}

function columnsOf(dimensions: readonly Dimension[], expressions: readonly Expression[]): string[] {
  // What is spent is told from calls by their operation.
  return [
    ...new Set([
      'operation',
      ...dimensions.flatMap(({ columns }) => columns),
      ...expressions.flatMap(({ columns }) => columns),
    ]),
  ]
}

/** The start of the window a row is in, in epoch milliseconds. */
export function windowSql(interval: Granularity): string {
  const milliseconds = WINDOW_MS[interval]
  return `intDiv(toUnixTimestamp64Milli(toDateTime64(time, 3, 'UTC')), ${milliseconds}) * ${milliseconds}`
}

/** Filters as SQL; their values go into `parameters`. Throws InvalidQuestion for one that cannot be meant. */
export function conditionsOf(filters: readonly Filter[], parameters: Bound): Condition[] {
  return filters.map((filter, index) => conditionOf(filter, index, parameters))
}

function conditionOf({ dimension: name, operator, value }: Filter, index: number, parameters: Bound): Condition {
  const at = `filters[${index}]`
  const dimension = dimensionOf(`${at}.dimension`, name)
  const isList = operator === 'in' || operator === 'not_in'
  if (isList !== Array.isArray(value)) {
    throw new InvalidQuestion(
      `${at}.value`,
      isList ? `of ${operator} must be a list of texts` : `of ${operator} must be a text`,
    )
  }
  if (isList && (value.length === 0 || value.length > LIMITS.values))
    throw new InvalidQuestion(`${at}.value`, `must hold 1 to ${LIMITS.values} texts; got ${value.length}`)
  // Half a character has no bytes of its own: the engine would compare with another text than was meant.
  if ([value].flat().some((text) => HALF_A_CHARACTER.test(text)))
    throw new InvalidQuestion(`${at}.value`, 'must be well-formed Unicode: it holds half of a surrogate pair')
  const parameter = `filter${index}`
  parameters[parameter] = value as string | readonly string[]
  const bound = `{${parameter}:${isList ? 'Array(String)' : 'String'}}`
  const sql = {
    eq: `${dimension.sql} = ${bound}`,
    ne: `${dimension.sql} != ${bound}`,
    in: `${dimension.sql} IN ${bound}`,
    not_in: `${dimension.sql} NOT IN ${bound}`,
    prefix: `startsWith(toString(${dimension.sql}), ${bound})`,
  }[operator]
  return { dimension, sql }
}

function uniqueNames(measures: readonly string[], groupBy: readonly string[]): readonly string[] {
  const seen = new Set<string>(['time', ...groupBy])
  for (const name of measures) {
    if (!ALIAS.test(name))
      throw new InvalidQuestion('metrics', `alias must be a name of letters, digits and _; got ${shown(name)}`)
    if (seen.has(name)) throw new InvalidQuestion('metrics', `has ${shown(name)} twice: give one of them another alias`)
    seen.add(name)
  }
  return measures
}

function measureIndex(field: string, name: string, names: readonly string[]): number {
  const index = names.indexOf(name)
  if (index === -1)
    throw new InvalidQuestion(
      field,
      `names no metric of the question: ${shown(name)}; there are ${names.join(', ')}`,
      names,
    )
  return index
}

function havingSql(
  { measure, operator, value }: Having,
  index: number,
  names: readonly string[],
  parameters: Bound,
): string {
  parameters[`having${index}`] = value
  return `ifNull(\`measure ${measureIndex(`having[${index}].metric`, measure, names)}\` ${OPERATORS[operator]} {having${index}:Float64}, false)`
}

/** By the groups as well, so that pages of equal numbers do not overlap. */
function orderSql({ groupBy, order }: Question, names: readonly string[]): string {
  const groups = groupNames(groupBy.length)
  const { by, direction } = order ?? { by: names[0]!, direction: 'desc' as const }
  const group = groupBy.indexOf(by)
  const first = group === -1 ? `\`measure ${measureIndex('order.by', by, [...names])}\`` : `\`group ${group}\``
  return [
    `${first} ${direction === 'asc' ? 'ASC' : 'DESC'} NULLS LAST`,
    ...groups.filter((name) => name !== first),
  ].join(', ')
}

const groupNames = (count: number) => Array.from({ length: count }, (_, index) => `\`group ${index}\``)

function setsSql(count: number): string {
  return `GROUPING SETS (${groupNames(count).map((name) => `(${name})`)}, ())`
}

/** Of the bits of `grouping` those of the dimensions that are not told apart are set: one is missing, or none. */
function setSql(count: number): string {
  const bits = `grouping(${groupNames(count)})`
  return `indexOf([${Array.from({ length: count }, (_, index) => 2 ** count - 1 - 2 ** (count - 1 - index))}, ${2 ** count - 1}], ${bits}) - 1`
}
