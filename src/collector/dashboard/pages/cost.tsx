/** What was spent, on what, and where it leads. */
import { request } from '../api.js'
import { useAnswer, useSubject } from '../asking.js'
import { BudgetPanel } from '../budget-panel.js'
import { type Choice, Choices, useChoice } from '../by-dimension.js'
import { CacheEfficiency } from '../cache-efficiency.js'
import { CoverageNote } from '../coverage.js'
import { money, perMillion, ratio, share, short } from '../format.js'
import { Kpi } from '../kpi.js'
import { MonthProjection } from '../month-projection.js'
import { useNumbers } from '../numbers.js'
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
  const { now, coverage, card } = useNumbers(SPENT)
  const owned = [{ dimension: 'user_id', operator: 'ne', value: '' }] as const
  const ofUsers = useAnswer(request({ span, filters, metrics: OF_USERS, where: owned })).answer?.rows[0]
  const dimension = useChoice(DIMENSIONS)
  return (
    <div class="grid">
      <div class="kpis">
        <Kpi label="Spend" {...card('cost')} bad="up" format={money}>
          {coverage && <CoverageNote coverage={coverage} of="cost" />}
        </Kpi>
        <Kpi
          label="Cost per call"
          {...card('each')}
          bad="up"
          format={money}
          colour="--series-2"
          title="The mean of the calls whose cost is known"
        />
        <Kpi
          label="Cost per million tokens"
          {...card(({ cost, tokens }) => perMillion(cost, tokens))}
          bad="up"
          format={money}
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
