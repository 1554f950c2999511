/** Numbers of the range as cards and charts have them: of the whole, of the period before it, and window by window. */
import type { Filter } from '../query/question.js'
import { type Coverage, type Measures, type Row, request, type Table } from './api.js'
import { type Asked, useAnswer, useSubject } from './asking.js'
import { granularityOf, previousOf, WINDOW_MS } from './range.js'

/** A number of a row, or one that is told from several of them. */
type Figure<M extends Measures> = (keyof M & string) | ((row: Row<M>) => number | null)

export type Numbers<M extends Measures> = {
  /** Of the whole range. */
  readonly now: Row<M> | undefined
  readonly coverage: Coverage | undefined
  /** Window by window. */
  readonly asked: Asked<Table<M>>
  readonly rows: readonly Row<M>[]
  readonly windowMs: number
  /** Of every window. */
  readonly line: (figure: Figure<M>) => readonly (number | null)[]
  /** What a card has of it. */
  readonly card: (figure: Figure<M>) => {
    readonly value: number | null | undefined
    readonly before: number | null | undefined
    readonly values: readonly (number | null)[]
  }
}

/** `where`: beside the filters of the address. */
export function useNumbers<M extends Measures>(metrics: M, where: readonly Filter[] = []): Numbers<M> {
  const { span, filters } = useSubject()
  const interval = granularityOf(span)
  const whole = useAnswer(request({ span, filters, where, metrics }), true)
  const before = useAnswer(request({ span: previousOf(span), filters, where, metrics }), true)
  const asked = useAnswer(request({ span, filters, where, metrics, interval }), true)
  const [now, then, rows] = [whole.answer?.rows[0], before.answer?.rows[0], asked.answer?.rows ?? []]
  const of = (row: Row<M>, figure: Figure<M>) => (typeof figure === 'function' ? figure(row) : row[figure])
  const line = (figure: Figure<M>) => rows.map((row) => of(row, figure))
  return {
    now,
    coverage: whole.answer?.coverage,
    asked,
    rows,
    windowMs: WINDOW_MS[interval],
    line,
    card: (figure) => ({ value: now && of(now, figure), before: then && of(then, figure), values: line(figure) }),
  }
}
