/** The budgets of the configuration in the words of those who watch them. */
import type { Budget } from '../budget/budget.js'
import type { Config } from './schema.js'

export function budgetsOf({ budgets }: Config): Budget[] {
  return budgets.map(({ limitUsd: limit, ...budget }) => ({ ...budget, limit, source: 'config' }))
}
