/** Budgets for tests, and a plain recomputation of what of them is spent. */
import { operationKind, SPENDING_KINDS } from 'tokmeter/core'
import type { IdentifiedOperation } from '../../../src/collector/batch.js'
import type { Budget } from '../../../src/collector/budget/budget.js'
import type { BudgetEvaluation } from '../../../src/collector/budget/budgets.js'
import { type Spending, statusOf } from '../../../src/collector/budget/status.js'
import { dimensionValue } from '../query/recomputed.js'

export const KEPT = { raw: 400, '1m': 400, '5m': 400, '1h': 400, '1d': 1825 }

export function budget(fields: Partial<Budget> = {}): Budget {
  return {
    name: 'all',
    limit: 100_000_000_000n,
    period: 'day',
    filters: {},
    thresholds: [50, 80, 95, 100],
    source: 'config',
    ...fields,
  }
}

/** How a budget stands at noon that has spent so much. */
export function evaluationOf(one: Budget, spendings: readonly Spending[]): BudgetEvaluation {
  const at = { window: { start: 0, end: 86_400_000 }, now: 43_200_000, isComplete: true }
  return { budget: one, statuses: spendings.map((spending) => statusOf(one, spending, at)), hasMore: false }
}

/** Start and end of a period as the calendar has them, by another way than the collector's. */
export function calendar(period: Budget['period'], time: number): { start: number; end: number } {
  const at = new Date(time)
  const [year, month, day] = [at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate()]
  const sinceMonday = (at.getUTCDay() + 6) % 7
  switch (period) {
    case 'hour':
      return {
        start: Date.UTC(year, month, day, at.getUTCHours()),
        end: Date.UTC(year, month, day, at.getUTCHours() + 1),
      }
    case 'day':
      return { start: Date.UTC(year, month, day), end: Date.UTC(year, month, day + 1) }
    case 'week':
      return { start: Date.UTC(year, month, day - sinceMonday), end: Date.UTC(year, month, day - sinceMonday + 7) }
    case 'month':
      return { start: Date.UTC(year, month), end: Date.UTC(year, month + 1) }
  }
}

export type Plain = { value?: string; spent: bigint | null; calls: number; priced: number }

/** What is spent of a budget in a range, operation by operation. */
export function plainly(
  operations: readonly IdentifiedOperation[],
  { filters, per }: Budget,
  { start, end }: { start: number; end: number },
): Plain[] {
  const own = operations.filter(
    (operation) =>
      operation.startTime >= start &&
      operation.startTime < end &&
      Object.entries(filters).every(([name, values]) => values.includes(dimensionValue(operation, name))),
  )
  if (per === undefined) return [summed(own)]
  const values = [...new Set(own.map((operation) => dimensionValue(operation, per)))].filter((value) => value !== '')
  return values.map((value) => ({
    value,
    ...summed(own.filter((operation) => dimensionValue(operation, per) === value)),
  }))
}

function summed(operations: readonly IdentifiedOperation[]): Plain {
  const kind = ({ operation }: IdentifiedOperation) => operationKind(operation)
  const calls = operations.filter((one) => ['inference', 'embeddings'].includes(kind(one)))
  const spending = operations.filter((one) => SPENDING_KINDS.includes(kind(one)))
  const costs = spending.flatMap(({ cost }) => (cost === undefined ? [] : [BigInt(cost.nanoDollars)]))
  return {
    spent: spending.length > 0 && costs.length === 0 ? null : costs.reduce((sum, cost) => sum + cost, 0n),
    calls: calls.length,
    priced: calls.filter(({ cost }) => cost !== undefined).length,
  }
}
