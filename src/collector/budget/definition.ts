/** A budget as it is given by the API and kept in the store: a JSON document, validated, and written again. */
import * as z from 'zod'
import { BUDGET_DIMENSIONS, BUDGET_NAME, type Budget, DEFAULT_THRESHOLDS, isBudgetDimension } from './budget.js'
import { nanoDollarsOf, writtenDollars } from './money.js'
import { PERIODS } from './period.js'

/** What a filter may hold. */
const MOST_FILTERS = 10
const MOST_FILTER_VALUES = 100
/** Characters of a value that is compared with. */
const VALUE_LIMIT = 1000
const HALF_A_CHARACTER = /\p{Surrogate}/u

export const NAME_ALLOWED = 'a name of up to 64 letters, digits, ".", "_" and "-"'
export const AMOUNT_ALLOWED =
  'an amount of dollars such as 100 or "0.05": more than 0, with at most 12 digits before the point and 9 behind it'
export const DIMENSION_ALLOWED = `one of ${BUDGET_DIMENSIONS.join(', ')} and tag:<key>`
const VALUES_ALLOWED = `a text, or a list of 1 to ${MOST_FILTER_VALUES} texts of which one has to match`
export const FILTERS_ALLOWED = `up to ${MOST_FILTERS} dimensions, each with ${VALUES_ALLOWED}`
export const THRESHOLDS_ALLOWED = 'a list of up to 20 whole percentages from 1 to 1000'

export const budgetName = z.string().regex(BUDGET_NAME, `must be ${NAME_ALLOWED}`)
/** To nano-dollars. */
export const amount = z.union([z.number(), z.string().max(30)]).transform((value, context) => {
  const nanoDollars = nanoDollarsOf(value)
  if (nanoDollars !== undefined && nanoDollars > 0n) return nanoDollars
  context.addIssue({ code: 'custom', message: `must be ${AMOUNT_ALLOWED}`, input: value })
  return z.NEVER
})
export const dimension = z.string().max(70).refine(isBudgetDimension, `must be ${DIMENSION_ALLOWED}`)
const WRONG_VALUES = `must be ${VALUES_ALLOWED}`
const value = z
  .string()
  .min(1, WRONG_VALUES)
  .max(VALUE_LIMIT, `must have at most ${VALUE_LIMIT} characters`)
  .refine((text) => !HALF_A_CHARACTER.test(text), 'must be well-formed Unicode: it holds half of a surrogate pair')
const several = z.array(value).min(1, WRONG_VALUES).max(MOST_FILTER_VALUES, WRONG_VALUES)
const values = z
  .union([value, several], WRONG_VALUES)
  .transform((given) => (typeof given === 'string' ? [given] : [...new Set(given)]))
export const filters = z
  .record(dimension, values)
  .refine((given) => Object.keys(given).length <= MOST_FILTERS, `must be at most ${MOST_FILTERS}`)
export const thresholds = z
  .array(z.int().min(1).max(1000))
  .max(20)
  .transform((percentages) => [...new Set(percentages)].sort((one, other) => one - other))

export const DEFINITION = z.strictObject({
  limit_usd: amount.describe('dollars that may be spent in each period'),
  period: z.enum(PERIODS).describe('aligned to UTC; weeks begin on Monday'),
  filters: filters
    .default({})
    .describe(
      `which operations it is of: by ${BUDGET_DIMENSIONS.join(', ')}, tag:<key>, the value or values each must have`,
    ),
  per: dimension.optional().describe(`one budget for each value of this: ${DIMENSION_ALLOWED}`),
  thresholds: thresholds
    .default([...DEFAULT_THRESHOLDS])
    .describe('percentages of the limit that are told when they are reached'),
})

type Defined = z.output<typeof DEFINITION>

export function budgetOf(name: string, { limit_usd: limit, ...defined }: Defined): Budget {
  return { name, limit, ...defined, source: 'api' }
}

/** As it may be given. */
export function definitionOf({ limit, period, filters: given, per, thresholds: percentages }: Budget) {
  return {
    limit_usd: writtenDollars(limit),
    period,
    filters: Object.fromEntries(Object.entries(given).map(([name, all]) => [name, [...all]])),
    ...(per !== undefined && { per }),
    thresholds: [...percentages],
  } satisfies z.input<typeof DEFINITION>
}
