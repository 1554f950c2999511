/** Windows of a series for who goes through a long past one by one: asked in few questions, as many at a time as fit into an answer. */
import type { Answer } from './ask.js'
import { MOST_READINGS } from './moving.js'
import { LIMITS, type Question } from './question.js'
import { type Granularity, WINDOW_MS } from './time-range.js'

/** Answers a question with its rows alone. */
export type AskSeries = (question: Question) => Promise<Pick<Answer, 'rows' | 'has_more'>>

export type SeriesRow = Answer['rows'][number]

export type KeptSeriesOptions<Kept> = {
  readonly ask: AskSeries
  readonly question: Omit<Question, 'range' | 'interval' | 'limit' | 'offset' | 'having'> & {
    readonly interval: Granularity
  }
  /** Epoch milliseconds; no window that starts later is wanted. */
  readonly end: number
  /** What is kept of a row; undefined: nothing. */
  readonly read: (row: SeriesRow) => Kept | undefined
}

/** Windows of one question, before it is known how many rows each of them has. */
const FIRST_WINDOWS = 1000

export class KeptSeries<Kept> {
  readonly #options: KeptSeriesOptions<Kept>
  readonly #step: number
  /** By the start of the window. */
  readonly #windows = new Map<number, readonly Kept[]>()
  #atOnce: number

  constructor(options: KeptSeriesOptions<Kept>) {
    const { interval, movingMs } = options.question
    this.#options = options
    this.#step = WINDOW_MS[interval]
    const readings = movingMs === undefined ? 1 : movingMs / this.#step
    this.#atOnce = Math.max(1, Math.min(FIRST_WINDOWS, Math.floor(MOST_READINGS / readings)))
  }

  /** Rows of the window that starts then. Throws what asking for this one window alone throws. */
  async at(time: number): Promise<readonly Kept[]> {
    while (!this.#windows.has(time)) await this.#askFrom(time)
    return this.#windows.get(time)!
  }

  /** Nobody asks for the window any more. */
  forget(time: number): void {
    this.#windows.delete(time)
  }

  async #askFrom(start: number): Promise<void> {
    const { ask, question, end, read } = this.#options
    const windows = Math.max(1, Math.min(this.#atOnce, Math.ceil((end - start) / this.#step)))
    const range = { start, end: start + windows * this.#step }
    try {
      const { rows, has_more } = await ask({ ...question, range, having: [], limit: LIMITS.rows, offset: 0 })
      const byTime = new Map<number, Kept[]>()
      for (const row of rows) {
        const time = Date.parse(String(row['time']))
        const kept = read(row)
        const own = byTime.get(time)
        if (own === undefined) byTime.set(time, kept === undefined ? [] : [kept])
        else if (kept !== undefined) own.push(kept)
      }
      // Where there are more rows, the last window is not whole.
      const whole = has_more ? Date.parse(String(rows.at(-1)!['time'])) : range.end
      if (whole === start) throw new Error(`a window has more than ${LIMITS.rows} groups`)
      for (let time = start; time < whole; time += this.#step) this.#windows.set(time, byTime.get(time) ?? [])
      this.#atOnce = (whole - start) / this.#step
    } catch (error) {
      if (windows === 1) throw error
      // It may have been too much: less of it is asked again.
      this.#atOnce = Math.ceil(windows / 4)
    }
  }
}
