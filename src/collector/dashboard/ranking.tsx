/** A table of what is first: names with a bar of their share, numbers beside; a click on a name filters by it. */
import type { ComponentChildren } from 'preact'
import { type FilterName, go } from './address.js'
import { useSubject } from './asking.js'
import { type Format, nameOf, ratio } from './format.js'

export type Column<Row> = {
  readonly title: string
  readonly value: (row: Row) => number | null
  readonly format: Format
  /** Left out where there is little room. */
  readonly isExtra?: boolean
  readonly tone?: (value: number | null) => string
}

export type RankingProps<Row> = {
  readonly rows: readonly Row[]
  /** What the names are: `Model`. */
  readonly title: string
  readonly name: (row: Row) => string
  /** What a click on a name filters by; none: it cannot be. */
  readonly dimension?: FilterName
  /** Longest bar: of the largest value. */
  readonly bar: (row: Row) => number | null
  readonly columns: readonly Column<Row>[]
  readonly more?: ComponentChildren
}

export function Ranking<Row>({ rows, title, name, dimension, bar, columns, more }: RankingProps<Row>) {
  const { filters } = useSubject()
  const most = Math.max(0, ...rows.map((row) => bar(row) ?? 0))
  return (
    <div class="scroll">
      <table class="ranking">
        <thead>
          <tr>
            <th scope="col">{title}</th>
            {columns.map((column) => (
              <th key={column.title} scope="col" class={column.isExtra ? 'number extra' : 'number'}>
                {column.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => {
            const own = name(row)
            const width = (ratio(bar(row), most) ?? 0) * 100
            return (
              <tr key={own}>
                <th scope="row">
                  {dimension === undefined ? (
                    <span class="name">{nameOf(own)}</span>
                  ) : (
                    <button
                      type="button"
                      class="name"
                      onClick={() => go({ filters: { ...filters, [dimension]: [own] } })}
                      title={`Only ${nameOf(own)}`}
                    >
                      {nameOf(own)}
                    </button>
                  )}
                  <span class="bar" aria-hidden="true">
                    <span style={{ width: `${width}%` }} />
                  </span>
                </th>
                {columns.map((column) => {
                  const value = column.value(row)
                  const classes = ['number', column.isExtra ? 'extra' : '', column.tone?.(value) ?? ''].join(' ')
                  return (
                    <td key={column.title} class={classes.trim()}>
                      {column.format(value)}
                    </td>
                  )
                })}
              </tr>
            )
          })}
        </tbody>
      </table>
      {more}
    </div>
  )
}
