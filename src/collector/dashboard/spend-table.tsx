/** Who or what spent most, with the share of everything that was spent. */
import type { FilterName } from './address.js'
import { type Row, request } from './api.js'
import { useAnswer, useSubject } from './asking.js'
import { money, ratio, share, short } from './format.js'
import { Panel } from './panel.js'
import { type Column, Ranking } from './ranking.js'

const METRICS = {
  cost: ['cost_usd', 'sum'],
  calls: ['calls', 'count'],
  each: ['cost_usd', 'avg'],
  tokens: ['total_tokens', 'sum'],
} as const
const TOTAL = { cost: METRICS.cost } as const
const SHOWN = 12
const WIDE: readonly Column<Row<typeof METRICS>>[] = [
  { title: 'Calls', value: ({ calls }) => calls, format: short },
  { title: 'Per call', value: ({ each }) => each, format: money, isExtra: true },
  { title: 'Tokens', value: ({ tokens }) => tokens, format: short, isExtra: true },
]

export function SpendTable({ dimension, title, width = 6 }: { dimension: FilterName; title: string; width?: 4 | 6 }) {
  const { span, filters } = useSubject()
  const asked = useAnswer(request({ span, filters, metrics: METRICS, groupBy: [dimension], limit: SHOWN }))
  const whole = useAnswer(request({ span, filters, metrics: TOTAL })).answer?.rows[0]?.cost
  return (
    <Panel
      title={`Spend by ${title.toLowerCase()}`}
      asked={asked}
      covered="cost"
      width={width}
      height={280}
      isEmpty={({ rows }) => rows.length === 0}
    >
      {({ rows, has_more }) => (
        <Ranking
          rows={rows}
          title={title}
          dimension={dimension}
          name={({ of }) => of[0]!}
          bar={({ cost }) => cost}
          columns={[
            { title: 'Spend', value: ({ cost }) => cost, format: money },
            { title: 'Share', value: ({ cost }) => ratio(cost, whole), format: share },
            ...(width === 4 ? [] : WIDE),
          ]}
          more={has_more && <p class="hint more">The first {SHOWN}; the export has all of them.</p>}
        />
      )}
    </Panel>
  )
}
