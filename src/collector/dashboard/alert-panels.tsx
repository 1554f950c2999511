/** Alerts: what fires now, the rules they come from, and what was decided before. */
import type { shownAlert, shownRule } from '../alert/answer.js'
import type { WrittenNotice } from '../query/notices.js'
import { parametersOf, type Request } from './api.js'
import { type Asked, useAnswer, useSubject } from './asking.js'
import { count, duration, type Format, money, share, UNKNOWN } from './format.js'
import { Panel } from './panel.js'
import { shortTime } from './range.js'
import { type Column, Table } from './table.js'

type Alerts = {
  readonly evaluating: boolean
  readonly evaluated_to: string | null
  readonly alerts: readonly ReturnType<typeof shownAlert>[]
}
type Notices = { readonly notices: readonly WrittenNotice[] }
type Rules = { readonly rules: readonly (ReturnType<typeof shownRule> & { readonly failure: string | null })[] }

const ALERTS: Request<Alerts> = { path: '/alerts' }
export const RULES: Request<Rules> = { path: '/alerts/rules' }
const TONES: { readonly [state: string]: string } = { firing: 'bad', pending: 'warn', resolved: 'good' }

/** `rules`: they tell what the numbers are of. */
export function AlertsPanel({ rules }: { rules: Rules['rules'] }) {
  const asked = useAnswer(ALERTS)
  const to = asked.answer?.evaluated_to
  return (
    <Panel
      title="Alerts"
      hint={to ? `evaluated up to ${shortTime(Date.parse(to))}` : 'not evaluated yet'}
      asked={asked}
      width={12}
      height={140}
      isEmpty={({ alerts }) => alerts.length === 0}
      whenEmpty={<p>Nothing fires, nothing is pending.</p>}
    >
      {({ alerts }) => (
        <Table
          rows={alerts}
          columns={columnsOf(rules)}
          keyOf={({ rule, labels }) => `${rule} ${JSON.stringify(labels)}`}
        />
      )}
    </Panel>
  )
}

type Alert = Alerts['alerts'][number]

function columnsOf(rules: Rules['rules']): readonly Column<Alert>[] {
  const written = ({ rule }: Alert, value: number | null) => formatOf(rules.find(({ name }) => name === rule))(value)
  return [
    { title: 'State', cell: ({ state }) => <span class={`outcome ${TONES[state] ?? ''}`}>{state}</span> },
    {
      title: 'Rule',
      cell: ({ rule, severity }) => (
        <>
          <span class="model">{rule}</span> <span class="hint">{severity}</span>
        </>
      ),
      isHead: true,
    },
    { title: 'Of', cell: ({ labels }) => labelsInWords(labels), isExtra: true },
    { title: 'Value', cell: (alert) => written(alert, alert.value), isNumber: true },
    { title: 'Threshold', cell: (alert) => written(alert, alert.threshold), isNumber: true },
    { title: 'Since', cell: ({ since }) => shortTime(Date.parse(since)) },
    { title: 'Summary', cell: ({ summary }) => summary, isExtra: true, look: 'wrap' },
  ]
}

export function RulesPanel({ asked }: { asked: Asked<Rules> }) {
  return (
    <Panel
      title="Rules"
      asked={asked}
      width={6}
      height={200}
      isEmpty={({ rules }) => rules.length === 0}
      whenEmpty={
        <p>
          There are no rules. They stand under <code>alerts</code> in the configuration.
        </p>
      }
    >
      {({ rules }) => <Table rows={rules} columns={RULE_COLUMNS} keyOf={({ name }) => name} />}
    </Panel>
  )
}

const RULE_COLUMNS: readonly Column<Rules['rules'][number]>[] = [
  {
    title: 'Rule',
    cell: ({ name, failure }) => (
      <>
        <span class="model">{name}</span>
        {failure !== null && <span class="bad wrap"> {failure}</span>}
      </>
    ),
    isHead: true,
  },
  { title: 'Kind', cell: ({ kind }) => kind },
  { title: 'For', cell: (rule) => (rule.for === '0ms' ? 'at once' : rule.for) },
  { title: 'Severity', cell: ({ severity }) => severity },
]

/** The latest first, of the range. */
export function HistoryPanel() {
  const { span } = useSubject()
  const asked = useAnswer<Notices>({ path: '/notices', parameters: parametersOf(span, {}, { limit: '50' }) })
  return (
    <Panel
      title="History"
      hint="of the range, the latest first"
      asked={asked}
      width={6}
      height={200}
      isEmpty={({ notices }) => notices.length === 0}
      whenEmpty={<p>Nothing happened in this range.</p>}
    >
      {({ notices }) => <Table rows={notices} columns={NOTICE_COLUMNS} keyOf={({ id }) => id} />}
    </Panel>
  )
}

const KINDS: { readonly [kind: string]: string } = {
  budget_threshold_reached: 'budget reached',
  alert_firing: 'alert fires',
  alert_resolved: 'alert resolved',
  collector_started: 'collector started',
  collector_stopped: 'collector stopped',
}

const NOTICE_COLUMNS: readonly Column<WrittenNotice>[] = [
  { title: 'Time', cell: ({ time }) => shortTime(Date.parse(time)), look: 'time' },
  { title: 'What', cell: ({ kind }) => KINDS[kind] ?? kind },
  { title: 'Details', cell: detailsOf, look: 'wrap' },
]

function detailsOf({ budget, alert, totals }: WrittenNotice): string {
  if (budget)
    return `${budget.name}: ${budget.threshold_percent}% of ${money(budget.limit_usd)} (${money(budget.spent_usd)})`
  if (alert) return alert.summary
  return totals ? `${count(totals.operations)} operations, ${money(totals.cost_usd)}` : UNKNOWN
}

const labelsInWords = (labels: { readonly [name: string]: string }) =>
  Object.entries(labels)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ') || UNKNOWN

const DIGITS = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 4 })
const plain: Format = (value) => (value === null || value === undefined ? UNKNOWN : DIGITS.format(value))

/** How the numbers of a rule are written; of one that is there no more, plainly. */
function formatOf(rule: Rules['rules'][number] | undefined): Format {
  if (rule?.kind === 'error_rate' || rule?.kind === 'budget') return share
  // Sums and means are in the unit of their field, counts and rates are not.
  if (rule?.kind !== 'threshold' || /^(count|rate|uniq)$/.test(rule.aggregation ?? '')) return plain
  if (rule.field === 'error_rate') return share
  if (rule.field === 'cost_usd') return money
  return rule.field?.endsWith('_ms') ? duration : plain
}
