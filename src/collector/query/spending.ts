/** `GET /api/v1/costs/unit` and `/costs/projection`: what one request, user or conversation costs, and what the month will have cost. */
import * as z from 'zod'
import type { NamedMeasure } from './columns.js'
import { type Asker, columnsOf, endpoint, measure, questionOf, ratio } from './endpoint.js'
import { CURRENCY, HEAD, headOf, MOMENT } from './head.js'
import { FILTER_PARAMETERS, RANGE_PARAMETERS, subjectOf } from './parameters.js'
import type { Filter } from './question.js'

const COST = measure('cost', 'cost_usd', 'sum')
const { cost: KNOWN_COST } = columnsOf([COST])

const UNITS = { user: 'user_id', conversation: 'conversation_id', agent: 'agent', service: 'service' } as const
const unitNames = Object.keys(UNITS) as (keyof typeof UNITS)[]

export const costsUnit = endpoint({
  method: 'GET',
  path: '/costs/unit',
  summary: 'What one request, user, conversation, agent or service costs in the mean',
  table: 'units',
  parameters: z.strictObject({ ...RANGE_PARAMETERS, ...FILTER_PARAMETERS }),
  response: z.strictObject({
    ...HEAD,
    currency: CURRENCY,
    units: z.array(
      z.strictObject({
        unit: z.enum(['request', ...unitNames]),
        cost: KNOWN_COST,
        count: z.int().describe('how many there are; of requests those whose cost is known'),
        avg_cost: KNOWN_COST.describe('US dollars for each; null where that is not known'),
      }),
    ),
  }),
  async answer(given, { ask, rows: rowsOf, now }) {
    const { range, filters } = subjectOf(given, now)
    // The mean of a request is one of those whose cost is known: the others cost something too.
    const priced = measure('count', 'cost_usd', 'count')
    const units = unitNames.map(async (unit) => {
      const dimension = UNITS[unit]
      // Only what belongs to somebody is shared among them.
      const owned: Filter = { dimension, operator: 'ne', value: '' }
      const { rows } = await rowsOf(
        questionOf({ range, filters: [...filters, owned], measures: [COST, measure('count', dimension, 'uniq')] }),
      )
      return { unit, ...rows[0]!, avg_cost: ratio(rows[0]!.cost, rows[0]!.count) }
    })
    const [total, ...owned] = await Promise.all([
      ask(questionOf({ range, filters, measures: [COST, priced] })),
      ...units,
    ])
    const { cost, count } = total.rows[0]!
    const request = { unit: 'request' as const, cost, count, avg_cost: ratio(cost, count) }
    return { ...headOf(total), currency: CURRENCY.value, units: [request, ...owned] }
  },
})

const DAY_MS = 86_400_000
/** Whole days that tell how a day goes now. */
const RECENT_DAYS = 7
/** Of a normal distribution, nineteen in twenty are within so many standard deviations. */
const NINETEEN_IN_TWENTY = 1.96

/** How what is left of a period is told. */
export const REMAINDER =
  'for each day that is left the mean of the last 7 whole days that have operations before them; ' +
  'low and high: 1.96 standard deviations of those days, independent of each other'
const dollars = z.number().nullable()
const PROJECTED = {
  daily_mean: dollars.describe(
    'US dollars a day; null where there is no whole day yet, or one whose cost is not known',
  ),
  projected: dollars.describe('US dollars that the month will have cost'),
  low: dollars.describe('nineteen times in twenty it is more; null with fewer than two days'),
  high: dollars.describe('nineteen times in twenty it is less; null with fewer than two days'),
}
const METHOD = `spent since the first of the month (UTC), and ${REMAINDER}`

export const projection = endpoint({
  method: 'GET',
  path: '/costs/projection',
  summary: 'What this month will have cost by its end, and by which method that is told',
  table: 'days',
  parameters: z.strictObject(FILTER_PARAMETERS),
  response: z.strictObject({
    ...HEAD,
    currency: CURRENCY,
    month: z.string().describe('such as 2026-01'),
    spent: KNOWN_COST.describe('US dollars since the first of the month; null where no cost is known'),
    days_left: z.number().describe('days until the end of the month, the part of this one among them'),
    ...PROJECTED,
    method: z.string().describe('how that is told'),
    days: z.array(z.strictObject({ time: MOMENT, cost: KNOWN_COST })).describe('the days the mean is of'),
  }),
  async answer(given, asker) {
    const { filters } = subjectOf(given, asker.now)
    const today = Math.floor(asker.now / DAY_MS) * DAY_MS
    const date = new Date(asker.now)
    const month = Date.UTC(date.getUTCFullYear(), date.getUTCMonth())
    const end = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1)
    const [spent, recent] = await Promise.all([
      asker.ask(questionOf({ range: { start: month, end: asker.now }, filters, measures: [COST] })),
      recentDays(asker, filters, today, [COST]),
    ])
    const { cost } = spent.rows[0]!
    const days = recent.map(({ time, cost }) => ({ time, cost }))
    const costs = days.map((day) => day.cost)
    const left = (end - asker.now) / DAY_MS
    return {
      ...headOf(spent),
      currency: CURRENCY.value,
      month: new Date(month).toISOString().slice(0, 7),
      spent: cost,
      days_left: left,
      ...projected(cost, costs, left),
      method: METHOD,
      days,
    }
  },
})

/** What the last whole days before `today` had, without those before anything was measured: they would make each day look less than it is. */
export async function recentDays<const Measures extends readonly NamedMeasure[]>(
  { rows: rowsOf }: Asker,
  filters: readonly Filter[],
  today: number,
  of: Measures,
) {
  const range = { start: today - RECENT_DAYS * DAY_MS, end: today }
  const measures = [...of, measure('operations', 'operations', 'count')] as const
  const { rows } = await rowsOf(questionOf({ range, filters, measures, interval: '1d' }))
  const first = rows.findIndex((row) => Number((row as { operations?: unknown }).operations) > 0)
  return first === -1 ? [] : rows.slice(first)
}

/** Null where it cannot be told: no whole day yet, or one whose cost nobody knows. */
export function projected(spent: number | null, days: readonly (number | null)[], left: number) {
  const known = days.filter((cost) => cost !== null)
  if (spent === null || known.length === 0 || known.length < days.length)
    return { daily_mean: null, projected: null, low: null, high: null }
  const mean = known.reduce((sum, cost) => sum + cost, 0) / known.length
  const variance = known.reduce((sum, cost) => sum + (cost - mean) ** 2, 0) / Math.max(1, known.length - 1)
  const margin = NINETEEN_IN_TWENTY * Math.sqrt(variance * left)
  const expected = spent + mean * left
  // One day says nothing of how days differ. Nothing that is spent comes back.
  const isMarginKnown = known.length > 1
  return {
    daily_mean: mean,
    projected: expected,
    low: isMarginKnown ? Math.max(spent, expected - margin) : null,
    high: isMarginKnown ? expected + margin : null,
  }
}
