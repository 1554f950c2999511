/** Numbers of the range as lines over time. */
import type { ComponentChildren } from 'preact'
import type { Measures } from './api.js'
import { useSubject } from './asking.js'
import { Chart } from './chart.js'
import { timesOf } from './chart-data.js'
import type { Format } from './format.js'
import type { Numbers } from './numbers.js'
import { Panel } from './panel.js'
import { rangeInWords } from './range.js'

export type LinesPanelProps<M extends Measures> = {
  readonly title: string
  readonly hint?: string
  readonly numbers: Numbers<M>
  readonly format: Format
  readonly lines: readonly {
    readonly name: string
    readonly of: keyof M & string
    readonly colour: string
    readonly isFaint?: boolean
  }[]
  /** @default 'lines' */
  readonly kind?: 'lines' | 'area'
  /** The largest value the axis shows at least. */
  readonly least?: number
  readonly whenEmpty?: ComponentChildren
  /** Columns of twelve. @default 6 */
  readonly width?: 4 | 6
}

/** Empty where nothing of any line is known. */
export function LinesPanel<M extends Measures>(props: LinesPanelProps<M>) {
  const { title, hint, numbers, format, lines, kind = 'lines', least, whenEmpty, width = 6 } = props
  const { range } = useSubject()
  const series = lines.map(({ of, ...line }) => ({ ...line, values: numbers.line(of) }))
  return (
    <Panel
      title={title}
      {...(hint && { hint })}
      asked={numbers.asked}
      width={width}
      isEmpty={() => series.every(({ values }) => values.every((value) => value === null))}
      whenEmpty={whenEmpty}
    >
      {() => (
        <Chart
          label={`${title}, ${rangeInWords(range)}`}
          kind={kind}
          windowMs={numbers.windowMs}
          format={format}
          {...(least !== undefined && { least })}
          columns={{ times: timesOf(numbers.rows), series }}
        />
      )}
    </Panel>
  )
}
