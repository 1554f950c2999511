/** What was spent of budgets, asked of the store: those of one period and the same dimensions by one question together. Exact: sums of integers, as text. */
import type { Asker } from '../query/asker.js'
import { dimensionOf } from '../query/dimensions.js'
import { IS_CALL, SPENDS } from '../query/measures.js'
import { conditionsOf, type Filter, LIMITS } from '../query/question.js'
import { fromRaw, fromRollups } from '../query/sources.js'
import { coverOf } from '../query/tier-cover.js'
import type { TimeRange } from '../query/time-range.js'
import { type Budget, dimensionsOf, filtersOf, MOST_VALUES } from './budget.js'
import type { Spending } from './status.js'

/** Budgets that one question answers. */
export type Shape = {
  readonly key: string
  readonly window: TimeRange
  readonly dimensions: readonly string[]
  readonly budgets: readonly Budget[]
}

/** Of one budget: of each value of its `per`, largest first, or of all of it. */
export type Spendings = {
  readonly spendings: readonly Spending[]
  /** There are more values than are told. */
  readonly hasMore: boolean
}

/** Groups that are shared out among the budgets of a shape; where there are more, each budget asks for its own. */
const SHARED_GROUPS = 10_000

export function shapesOf(budgets: readonly Budget[], windowOf: (budget: Budget) => TimeRange): Shape[] {
  const shapes = new Map<string, Omit<Shape, 'budgets'> & { budgets: Budget[] }>()
  for (const budget of budgets) {
    const window = windowOf(budget)
    const dimensions = dimensionsOf(budget)
    const key = JSON.stringify([window.start, window.end, ...dimensions])
    const shape = shapes.get(key) ?? { key, window, dimensions, budgets: [] }
    shape.budgets.push(budget)
    shapes.set(key, shape)
  }
  return [...shapes.values()]
}

/** What each budget of a shape has spent, in their order. */
export async function spendingsOf({ window, dimensions, budgets }: Shape, asker: Asker): Promise<Spendings[]> {
  if (budgets.length > 1) {
    const filters = dimensions.flatMap((dimension) => sharedFilter(dimension, budgets))
    const groups = await groupsOf(asker, window, dimensions, filters, SHARED_GROUPS)
    if (groups.length <= SHARED_GROUPS) return budgets.map((budget) => sharedOut(budget, dimensions, groups))
  }
  const each: Spendings[] = []
  for (const budget of budgets) {
    const { per } = budget
    const filters = [...filtersOf(budget), ...(per === undefined ? [] : [owned(per)])]
    const by = per === undefined ? [] : [per]
    each.push(sharedOut(budget, by, await groupsOf(asker, window, by, filters, MOST_VALUES)))
  }
  return each
}

/** What belongs to nobody is in nobody's budget. */
export const owned = (dimension: string): Filter => ({ dimension, operator: 'ne', value: '' })

/** What is of no budget's use is not asked for. */
function sharedFilter(dimension: string, budgets: readonly Budget[]): Filter[] {
  if (budgets.every(({ per }) => per === dimension)) return [owned(dimension)]
  if (budgets.some(({ filters }) => filters[dimension] === undefined)) return []
  const value = [...new Set(budgets.flatMap(({ filters }) => filters[dimension]!))]
  return value.length > LIMITS.values ? [] : [{ dimension, operator: 'in', value }]
}

type Group = {
  readonly values: readonly string[]
  readonly spent: bigint
  /** Operations that may cost something, and those of which it is known what. */
  readonly spending: number
  readonly known: number
  readonly calls: number
  readonly priced: number
}

/** Sums by dimensions, the largest first: up to `limit`, and one more where there are more. */
async function groupsOf(
  asker: Asker,
  window: TimeRange,
  by: readonly string[],
  filters: readonly Filter[],
  limit: number,
): Promise<Group[]> {
  const dimensions = by.map((name, index) => dimensionOf(`dimensions[${index}]`, name))
  const parameters = {}
  const conditions = conditionsOf(filters, parameters)
  const columns = [
    ...new Set([
      'operation',
      'operations',
      'cost_nano_dollars_known',
      'cost_nano_dollars_sum',
      ...dimensions.flatMap((dimension) => dimension.columns),
    ]),
  ]
  const isRaw = [...dimensions, ...conditions.map(({ dimension }) => dimension)].some((dimension) => dimension.isRaw)
  // Whole periods are whole windows, so few rows are read; what a clock that runs ahead has sent is in its period as well.
  const rows = isRaw
    ? fromRaw(asker, window, columns, conditions)
    : fromRollups(asker, coverOf(window, '1d', asker.kept, asker.now).segments, columns, conditions)
  const values = dimensions.map(({ sql }, index) => `toString(${sql}) AS \`group ${index}\``)
  const found = await asker.query<{ readonly [column: string]: string | number }>(
    `SELECT ${[
      ...values,
      `toString(sumIf(cost_nano_dollars_sum, ${SPENDS})) AS spent`,
      `sumIf(cost_nano_dollars_known, ${SPENDS}) AS known`,
      `sumIf(operations, ${SPENDS}) AS spending`,
      `sumIf(operations, ${IS_CALL}) AS calls`,
      `sumIf(cost_nano_dollars_known, ${IS_CALL}) AS priced`,
    ].join(',\n  ')}
FROM (\n${rows}\n)
${values.length === 0 ? '' : `GROUP BY ${values.map((_, index) => index + 1).join(', ')}`}
ORDER BY ${[`sumIf(cost_nano_dollars_sum, ${SPENDS}) DESC`, ...values.map((_, index) => index + 1)].join(', ')}
LIMIT ${limit + 1}`,
    parameters,
  )
  return found.map((row) => ({
    values: dimensions.map((_, index) => String(row[`group ${index}`])),
    spent: BigInt(row['spent']!),
    spending: Number(row['spending']),
    known: Number(row['known']),
    calls: Number(row['calls']),
    priced: Number(row['priced']),
  }))
}

/** What of `groups` is a budget's own. */
function sharedOut(budget: Budget, by: readonly string[], groups: readonly Group[]): Spendings {
  const conditions = by.flatMap((dimension, index) => {
    const allowed = budget.filters[dimension]
    return allowed === undefined ? [] : [{ index, allowed: new Set(allowed) }]
  })
  const own = groups.filter(({ values }) => conditions.every(({ index, allowed }) => allowed.has(values[index]!)))
  const { per } = budget
  if (per === undefined) return { spendings: [total(own)], hasMore: false }
  const place = by.indexOf(per)
  const byValue = new Map<string, Group[]>()
  for (const group of own) {
    const value = group.values[place]!
    if (value === '') continue
    const members = byValue.get(value)
    if (members === undefined) byValue.set(value, [group])
    else members.push(group)
  }
  const spendings = [...byValue].map(([value, members]) => ({ value, ...total(members) }))
  spendings.sort((one, other) => compare(other.spent ?? -1n, one.spent ?? -1n) || compare(one.value, other.value))
  return { spendings: spendings.slice(0, MOST_VALUES), hasMore: spendings.length > MOST_VALUES }
}

function total(groups: readonly Group[]): Omit<Spending, 'value'> {
  const sum = (read: (group: Group) => number) => groups.reduce((before, group) => before + read(group), 0)
  const isUnknown = sum(({ known }) => known) === 0 && sum(({ spending }) => spending) > 0
  return {
    spent: isUnknown ? null : groups.reduce((before, { spent }) => before + spent, 0n),
    calls: sum(({ calls }) => calls),
    priced: sum(({ priced }) => priced),
  }
}

function compare<Value extends bigint | string>(one: Value, other: Value): number {
  return one < other ? -1 : one > other ? 1 : 0
}
