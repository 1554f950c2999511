/** Asks the numbers that rules need: those of one window and the same dimensions by one question together, whatever each of them filters by. */
import type { Answer } from '../query/ask.js'
import { dimensionOf } from '../query/dimensions.js'
import { expressionOf } from '../query/measures.js'
import { type Filter, LIMITS, type Question } from '../query/question.js'
import type { Cell, Need } from './rule.js'

/** Answers a question with its rows alone. */
export type Rows = (question: Question) => Promise<Pick<Answer, 'rows' | 'has_more'>>

/** What the number of operations of a row is named. */
export const NUMBER_OF_OPERATIONS = 'number_of_operations'

export type Reading = {
  /** By `groupKey`; a group that is not there has no operations, where the reading is whole. */
  readonly cells: ReadonlyMap<string, Cell & { readonly group: readonly string[] }>
  /** What a group has that is not there. */
  readonly ofNothing: Cell
  /** Whether every group is there: of too many, those with the most operations. */
  readonly isWhole: boolean
}

export function groupKey(group: readonly string[]): string {
  return JSON.stringify(group)
}

/** A need, and the dimensions it is told apart by instead of filtered by. */
type Lifted = { readonly need: Need; readonly lifted: readonly string[] }

/** Needs that one question answers. */
type Shape = { readonly needs: Lifted[]; readonly by: readonly string[]; readonly rest: readonly Filter[] }

/** By need its reading, or why there is none. `end`: epoch milliseconds, of a whole minute. */
export async function readNumbers(
  rows: Rows,
  end: number,
  needs: readonly Need[],
): Promise<ReadonlyMap<Need, Reading | Error>> {
  const read = new Map<Need, Reading | Error>()
  await Promise.all(
    shapesOf(needs).map(async (shape) => {
      try {
        for (const [need, reading] of await readShape(rows, end, shape)) read.set(need, reading)
      } catch (cause) {
        const error = cause instanceof Error ? cause : new Error(String(cause))
        for (const { need } of shape.needs) read.set(need, error)
      }
    }),
  )
  return read
}

function shapesOf(needs: readonly Need[]): Shape[] {
  const shapes = new Map<string, Shape>()
  for (const need of needs) {
    const { windowMs, filters, groupBy } = need
    const lifted = liftedOf(need)
    const by = [...new Set([...groupBy, ...lifted])].sort()
    const rest = filters.filter((filter) => !isLifted(filter, lifted))
    const key = JSON.stringify([windowMs, by, rest.map((filter) => JSON.stringify(filter)).sort()])
    // A question has a bounded number of measures.
    let part = 0
    while (isFull(shapes.get(`${key} ${part}`), need)) part++
    const shape = shapes.get(`${key} ${part}`) ?? { needs: [], by, rest }
    shapes.set(`${key} ${part}`, shape)
    shape.needs.push({ need, lifted })
  }
  return [...shapes.values()]
}

const measureName = ({ measure: { field, aggregation } }: Need) => `${aggregation} ${field}`
/** One measure of a question is the number of operations. */
const MOST_MEASURES = LIMITS.measures - 1

function isFull(shape: Shape | undefined, need: Need): boolean {
  if (shape === undefined) return false
  return new Set([...shape.needs.map((one) => measureName(one.need)), measureName(need)]).size > MOST_MEASURES
}

/** Dimensions that a need has equal to one value: rules that differ in nothing else are told apart by grouping by them. */
function liftedOf({ filters, groupBy }: Need): string[] {
  const equal = filters.filter(({ operator }) => operator === 'eq').map(({ dimension }) => dimension)
  const once = equal.filter((dimension) => filters.filter((one) => one.dimension === dimension).length === 1)
  const lifted = [...new Set(once)].sort()
  // Raw operations have many values: those are filtered, not told apart.
  const isRaw = [...lifted, ...groupBy].some((dimension) => dimensionOf('filters', dimension).isRaw)
  return isRaw || new Set([...lifted, ...groupBy]).size > LIMITS.groupBy ? [] : lifted
}

const isLifted = ({ dimension, operator }: Filter, lifted: readonly string[]) =>
  operator === 'eq' && lifted.includes(dimension)

function equalTo({ filters }: Need, dimension: string): string {
  return String(filters.find((one) => one.dimension === dimension && one.operator === 'eq')!.value)
}

async function readShape(rows: Rows, end: number, { needs, by, rest }: Shape): Promise<Map<Need, Reading>> {
  const measures = new Map(needs.map(({ need }) => [measureName(need), need.measure]))
  const names = [...measures.keys()]
  const answer = await rows({
    range: { start: end - needs[0]!.need.windowMs, end },
    measures: [
      { field: 'operations', aggregation: 'count', alias: NUMBER_OF_OPERATIONS },
      ...names.map((name, index) => ({ ...measures.get(name)!, alias: `value_${index}` })),
    ],
    groupBy: by,
    filters: [...rest, ...by.flatMap((dimension) => commonFilter(dimension, needs))],
    having: [],
    limit: LIMITS.rows,
    offset: 0,
  })
  const ownRows = rowsByLifted(answer.rows)
  return new Map(
    needs.map(({ need, lifted }) => {
      const column = `value_${names.indexOf(measureName(need))}`
      const cells = ownRows(need, lifted).map((row) => {
        const group = need.groupBy.map((dimension) => String(row[dimension]))
        const value = row[column]
        const operations = Number(row[NUMBER_OF_OPERATIONS])
        return [groupKey(group), { group, operations, value: value === null ? null : Number(value) }] as const
      })
      const { ofNothing } = expressionOf('field', need.measure, { seconds: '1' })
      return [
        need,
        { cells: new Map(cells), ofNothing: { value: ofNothing, operations: 0 }, isWhole: !answer.has_more },
      ]
    }),
  )
}

/** What no need has a use for is not asked for. */
function commonFilter(dimension: string, needs: readonly Lifted[]): Filter[] {
  if (!needs.every(({ lifted }) => lifted.includes(dimension))) return []
  const value = [...new Set(needs.map(({ need }) => equalTo(need, dimension)))]
  return value.length > LIMITS.values ? [] : [{ dimension, operator: 'in', value }]
}

type Row = Answer['rows'][number]

/** Finds the rows of a need without looking at all of them for each. */
function rowsByLifted(rows: readonly Row[]): (need: Need, lifted: readonly string[]) => readonly Row[] {
  const indexes = new Map<string, Map<string, Row[]>>()
  return (need, lifted) => {
    if (lifted.length === 0) return rows
    const name = groupKey(lifted)
    let index = indexes.get(name)
    if (index === undefined) {
      index = new Map()
      for (const row of rows) {
        const key = groupKey(lifted.map((dimension) => String(row[dimension])))
        const same = index.get(key)
        if (same === undefined) index.set(key, [row])
        else same.push(row)
      }
      indexes.set(name, index)
    }
    return index.get(groupKey(lifted.map((dimension) => equalTo(need, dimension)))) ?? []
  }
}
