/** Tables: what each column is, told once for its head and its cells. */
import type { ComponentChildren } from 'preact'

export type Column<Row> = {
  readonly title: string
  readonly cell: (row: Row) => ComponentChildren
  /** Names its row to whoever hears it. */
  readonly isHead?: boolean
  readonly isNumber?: boolean
  /** Left out where there is little room. */
  readonly isExtra?: boolean
  /** Classes of its cells, beside those that follow from what it is. */
  readonly look?: string | ((row: Row) => string)
}

export type TableProps<Row> = {
  readonly rows: readonly Row[]
  readonly columns: readonly Column<Row>[]
  readonly keyOf: (row: Row) => string
  /** A class of its own. */
  readonly look?: string
  readonly lookOf?: (row: Row) => string
  /** Below it. */
  readonly more?: ComponentChildren
}

const classOf = (...classes: readonly (string | false | undefined)[]) => classes.filter(Boolean).join(' ')

export function Table<Row>({ rows, columns, keyOf, look = '', lookOf = () => '', more }: TableProps<Row>) {
  return (
    <div class="scroll">
      <table class={look}>
        <thead>
          <tr>
            {columns.map(({ title, isNumber, isExtra }) => (
              <th key={title} scope="col" class={classOf(isNumber && 'number', isExtra && 'extra')}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)} class={lookOf(row)}>
              {columns.map(({ title, cell, isHead, isNumber, isExtra, look: own }) => {
                const classes = classOf(
                  isNumber && 'number',
                  isExtra && 'extra',
                  typeof own === 'function' ? own(row) : own,
                )
                return isHead ? (
                  <th key={title} scope="row" class={classes}>
                    {cell(row)}
                  </th>
                ) : (
                  <td key={title} class={classes}>
                    {cell(row)}
                  </td>
                )
              })}
            </tr>
          ))}
        </tbody>
      </table>
      {more}
    </div>
  )
}
