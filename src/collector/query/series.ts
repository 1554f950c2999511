/** A series: from the engine it comes as a row for each group with its windows as arrays, and is answered as a row for each window and each group. */
import type { Cell } from './columns.js'
import { COVERAGE_NAMES } from './coverage.js'
import { InvalidQuestion } from './invalid-question.js'
import type { Compiled, Question } from './question.js'
import { type Granularity, type TimeRange, WINDOW_MS, windowStart } from './time-range.js'

/** As the engine answers it. */
export type Row = { readonly [column: string]: Cell | Float64Array }

/** The windows of one group that have operations, in any order. */
export type GroupColumns = {
  readonly group: { readonly [dimension: string]: Cell }
  /** Epoch milliseconds of their starts. */
  readonly times: Float64Array
  /** Of each measure its numbers; NaN where one is unknown. */
  readonly numbers: readonly Float64Array[]
}

/** Most rows read of a series, before it is filled. */
export const SERIES_ROWS = 100_000

/** The windows of each group as one row, in binary: thousands of rows, or numbers as text, take longer to write and to read than to make. Unknown is NaN. */
export function seriesSql(rows: string, groups: readonly string[], measures: number, isTold: boolean): string {
  const listed = (column: string) => `groupArray(ifNull(toFloat64(\`${column}\`), nan))`
  const select = [
    ...groups,
    `${listed('time of window')} AS times`,
    ...Array.from({ length: measures }, (_, index) => `${listed(`measure ${index}`)} AS \`measures ${index}\``),
    ...(isTold ? COVERAGE_NAMES.map((name) => `toFloat64(sum(told.${name})) AS ${name}`) : []),
  ]
  return [
    `SELECT ${select.join(', ')}`,
    `FROM (\n${rows}\n) AS told`,
    ...(groups.length > 0 ? [`GROUP BY ${groups.join(', ')}`] : []),
    `ORDER BY ${['min(`time of window`)', ...groups].join(', ')}`,
  ].join('\n')
}

/** When the first window of a series begins, how long each is, and how many there are. */
function windowsOf({ start: first, end }: TimeRange, interval: Granularity) {
  const step = WINDOW_MS[interval]
  const start = windowStart(first, interval)
  return { start, step, windows: Math.ceil((end - start) / step) }
}

/** The windows of a range in so many parts, in their order; fewer than two where there are so few windows that it is not worth it. */
export function partsOf(range: TimeRange, interval: Granularity, parts: number): TimeRange[] {
  const { start, step, windows } = windowsOf(range, interval)
  if (windows < parts * WINDOWS_OF_PART) return []
  const cuts = Array.from(
    { length: parts - 1 },
    (_, index) => start + Math.round((windows * (index + 1)) / parts) * step,
  )
  return [range.start, ...cuts].map((from, index) => ({ start: from, end: cuts[index] ?? range.end }))
}

/** Of fewer windows it takes no longer to merge them than to plan another query. */
const WINDOWS_OF_PART = 100

/**
 * The page of a series that has a row for each window and each group: a window without operations is one in which nothing was spent, not one
 * that is missing.
 * @param rows of the groups in the order of their first window; of one group those of several parts
 */
export function seriesPage(
  { offset, limit }: Question,
  interval: Granularity,
  compiled: Compiled,
  rows: readonly Row[],
): { page: { [column: string]: Cell }[]; hasMore: boolean } {
  const { range, measures } = compiled
  const { start, step, windows } = windowsOf(range, interval)
  const byGroup = new Map<string, GroupColumns[]>()
  for (const row of rows) {
    const part = groupColumns(row, compiled)
    const key = JSON.stringify(Object.values(part.group))
    const parts = byGroup.get(key)
    if (parts === undefined) byGroup.set(key, [part])
    else parts.push(part)
  }
  const total = windows * byGroup.size
  if (total > SERIES_ROWS) {
    throw new InvalidQuestion(
      'group_by',
      `makes a series of more than ${SERIES_ROWS} rows: ask for a wider interval, a shorter range or fewer groups`,
    )
  }
  const groups = [...byGroup.values()].map((parts) => {
    const columns = measures.map(({ ofNothing }) => new Float64Array(windows).fill(ofNothing ?? Number.NaN))
    for (const { times, numbers } of parts)
      for (let place = 0; place < times.length; place++) {
        const window = (times[place]! - start) / step
        for (let index = 0; index < columns.length; index++) columns[index]![window] = numbers[index]![place]!
      }
    return { group: parts[0]!.group, columns }
  })
  const page: { [column: string]: Cell }[] = []
  const end = Math.min(total, offset + limit)
  for (let at = offset; at < end; ) {
    const window = Math.floor(at / groups.length)
    const time = new Date(start + window * step).toISOString()
    for (; at < end && at < (window + 1) * groups.length; at++) {
      const { group, columns } = groups[at % groups.length]!
      const row: { [column: string]: Cell } = { time, ...group }
      for (const [index, measure] of measures.entries())
        row[measure.name] = cellOf(measure, known(columns[index]![window]!))
      page.push(row)
    }
  }
  return { page, hasMore: total > offset + limit }
}

export function groupColumns(row: Row, compiled: Compiled): GroupColumns {
  return {
    group: groupOf(row, compiled),
    times: row['times'] as Float64Array,
    numbers: compiled.measures.map((_, index) => row[`measures ${index}`] as Float64Array),
  }
}

const known = (number: number) => (Number.isFinite(number) ? number : null)

/** What a row is of, by the names of its dimensions. */
export function groupOf(row: Row, { dimensions }: Compiled): { [column: string]: Cell } {
  return Object.fromEntries(dimensions.map((name, index) => [name, (row[`group ${index}`] as Cell) ?? '']))
}

export function cellOf({ isTime }: Compiled['measures'][number], cell: Cell = null): Cell {
  return isTime && cell !== null ? new Date(Number(cell)).toISOString() : cell
}
