/** Spend over time, told apart by a dimension. */
import type { ComponentChildren } from 'preact'
import type { FilterName } from './address.js'
import { useSubject } from './asking.js'
import { Chart } from './chart.js'
import { totalOf } from './chart-data.js'
import { money, moneyShort } from './format.js'
import { useOverTime } from './over-time.js'
import { Panel } from './panel.js'
import { barOf, lengthInWords, rangeInWords } from './range.js'

export function SpendOverTime({ dimension, tools }: { dimension: FilterName; tools?: ComponentChildren }) {
  const { span, range } = useSubject()
  const barMs = barOf(span)
  const { asked, columns } = useOverTime(dimension, ['cost_usd', 'sum'])
  return (
    <Panel
      title="Spend over time"
      hint={`US dollars per ${lengthInWords(barMs)}`}
      asked={asked}
      covered="cost"
      width={8}
      height={280}
      tools={tools}
      isEmpty={() => columns!.series.length === 0}
    >
      {() => (
        <Chart
          label={`Spend, ${rangeInWords(range)}`}
          kind="bars"
          isStacked
          windowMs={barMs}
          format={money}
          axisFormat={moneyShort}
          height={280}
          columns={columns!}
          total={(series) => money(totalOf(series))}
        />
      )}
    </Panel>
  )
}
