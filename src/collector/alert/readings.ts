/** Asks the numbers that rules need: those of one window and the same dimensions by one question together, whatever each of them filters by. */
import type { Answer } from '../query/ask.js'
import { dimensionOf } from '../query/dimensions.js'
import { expressionOf } from '../query/measures.js'
import { type Filter, LIMITS, type Question } from '../query/question.js'
import type { Cell, Need } from './rule.js'

/** Answers a question with its rows alone. */
export type Rows = (question: Question) => Promise<Pick<Answer, 'rows' | 'has_more'>>

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

/** Needs that one question answers. */
type Shape = { readonly needs: Need[]; readonly lifted: readonly string[]; readonly by: readonly string[] }

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
        for (const need of shape.needs) read.set(need, error)
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
    const key = JSON.stringify([windowMs, by, lifted, rest.map((filter) => JSON.stringify(filter)).sort()])
    let shape = shapes.get(key)
    // A question has a bounded number of measures, and a filter of values.
    for (let part = 0; shape !== undefined && isFull(shape, need); part++) shape = shapes.get(`${key} ${part}`)
    if (shape === undefined) {
      let part = -1
      while (shapes.has(part < 0 ? key : `${key} ${part}`)) part++
      shape = { needs: [], lifted, by }
      shapes.set(part < 0 ? key : `${key} ${part}`, shape)
    }
    shape.needs.push(need)
  }
  return [...shapes.values()]
}

const measureName = ({ measure: { field, aggregation } }: Need) => `${aggregation} ${field}`
/** One measure of a question is the number of operations. */
const MOST_MEASURES = LIMITS.measures - 1

function isFull({ needs, lifted }: Shape, need: Need): boolean {
  const all = [...needs, need]
  const isPast = (values: readonly unknown[], most: number) => new Set(values).size > most
  return (
    isPast(all.map(measureName), MOST_MEASURES) ||
    lifted.some((dimension) =>
      isPast(
        all.map((one) => equalTo(one, dimension)),
        LIMITS.values,
      ),
    )
  )
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

async function readShape(rows: Rows, end: number, { needs, lifted, by }: Shape): Promise<Map<Need, Reading>> {
  const [{ windowMs, filters }] = needs as [Need]
  const names = [...new Set(needs.map(measureName))]
  const answer = await rows({
    range: { start: end - windowMs, end },
    measures: [
      { field: 'operations', aggregation: 'count', alias: 'number_of_operations' },
      ...names.map((name, index) => ({
        ...needs.find((one) => measureName(one) === name)!.measure,
        alias: `value_${index}`,
      })),
    ],
    groupBy: by,
    filters: [
      ...filters.filter((filter) => !isLifted(filter, lifted)),
      ...lifted.map((dimension): Filter => {
        return { dimension, operator: 'in', value: [...new Set(needs.map((need) => equalTo(need, dimension)))] }
      }),
    ],
    having: [],
    limit: LIMITS.rows,
    offset: 0,
  })
  // By what they are told apart, so that each need finds its own without looking at all.
  const byLifted = new Map<string, (typeof answer.rows)[number][]>()
  for (const row of answer.rows) {
    const key = groupKey(lifted.map((dimension) => String(row[dimension])))
    const same = byLifted.get(key)
    if (same === undefined) byLifted.set(key, [row])
    else same.push(row)
  }
  return new Map(
    needs.map((need) => {
      const own = byLifted.get(groupKey(lifted.map((dimension) => equalTo(need, dimension)))) ?? []
      const column = `value_${names.indexOf(measureName(need))}`
      const cells = own.map((row) => {
        const group = need.groupBy.map((dimension) => String(row[dimension]))
        const value = row[column]
        const operations = Number(row['number_of_operations'])
        return [groupKey(group), { group, operations, value: value === null ? null : Number(value) }] as const
      })
      const { ofNothing } = expressionOf('field', need.measure, '1')
      return [
        need,
        { cells: new Map(cells), ofNothing: { value: ofNothing, operations: 0 }, isWhole: !answer.has_more },
      ]
    }),
  )
}
