/** Hours as they are judged: what is read of them, from the store or of series that are kept. */
import type { Asker } from '../asker.js'
import type { NamedMeasure } from '../columns.js'
import { measure, questionOf } from '../endpoint.js'
import { InvalidQuestion } from '../invalid-question.js'
import { type AskSeries, KeptSeries } from '../kept-series.js'
import { compile, type Filter, SERIES_ROWS } from '../question.js'
import { type TimeRange, WINDOW_MS } from '../time-range.js'

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

export type AskedHours = {
  /** Of whole hours. */
  readonly range: TimeRange
  readonly filters: readonly Filter[]
  readonly by: string | undefined
  readonly measures: readonly NamedMeasure[]
}

/** An hour of an entity that has operations in it, with the numbers that were asked for. */
export type HourRow = {
  /** Epoch milliseconds of its start. */
  readonly time: number
  /** Null: everything together. */
  readonly entity: string | null
  readonly [measure: string]: string | number | null
}

/** Only hours that have operations: a series filled with the others would be many times as long. */
export type Hours = (asked: AskedHours) => Promise<readonly HourRow[]>

export function hoursOfStore(asker: Asker): Hours {
  return async ({ range, filters, by, measures }) => {
    const groupBy = by === undefined ? [] : [by]
    const { sql, parameters } = compile(questionOf({ range, filters, groupBy, measures, interval: '1h' }), asker, {
      covered: false,
    })
    const rows = await asker.query<{ readonly [column: string]: string | number | null }>(sql, parameters)
    if (rows.length > SERIES_ROWS)
      throw new InvalidQuestion(
        'by',
        `makes more than ${SERIES_ROWS} hours: ask for a shorter range, or of fewer by filters`,
      )
    return rows.map((row) => ({
      time: Number(row['time of window']),
      entity: by === undefined ? null : String(row['group 0']),
      ...Object.fromEntries(measures.map(({ alias }, index) => [alias, row[`measure ${index}`] ?? null])),
    }))
  }
}

/** Each hour is asked for once, whatever is judged by it. */
export function hoursOfSeries(ask: AskSeries, end: number): Hours {
  const kept = new Map<string, KeptSeries<HourRow>>()
  return async ({ range, filters, by, measures }) => {
    const key = JSON.stringify([filters, by, measures])
    let series = kept.get(key)
    if (series === undefined) {
      series = new KeptSeries({
        ask,
        end,
        question: { interval: '1h', filters, groupBy: by === undefined ? [] : [by], measures },
        read: ({ time, ...row }) =>
          row['operations'] === 0
            ? undefined
            : { ...row, time: Date.parse(String(time)), entity: by === undefined ? null : String(row[by]) },
      })
      kept.set(key, series)
    }
    const rows: HourRow[] = []
    for (let time = range.start; time < range.end; time += WINDOW_MS['1h']) rows.push(...(await series.at(time)))
    return rows
  }
}
