/** Hours as they are judged: what is read of them, from the store or of series that are kept. */
import type { Asker } from '../asker.js'
import type { NamedMeasure } from '../columns.js'
import { measure, questionOf } from '../endpoint.js'
import type { Head } from '../head.js'
import { InvalidQuestion } from '../invalid-question.js'
import { type AskSeries, KeptSeries, type SeriesRow } from '../kept-series.js'
import { type Filter, LIMITS } from '../question.js'
import { type GroupColumns, SERIES_ROWS } from '../series.js'
import { type TimeRange, WINDOW_MS } from '../time-range.js'
import { type Levels, SEVERITIES } from './anomaly.js'

const OPERATIONS = measure('operations', 'operations', 'count')
/** What the hours of the weeks before are needed of: no histograms, which are most of a rollup's bytes. */
export const TRAFFIC = [
  OPERATIONS,
  measure('errors', 'errors', 'count'),
  measure('cost', 'cost_usd', 'sum'),
  measure('tokens', 'total_tokens', 'sum'),
  measure('with_usage', 'input_tokens', 'count'),
] as const
export const LATENCY = [OPERATIONS, measure('p95', 'duration_ms', 'p95')] as const
/** How many calls are known to have taken how long, and longer than each of the levels: to count them takes a seventh of the time of a p95. */
export const durationsOf = (levels: Levels): readonly NamedMeasure[] => [
  measure('timed', 'duration_ms', 'count'),
  ...SEVERITIES.map((severity) => ({ ...measure(severity, 'duration_ms', 'count'), above: levels[severity] })),
]

export type AskedHours = {
  /** Of whole hours. */
  readonly range: TimeRange
  readonly filters: readonly Filter[]
  readonly by: string | undefined
  /** The first is the number of operations. */
  readonly measures: readonly NamedMeasure[]
  /** Of no others is it needed. @default all */
  readonly entities?: readonly string[]
}

/** The hours of one entity that have operations, in any order: filled up with the others they would be many times as many. */
export type EntityHours = Pick<GroupColumns, 'times' | 'numbers'>

export type FoundHours = {
  /** By what they are of; null: everything together. */
  readonly byEntity: ReadonlyMap<string | null, EntityHours>
  /** Of what, and how much is known of it; undefined where series were kept, which do not tell. */
  readonly head: Head | undefined
}

export type Hours = (asked: AskedHours) => Promise<FoundHours>

export function hoursOfStore(asker: Asker): Hours {
  return async ({ range, filters, by, measures, entities = [] }) => {
    const groupBy = by === undefined ? [] : [by]
    const ofThose = by !== undefined && entities.length > 0 && entities.length <= LIMITS.values
    const chosen = ofThose ? [...filters, { dimension: by, operator: 'in' as const, value: entities }] : filters
    const asked = questionOf({ range, filters: chosen, groupBy, measures, interval: '1h' })
    const { groups, ...head } = await asker.columns(asked)
    if (groups.reduce((sum, { times }) => sum + times.length, 0) > SERIES_ROWS)
      throw new InvalidQuestion(
        'by',
        `makes more than ${SERIES_ROWS} hours: ask for a shorter range, or of fewer by filters`,
      )
    const byEntity = new Map(groups.map(({ group, ...its }) => [by === undefined ? null : String(group[by]), its]))
    return { byEntity, head }
  }
}

/** Each hour is asked for once, whatever is judged by it. */
export function hoursOfSeries(ask: AskSeries, end: number): Hours {
  const kept = new Map<string, KeptSeries<SeriesRow>>()
  return async ({ range, filters, by, measures }) => {
    const key = JSON.stringify([filters, by, measures])
    let series = kept.get(key)
    if (series === undefined) {
      const question = { interval: '1h' as const, filters, groupBy: by === undefined ? [] : [by], measures }
      const read = (row: SeriesRow) => (row[measures[0]!.alias] === 0 ? undefined : row)
      series = new KeptSeries({ ask, end, question, read })
      kept.set(key, series)
    }
    const hours = new Map<string | null, { times: number[]; numbers: number[][] }>()
    for (let time = range.start; time < range.end; time += WINDOW_MS['1h'])
      for (const row of await series.at(time)) {
        const entity = by === undefined ? null : String(row[by])
        let its = hours.get(entity)
        if (its === undefined) {
          its = { times: [], numbers: measures.map(() => []) }
          hours.set(entity, its)
        }
        its.times.push(time)
        for (const [index, { alias }] of measures.entries())
          its.numbers[index]!.push((row[alias] as number | null) ?? Number.NaN)
      }
    const columns = ({ times, numbers }: { times: number[]; numbers: number[][] }): EntityHours => ({
      times: Float64Array.from(times),
      numbers: numbers.map((its) => Float64Array.from(its)),
    })
    return { byEntity: new Map([...hours].map(([entity, its]) => [entity, columns(its)])), head: undefined }
  }
}
