/** Which way numbers go, from one period to the next. */
import * as z from 'zod'

/** By how much something is more than before, and where that goes. */
export const CHANGE = {
  change: z.number().nullable().describe('share by which there are more than before; null where there were none'),
  direction: z
    .enum(['up', 'down', 'stable'])
    .nullable()
    .describe('stable: within a tenth; null where there is nothing in either period'),
}
/** Of counts, against the period before. */
export const TREND = {
  value: z.int().describe('operations'),
  previous: z.int().describe('operations in the period before'),
  ...CHANGE,
}
const TREND_OBJECT = z.object(TREND)
export type Trend = Readonly<z.output<typeof TREND_OBJECT>>

/** Within this share of the value before nothing goes anywhere. */
const STABLE = 0.1

/** By what share a value changed; null where there is none before, or nothing to be a share of. */
export function changeOf(value: number | null | undefined, before: number | null | undefined): number | null {
  return typeof value === 'number' && typeof before === 'number' && before > 0 ? (value - before) / before : null
}

/** Of counts. What there was none of before goes up, by no share that could be told. */
export function trendOf(value: number, previous: number): Trend {
  const change = changeOf(value, previous)
  if (change === null) return { value, previous, change, direction: value > 0 ? 'up' : null }
  return { value, previous, change, direction: change > STABLE ? 'up' : change < -STABLE ? 'down' : 'stable' }
}

/** Of every entity of either period, the largest change first; the empty name, which is of what is unknown, is left out. */
export function trendsOf(values: ReadonlyMap<string, number>, before: ReadonlyMap<string, number>) {
  const entities = [...new Set([...values.keys(), ...before.keys()])].filter((entity) => entity !== '')
  const size = ({ change }: Trend) => (change === null ? Number.POSITIVE_INFINITY : Math.abs(change))
  return entities
    .map((entity) => ({ entity, ...trendOf(values.get(entity) ?? 0, before.get(entity) ?? 0) }))
    .sort((one, other) => {
      if (size(one) !== size(other)) return size(other) > size(one) ? 1 : -1
      return other.value - one.value || (one.entity < other.entity ? -1 : 1)
    })
}
