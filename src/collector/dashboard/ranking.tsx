/** A table of what is first: names with a bar of their share, numbers beside; a click on a name filters by it. */
import type { ComponentChildren } from 'preact'
import { type FilterName, go } from './address.js'
import { useSubject } from './asking.js'
import { type Format, nameOf, ratio } from './format.js'
import { Table } from './table.js'

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
  const first = (row: Row) => {
    const own = name(row)
    const text = nameOf(own)
    return (
      <>
        {dimension === undefined ? (
          <span class="name">{text}</span>
        ) : (
          <button
            type="button"
            class="name"
            onClick={() => go({ filters: { ...filters, [dimension]: [own] } })}
            title={`Only ${text}`}
          >
            {text}
          </button>
        )}
        <span class="bar" aria-hidden="true">
          <span style={{ width: `${(ratio(bar(row), most) ?? 0) * 100}%` }} />
        </span>
      </>
    )
  }
  const numbers = columns.map(({ title, value, format, isExtra, tone }) => ({
    title,
    cell: (row: Row) => format(value(row)),
    isNumber: true,
    isExtra: isExtra ?? false,
    look: (row: Row) => tone?.(value(row)) ?? '',
  }))
  return (
    <Table
      rows={rows}
      columns={[{ title, cell: first, isHead: true }, ...numbers]}
      keyOf={name}
      look="ranking"
      more={more}
    />
  )
}
