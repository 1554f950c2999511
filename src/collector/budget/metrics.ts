/** The metrics of budgets, as they stood when they were last looked at. What is unknown is absent. */
import { type Observation, rowsOf } from '../self-metric.js'
import type { Budget } from './budget.js'
import type { BudgetEvaluation } from './budgets.js'
import { dollarsOf } from './money.js'
import { type BudgetStatus, RISK_LEVELS } from './status.js'

/** Values of a budget that have series of their own: those who spent most. The others are in the answers of the API. */
const VALUES = 100
/** Values of all budgets that have them. OpenTelemetry keeps 2,000 series of an instrument, and budgets need one each. */
const ALL_VALUES = 900
/** Budgets whose values are counted by risk level. */
const COUNTED = 390

const budgets = rowsOf('budgets')

const ofStatuses =
  (read: (status: BudgetStatus) => number | null) =>
  (evaluations: readonly BudgetEvaluation[]): Observation[] => {
    const share = Math.floor(ALL_VALUES / evaluations.filter(({ budget }) => hasSeries(budget)).length)
    return evaluations.flatMap(({ budget, statuses = [] }) => {
      const shown =
        budget.per === undefined ? statuses : hasSeries(budget) ? statuses.slice(0, Math.min(VALUES, share)) : []
      return shown.flatMap((status): Observation[] => {
        const number = read(status)
        const { value } = status
        return number === null ? [] : [[number, { budget: budget.name, ...(value !== undefined && { value }) }]]
      })
    })
  }

/** Whether each of its values has series: an identity is never an attribute of a metric. */
function hasSeries({ per }: Budget): boolean {
  return per !== undefined && per !== 'user_id'
}

const inDollars = (nanoDollars: bigint | null) => (nanoDollars === null ? null : dollarsOf(nanoDollars))
const USD = 'USD'

export const BUDGET_METRICS = [
  budgets.gauge('budget.limit', USD, 'What may be spent in a period of a budget.', (evaluations) =>
    evaluations.map(({ budget: { name, limit } }) => [dollarsOf(limit), { budget: name }]),
  ),
  budgets.gauge(
    'budget.spent',
    USD,
    'What was spent in the period that is going on, as far as it is priced.',
    ofStatuses(({ spent }) => inDollars(spent)),
  ),
  budgets.gauge(
    'budget.remaining',
    USD,
    'What is left of a limit; negative where more was spent.',
    ofStatuses(({ remaining }) => inDollars(remaining)),
  ),
  budgets.gauge(
    'budget.used_ratio',
    '1',
    'Share of a limit that is spent.',
    ofStatuses(({ used }) => used),
  ),
  budgets.gauge(
    'budget.burn_rate',
    '1',
    'How many times as fast as its limit allows a budget is being spent, since its period began.',
    ofStatuses(({ burnRate }) => burnRate),
  ),
  budgets.gauge(
    'budget.exhausted_in',
    's',
    'Time until nothing is left, where that is in the period.',
    ofStatuses(({ exhaustedInMs }) => (exhaustedInMs === null ? null : exhaustedInMs / 1000)),
  ),
  budgets.gauge(
    'budget.coverage_ratio',
    '1',
    'Share of the calls of a budget whose cost is known.',
    ofStatuses(({ calls, priced }) => (calls === 0 ? null : priced / calls)),
  ),
  budgets.gauge(
    'budget.values',
    '{value}',
    'Of budgets that are one for each value of something, how many values there are of each risk level.',
    (evaluations) =>
      evaluations
        .filter(({ budget }) => budget.per !== undefined)
        .slice(0, COUNTED)
        .flatMap(({ budget: { name }, statuses = [] }) => {
          return RISK_LEVELS.map(
            (level): Observation => [
              statuses.filter(({ riskLevel }) => riskLevel === level).length,
              { budget: name, risk_level: level },
            ],
          )
        }),
  ),
]
