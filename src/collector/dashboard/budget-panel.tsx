/** How the budgets stand: what is spent of each, how fast, and when it will be gone. */
import type * as z from 'zod'
import type { LIST } from '../budget/answer.js'
import type { Request } from './api.js'
import { useAnswer } from './asking.js'
import { CoverageNote } from './coverage.js'
import { money, nameOf, share, UNKNOWN } from './format.js'
import { Panel } from './panel.js'
import { type Column, Table } from './table.js'

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
        <Table rows={budgets} columns={COLUMNS} keyOf={({ name, value }) => `${name} ${value ?? ''}`} look="budgets" />
      )}
    </Panel>
  )
}

const toneOf = ({ risk_level }: Budget) => TONES[risk_level ?? ''] ?? ''

const COLUMNS: readonly Column<Budget>[] = [
  { title: 'Budget', cell: whoseOf, isHead: true },
  { title: 'Used', cell: usedOf, look: 'used' },
  { title: 'Spent', cell: ({ spent_usd }) => money(spent_usd), isNumber: true },
  { title: 'Limit', cell: ({ limit_usd }) => money(limit_usd), isNumber: true },
  { title: 'By its end', cell: ({ projected_usd }) => money(projected_usd), isNumber: true, isExtra: true },
  {
    title: 'Burn rate',
    cell: ({ burn_rate }) => (burn_rate === null ? UNKNOWN : `${Number(burn_rate.toPrecision(2))}×`),
    isNumber: true,
    isExtra: true,
  },
  { title: 'Gone in', cell: ({ exhausted_in_seconds }) => goneIn(exhausted_in_seconds), isExtra: true },
  {
    title: 'Risk',
    cell: (budget) => <span class={`outcome ${toneOf(budget)}`}>{budget.risk_level ?? 'unknown'}</span>,
  },
]

function whoseOf({ name, value, period, coverage }: Budget) {
  return (
    <>
      <span class="name">
        {name} {value !== undefined && <span class="hint provider">{nameOf(value)}</span>}
      </span>
      <span class="hint">
        per {period} <CoverageNote coverage={{ ...coverage, usage: null }} of="cost" />
      </span>
    </>
  )
}

function usedOf(budget: Budget) {
  const { used } = budget
  const style = {
    width: `${Math.min(100, (used ?? 0) * 100)}%`,
    background: `var(${BARS[toneOf(budget)] ?? '--series-1'})`,
  }
  return (
    <>
      <span class="number">{share(used)}</span>
      <span class="bar" aria-hidden="true">
        <span style={style} />
      </span>
    </>
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
