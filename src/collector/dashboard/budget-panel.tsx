/** How the budgets stand: what is spent of each, how fast, and when it will be gone. */
import type * as z from 'zod'
import type { LIST } from '../budget/answer.js'
import type { Request } from './api.js'
import { useAnswer } from './asking.js'
import { CoverageNote } from './coverage.js'
import { money, nameOf, share, UNKNOWN } from './format.js'
import { Panel } from './panel.js'

type BudgetList = z.output<typeof LIST>
type Budget = BudgetList['budgets'][number]

const BUDGETS: Request<BudgetList> = { path: '/budgets' }
const TONES: { readonly [level: string]: string } = {
  low: 'good',
  medium: 'good',
  high: 'warn',
  critical: 'bad',
  exhausted: 'bad',
}

export function BudgetPanel({ width = 12 }: { width?: 6 | 12 }) {
  const asked = useAnswer(BUDGETS)
  return (
    <Panel
      title="Budgets"
      hint="of the period that is going on"
      asked={asked}
      width={width}
      height={160}
      isEmpty={({ budgets }) => budgets.length === 0}
      whenEmpty={
        <p>
          There are no budgets. They stand under <code>budgets</code> in the configuration, or are made by{' '}
          <code>PUT /api/v1/budgets/&#123;name&#125;</code>.
        </p>
      }
    >
      {({ budgets }) => (
        <div class="scroll">
          <table class="budgets">
            <thead>
              <tr>
                <th scope="col">Budget</th>
                <th scope="col">Used</th>
                <th scope="col" class="number">
                  Spent
                </th>
                <th scope="col" class="number">
                  Limit
                </th>
                <th scope="col" class="number extra">
                  By its end
                </th>
                <th scope="col" class="number extra">
                  Burn rate
                </th>
                <th scope="col" class="extra">
                  Gone in
                </th>
                <th scope="col">Risk</th>
              </tr>
            </thead>
            <tbody>
              {budgets.map((budget) => (
                <Line key={`${budget.name} ${budget.value ?? ''}`} budget={budget} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  )
}

function Line({ budget }: { budget: Budget }) {
  const { name, value, used, spent_usd, limit_usd, projected_usd, burn_rate, exhausted_in_seconds, risk_level } = budget
  const tone = TONES[risk_level ?? ''] ?? ''
  return (
    <tr>
      <th scope="row">
        <span class="name">
          {name}
          {value !== undefined && <span class="hint provider">{nameOf(value)}</span>}
        </span>
        <span class="hint">
          per {budget.period} <CoverageNote coverage={{ ...budget.coverage, usage: null }} of="cost" />
        </span>
      </th>
      <td class="used">
        <span class="number">{share(used)}</span>
        <span class="bar" aria-hidden="true">
          <span
            style={{ width: `${Math.min(100, (used ?? 0) * 100)}%`, background: `var(${BARS[tone] ?? '--series-1'})` }}
          />
        </span>
      </td>
      <td class="number">{money(spent_usd)}</td>
      <td class="number">{money(limit_usd)}</td>
      <td class="number extra">{money(projected_usd)}</td>
      <td class="number extra">{burn_rate === null ? UNKNOWN : `${Number(burn_rate.toPrecision(2))}×`}</td>
      <td class="extra">{goneIn(exhausted_in_seconds)}</td>
      <td>
        <span class={`outcome ${tone}`}>{risk_level ?? 'unknown'}</span>
      </td>
    </tr>
  )
}

const BARS: { readonly [tone: string]: string } = { good: '--series-3', warn: '--series-5', bad: '--bad' }

function goneIn(seconds: number | null): string {
  if (seconds === null) return 'not in this period'
  if (seconds === 0) return 'gone'
  const [hours, days] = [seconds / 3600, seconds / 86_400]
  return days >= 2
    ? `${days.toFixed(1)} days`
    : hours >= 1
      ? `${hours.toFixed(1)} hours`
      : `${Math.ceil(seconds / 60)} minutes`
}
