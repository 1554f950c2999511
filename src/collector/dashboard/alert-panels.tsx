/** Alerts: what fires now, the rules they come from, and what was decided before. */
import type { shownAlert, shownRule } from '../alert/endpoints.js'
import type { WrittenNotice } from '../query/notices.js'
import { parametersOf, type Request } from './api.js'
import { useAnswer, useSubject } from './asking.js'
import { count, money, UNKNOWN } from './format.js'
import { Panel } from './panel.js'
import { shortTime } from './range.js'

type Alerts = {
  readonly evaluating: boolean
  readonly evaluated_to: string | null
  readonly alerts: readonly ReturnType<typeof shownAlert>[]
}
type Notices = { readonly notices: readonly WrittenNotice[] }
type Rules = { readonly rules: readonly (ReturnType<typeof shownRule> & { readonly failure: string | null })[] }

const ALERTS: Request<Alerts> = { path: '/alerts' }
const RULES: Request<Rules> = { path: '/alerts/rules' }
const TONES: { readonly [state: string]: string } = { firing: 'bad', pending: 'warn', resolved: 'good' }

export function AlertsPanel() {
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
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th scope="col">State</th>
                <th scope="col">Rule</th>
                <th scope="col" class="extra">
                  Of
                </th>
                <th scope="col" class="number">
                  Value
                </th>
                <th scope="col" class="number">
                  Threshold
                </th>
                <th scope="col">Since</th>
                <th scope="col" class="extra">
                  Summary
                </th>
              </tr>
            </thead>
            <tbody>
              {alerts.map((alert) => (
                <tr key={`${alert.rule} ${JSON.stringify(alert.labels)}`}>
                  <td>
                    <span class={`outcome ${TONES[alert.state] ?? ''}`}>{alert.state}</span>
                  </td>
                  <th scope="row">
                    <span class="model">{alert.rule}</span> <span class="hint">{alert.severity}</span>
                  </th>
                  <td class="extra">{labelsInWords(alert.labels)}</td>
                  <td class="number">{number(alert.value)}</td>
                  <td class="number">{number(alert.threshold)}</td>
                  <td>{shortTime(Date.parse(alert.since))}</td>
                  <td class="extra wrap">{alert.summary}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  )
}

export function RulesPanel() {
  const asked = useAnswer(RULES)
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
      {({ rules }) => (
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th scope="col">Rule</th>
                <th scope="col">Kind</th>
                <th scope="col">For</th>
                <th scope="col">Severity</th>
              </tr>
            </thead>
            <tbody>
              {rules.map(({ name, kind, severity, failure, ...rule }) => (
                <tr key={name}>
                  <th scope="row">
                    <span class="model">{name}</span>
                    {failure !== null && <span class="bad wrap"> {failure}</span>}
                  </th>
                  <td>{kind}</td>
                  <td>{rule.for}</td>
                  <td>{severity}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  )
}

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
      {({ notices }) => (
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th scope="col">Time</th>
                <th scope="col">What</th>
                <th scope="col">Details</th>
              </tr>
            </thead>
            <tbody>
              {notices.map((notice) => (
                <tr key={notice.id}>
                  <td class="time">{shortTime(Date.parse(notice.time))}</td>
                  <td>{KINDS[notice.kind] ?? notice.kind}</td>
                  <td class="wrap">{detailsOf(notice)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
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

const number = (value: number | null) => (value === null ? UNKNOWN : String(Number(value.toPrecision(4))))
