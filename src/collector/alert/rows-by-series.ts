/** Answers the questions of many looks from series of moving windows: one question for as many looks as fit, instead of one for each. */
import type { Asker } from '../query/asker.js'
import { type AskSeries, KeptSeries, type SeriesRow } from '../query/kept-series.js'
import type { Question } from '../query/question.js'
import { type Granularity, WINDOW_MS } from '../query/time-range.js'
import { NUMBER_OF_OPERATIONS, type Rows } from './readings.js'

export type LooksOptions = {
  /** Epoch milliseconds; the last look is before it. */
  readonly end: number
  /** Milliseconds from one look to the next. */
  readonly stepMs: number
}

/** How rows are asked at each look. What cannot be told from series is asked as it is. */
export function rowsBySeries(ask: AskSeries, { end, stepMs }: LooksOptions): (asker: Pick<Asker, 'rows'>) => Rows {
  const kept = new Map<string, KeptSeries<SeriesRow>>()
  return (asker) => async (question) => {
    const { range, limit: _, offset: __, having: ___, ...rest } = question
    const movingMs = range.end - range.start
    if (movingMs % WINDOW_MS['1m'] !== 0) return asker.rows(question)
    const interval = intervalOf(range.end, movingMs, stepMs)
    const key = JSON.stringify([movingMs, interval, rest])
    let series = kept.get(key)
    if (series === undefined) {
      series = new KeptSeries({ ask, question: { ...rest, interval, movingMs }, end, read: thatIsThere(question) })
      kept.set(key, series)
    }
    const start = range.end - WINDOW_MS[interval]
    const rows = await series.at(start).catch(() => undefined)
    series.forget(start)
    return rows === undefined ? asker.rows(question) : { rows: ordered(rows, question), has_more: false }
  }
}

/** In a series a group is in every window, with nothing where it has nothing; a question has no row for it. */
const thatIsThere =
  ({ groupBy }: Question) =>
  (row: SeriesRow) =>
    groupBy.length > 0 && row[NUMBER_OF_OPERATIONS] === 0 ? undefined : row

/** The widest windows whose ends the looks are at. */
function intervalOf(end: number, movingMs: number, stepMs: number): Granularity {
  return [end, movingMs, stepMs].every((time) => time % WINDOW_MS['5m'] === 0) ? '5m' : '1m'
}

/** As a question has them: those with most operations first, which matters where there are more alerts than a rule may have. */
function ordered(rows: readonly SeriesRow[], { groupBy }: Question): SeriesRow[] {
  return rows.toSorted((one, other) => {
    const more = Number(other[NUMBER_OF_OPERATIONS]) - Number(one[NUMBER_OF_OPERATIONS])
    const differing = groupBy.find((name) => one[name] !== other[name])
    return more || (differing === undefined ? 0 : String(one[differing]) < String(other[differing]) ? -1 : 1)
  })
}
