/** One number over time, told apart by a dimension: the first few values of it have series of their own, the rest is one. */
import type { Filter } from '../query/question.js'
import { type FilterName, go } from './address.js'
import { type Measures, type Request, request, type Table } from './api.js'
import { type Asked, useAnswer, useSubject } from './asking.js'
import { byGroup, type Columns, inBars, rest, type Series, timesOf } from './chart-data.js'
import { colourOf, OTHERS_COLOUR } from './colours.js'
import { nameOf } from './format.js'
import { barOf, granularityOf } from './range.js'

/** Series of a chart beside the rest: as many as there are colours, less one. */
const SERIES = 7

type Measure = Measures[string]
type Value = { readonly value: Measure }

export type OverTime = {
  /** The series of the first few values: what is exported and shown as the query. Its answer is that of the whole. */
  readonly asked: Asked<Table<Value>>
  readonly columns: Columns | undefined
}

/** A sum over time by a dimension, in bars. `where`: beside the filters of the address. */
export function useOverTime(dimension: FilterName, measure: Measure, where: readonly Filter[] = []): OverTime {
  const { span, filters } = useSubject()
  const interval = granularityOf(span)
  const metrics: Value = { value: measure }
  const ranked = useAnswer(request({ span, filters, metrics, where, groupBy: [dimension], limit: SERIES + 1 }))
  const whole = useAnswer(request({ span, filters, metrics, where, interval }))
  // Seven of eight would leave a rest of one: then it has a series like the others.
  const all = ranked.answer?.rows ?? []
  const names = all.slice(0, all.length > SERIES ? SERIES - 1 : SERIES).map(({ of }) => of[0]!)
  const asked = useAnswer<Table<Value>>(names.length === 0 ? undefined : seriesRequest())

  function seriesRequest(): Request<Table<Value>> {
    const named = { dimension, operator: 'in', value: names } as const
    return request({ span, filters, metrics, groupBy: [dimension], interval, where: [...where, named] })
  }
  const shown = {
    answer: whole.answer,
    error: ranked.error ?? whole.error ?? asked.error,
    isStale: ranked.isStale || whole.isStale || asked.isStale,
    request: asked.request ?? whole.request,
  }
  const parts = names.length === 0 ? { rows: [] } : asked.answer
  if (ranked.answer === undefined || whole.answer === undefined || parts === undefined)
    return { asked: { ...shown, answer: undefined }, columns: undefined }
  return { asked: shown, columns: columnsOf(whole.answer.rows, parts.rows) }

  type Rows = Table<Value>['rows']
  function columnsOf(whole: Rows, parts: Rows): Columns {
    const groups = byGroup(parts, 'value')
    const series: Series[] = names
      .filter((name) => groups.has(name))
      .map((name) => ({
        name: nameOf(name),
        colour: colourOf(dimension, name),
        values: groups.get(name)!,
        total: all.find(({ of }) => of[0] === name)!.value,
        pick: () => go({ filters: { ...filters, [dimension]: [name] } }),
      }))
    const times = timesOf(names.length === 0 ? whole : parts)
    if (all.length > SERIES) {
      // The two were asked at different moments: only what they have in common is compared.
      const values = whole.slice(0, times.length).map(({ value }) => value)
      const others = rest(
        values,
        series.map((one) => one.values),
      ).map((value) => value && Math.max(0, value))
      series.push({ name: 'all others', colour: OTHERS_COLOUR, values: others })
    }
    return inBars({ times, series }, barOf(span))
  }
}
