/** `/api/v1/budgets`: how budgets stand, and budgets made, changed and deleted while the collector runs. */
import * as z from 'zod'
import type { Asker } from '../query/asker.js'
import { type Endpoint, endpoint } from '../query/endpoint.js'
import { InvalidQuestion } from '../query/invalid-question.js'
import { wholeNumber } from '../query/parameters.js'
import { Rejection } from '../query/rejection.js'
import type { RetentionDays } from '../store/schema.js'
import { LIST, listOf, ONE, oneOf } from './answer.js'
import { MOST_BUDGETS, shortageOf } from './budget.js'
import type { BudgetEvaluation, BudgetStore, Budgets } from './budgets.js'
import { budgetName, budgetOf, DEFINITION } from './definition.js'
import { RISK_LEVELS } from './status.js'

export type BudgetEndpointsOptions = {
  readonly budgets: Budgets
  /** Undefined while it is not open; nothing is asked then. */
  readonly store: () => BudgetStore | undefined
  /** Days each tier is kept. */
  readonly kept: () => RetentionDays
}

const pathParameters = z.strictObject({ name: budgetName.describe('of the budget') })
const PAGE = {
  limit: wholeNumber(1, 10_000, 100, 'how many'),
  offset: wholeNumber(0, 1_000_000, 0, 'how many of the most used are left out'),
}
const FIRST = { limit: 100, offset: 0 }

export function createBudgetEndpoints({ budgets, store, kept }: BudgetEndpointsOptions): Endpoint[] {
  /** As they are now in the store. */
  async function refreshed(): Promise<BudgetStore> {
    const open = store()
    if (open === undefined) throw new Error('BUG: the store was open a moment ago')
    await budgets.refresh(open)
    return open
  }

  async function evaluated(asker: Asker, isWanted: (evaluation: BudgetEvaluation) => boolean = () => true) {
    const wanted = () => budgets.evaluations().filter(isWanted)
    try {
      await budgets.evaluate(asker)
    } catch (error) {
      // What fails of others is theirs; what was known before is told with the time it was true.
      if (wanted().some(({ statuses }) => statuses === undefined)) throw error
    }
    return wanted()
  }

  async function evaluatedOne(name: string, asker: Asker): Promise<BudgetEvaluation> {
    const [one] = await evaluated(asker, ({ budget }) => budget.name === name)
    if (one === undefined) throw new Rejection(404, `there is no budget ${JSON.stringify(name)}`)
    return one
  }

  /** What the configuration says, stays. */
  function refuseConfigured(name: string): void {
    if (budgets.find(name)?.source !== 'config') return
    throw new Rejection(409, `the budget ${JSON.stringify(name)} is one of the configuration: change it there`)
  }

  const list = endpoint({
    method: 'GET',
    path: '/budgets',
    summary: 'How every budget stands in the period that is going on, the most used first',
    table: 'budgets',
    isFresh: true,
    parameters: z.strictObject({
      risk_level: z.enum(RISK_LEVELS).optional().describe('only of this risk level'),
      ...PAGE,
    }),
    response: LIST,
    async answer({ risk_level, ...page }, asker) {
      await refreshed()
      const all = await evaluated(asker)
      if (risk_level === undefined) return listOf(all, page)
      const ofLevel = all.map(({ statuses = [], ...rest }) => ({
        ...rest,
        statuses: statuses.filter(({ riskLevel }) => riskLevel === risk_level),
      }))
      return listOf(
        ofLevel.filter(({ statuses }) => statuses.length > 0),
        page,
      )
    },
  })

  const show = endpoint({
    method: 'GET',
    path: '/budgets/{name}',
    summary: 'How one budget stands, for each value where it is one for each',
    table: 'budgets',
    isFresh: true,
    parameters: z.strictObject(PAGE),
    pathParameters,
    response: ONE,
    async answer({ name, ...page }, asker) {
      await refreshed()
      return oneOf(await evaluatedOne(name, asker), page)
    },
  })

  const put = endpoint({
    method: 'PUT',
    path: '/budgets/{name}',
    scope: 'admin',
    summary: 'Makes a budget, or another one of it; every collector on the store has it',
    parameters: DEFINITION,
    pathParameters,
    response: ONE,
    async answer({ name, ...defined }, asker) {
      const open = await refreshed()
      refuseConfigured(name)
      const budget = budgetOf(name, defined)
      const shortage = shortageOf(budget, kept())
      if (shortage !== undefined) throw new InvalidQuestion('period', `is too long: the budget ${shortage}`)
      const all = budgets.all()
      if (all.length >= MOST_BUDGETS && budgets.find(name) === undefined)
        throw new Rejection(
          409,
          `there are ${all.length} budgets, and there may be ${MOST_BUDGETS}: delete one of them`,
        )
      await budgets.put(name, budget, open)
      return oneOf(await evaluatedOne(name, asker), FIRST)
    },
  })

  const remove = endpoint({
    method: 'DELETE',
    path: '/budgets/{name}',
    scope: 'admin',
    summary: 'Deletes a budget that was made by the API',
    parameters: z.strictObject({}),
    pathParameters,
    response: z.strictObject({ deleted: z.string() }),
    async answer({ name }) {
      const open = await refreshed()
      refuseConfigured(name)
      if (budgets.find(name) === undefined) throw new Rejection(404, `there is no budget ${JSON.stringify(name)}`)
      await budgets.put(name, undefined, open)
      return { deleted: name }
    },
  })

  return [list, show, put, remove]
}
