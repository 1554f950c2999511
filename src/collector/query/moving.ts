/** Moving windows: a series whose numbers are of so much time up to the end of each window, instead of the window alone. */
import { ROLLUP_COLUMNS } from '../store/rollups.js'
import { InvalidQuestion } from './invalid-question.js'
import { type Granularity, type TimeRange, WINDOW_MS, windowStart } from './time-range.js'

/** Windows of the series, times the windows that each of them looks back on: each is read so often. */
export const MOST_READINGS = 50_000

/** Throws InvalidQuestion for a length that does not fit. */
export function checkMoving({ start, end }: TimeRange, interval: Granularity | undefined, lengthMs: number): void {
  if (interval === undefined) throw new InvalidQuestion('window', 'is for a series: name its interval too')
  const step = WINDOW_MS[interval]
  if (lengthMs % step !== 0) throw new InvalidQuestion('window', `must be whole windows of ${interval}`)
  if ((lengthMs / step) * Math.ceil((end - start) / step) > MOST_READINGS)
    throw new InvalidQuestion(
      'window',
      `makes ${MOST_READINGS} readings or more of windows of ${interval}: ask for a shorter range, or a wider interval`,
    )
}

/** What is read for a range of windows: as much before it as the first of them looks back on. */
export function lookedBack({ start, end }: TimeRange, interval: Granularity, lengthMs: number): TimeRange {
  return { start: windowStart(start, interval) + WINDOW_MS[interval] - lengthMs, end }
}

const MERGED_BY = new Map(ROLLUP_COLUMNS.map(({ name, type }) => [name, /\((\w+),/.exec(type)![1]!]))

/**
 * The rows of rollups once for each window of the range that looks back on them, with its start as their time. Before that they are made one
 * row for each window and what is told apart, which is as much less to read so often.
 */
export function movingSql(
  rows: string,
  columns: readonly string[],
  { start, end }: TimeRange,
  { windowSql, step, lengthMs }: { readonly windowSql: string; readonly step: number; readonly lengthMs: number },
): string {
  const apart = columns.filter((name) => !MERGED_BY.has(name))
  const merged = columns.flatMap((name) => (MERGED_BY.has(name) ? [`${MERGED_BY.get(name)}(${name}) AS ${name}`] : []))
  const first = windowStartOf(start, step)
  const least = `greatest(0, intDiv(${first} - at, ${step}))`
  const most = `least(${lengthMs / step}, intDiv(${end} - at + ${step - 1}, ${step}))`
  return `SELECT fromUnixTimestamp64Milli(toInt64(at + later * ${step}), 'UTC') AS time, ${columns.join(', ')}
FROM (
SELECT ${[`${windowSql} AS at`, ...apart, ...merged].join(', ')}
FROM (\n${rows}\n)
GROUP BY ${['at', ...apart].join(', ')}
)
ARRAY JOIN range(toInt32(${least}), toInt32(${most})) AS later`
}

const windowStartOf = (time: number, step: number) => Math.floor(time / step) * step
