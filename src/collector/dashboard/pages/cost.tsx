/** What was spent, on what, and where it leads. */
import { request } from '../api.js'
import { useAnswer, useSubject } from '../asking.js'
import { BudgetPanel } from '../budget-panel.js'
import { type Choice, Choices, useChoice } from '../by-dimension.js'
import { CacheEfficiency } from '../cache-efficiency.js'
import { CoverageNote } from '../coverage.js'
import { money, ratio, share, short } from '../format.js'
import { Kpi } from '../kpi.js'
import { MonthProjection } from '../month-projection.js'
import { granularityOf, previousOf } from '../range.js'
import { SpendOverTime } from '../spend-over-time.js'
import { SpendTable } from '../spend-table.js'
import { TokenTypes } from '../token-types.js'

const DIMENSIONS = [
  { name: 'model', title: 'Model' },
  { name: 'provider', title: 'Provider' },
  { name: 'service', title: 'Service' },
  { name: 'agent', title: 'Agent' },
  { name: 'user_id', title: 'User' },
] as const satisfies readonly Choice[]

const SPENT = {
  cost: ['cost_usd', 'sum'],
  each: ['cost_usd', 'avg'],
  calls: ['calls', 'count'],
  input: ['input_tokens', 'sum'],
  cached: ['cache_read_tokens', 'sum'],
  tokens: ['total_tokens', 'sum'],
} as const
const OF_USERS = { users: ['user_id', 'uniq'], cost: ['cost_usd', 'sum'] } as const

export function Cost() {
  const { span, filters } = useSubject()
  const total = useAnswer(request({ span, filters, metrics: SPENT }))
  const before = useAnswer(request({ span: previousOf(span), filters, metrics: SPENT }))
  const series = useAnswer(request({ span, filters, metrics: SPENT, interval: granularityOf(span) }))
  const owned = [{ dimension: 'user_id', operator: 'ne', value: '' }] as const
  const users = useAnswer(request({ span, filters, metrics: OF_USERS, where: owned }))
  const dimension = useChoice(DIMENSIONS)
  const [now, then, rows] = [total.answer?.rows[0], before.answer?.rows[0], series.answer?.rows ?? []]
  const ofUsers = users.answer?.rows[0]
  const coverage = total.answer?.coverage
  const note = coverage && <CoverageNote coverage={coverage} of="cost" />
  const million = (row: typeof now) => row && scaled(ratio(row.cost, row.tokens), 1e6)
  return (
    <div class="grid">
      <div class="kpis four">
        <Kpi
          label="Spend"
          value={now?.cost}
          before={then?.cost}
          bad="up"
          format={money}
          values={rows.map(({ cost }) => cost)}
        >
          {note}
        </Kpi>
        <Kpi
          label="Cost per call"
          value={now?.each}
          before={then?.each}
          bad="up"
          format={money}
          values={rows.map(({ each }) => each)}
          colour="--series-2"
          title="The mean of the calls whose cost is known"
        />
        <Kpi
          label="Cost per million tokens"
          value={million(now)}
          before={million(then)}
          bad="up"
          format={money}
          values={rows.map((row) => million(row) ?? null)}
          colour="--series-4"
        />
        <Kpi
          label="Cost per user"
          value={ofUsers && ratio(ofUsers.cost, ofUsers.users)}
          format={money}
          title="Of what belongs to a user"
        >
          {ofUsers && <span class="hint">{short(ofUsers.users)} users</span>}
        </Kpi>
      </div>
      <SpendOverTime dimension={dimension} tools={<Choices label="Tell apart by" choices={DIMENSIONS} />} />
      <MonthProjection />
      <BudgetPanel />
      <SpendTable dimension={dimension} title={DIMENSIONS.find(({ name }) => name === dimension)!.title} />
      <div class="stack span-6">
        <TokenTypes />
        <CacheEfficiency hitShare={now && ratio(now.cached, now.input)} format={share} />
      </div>
    </div>
  )
}

const scaled = (value: number | null, by: number) => (value === null ? null : value * by)
