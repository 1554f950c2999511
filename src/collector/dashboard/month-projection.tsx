/** What this month will have cost by its end, how that is told, and how far off it may be. */
import type { Filters } from './address.js'
import { type Coverage, parametersOf, type Request } from './api.js'
import { useAnswer, useSubject } from './asking.js'
import { money } from './format.js'
import { Panel } from './panel.js'

type Projection = {
  readonly coverage: Coverage
  /** `2026-01`. */
  readonly month: string
  readonly spent: number | null
  readonly days_left: number
  readonly daily_mean: number | null
  readonly projected: number | null
  readonly low: number | null
  readonly high: number | null
  readonly method: string
  readonly days: readonly { readonly time: string; readonly cost: number | null }[]
}

/** The projection is of the month, whatever the range. */
function projectionRequest({ error_type: _type, conversation_id: _id, ...filters }: Filters): Request<Projection> {
  const parameters = parametersOf({ start: 0, end: 1 }, filters)
  parameters.delete('start_time')
  parameters.delete('end_time')
  return { path: '/costs/projection', parameters }
}

const MONTH = new Intl.DateTimeFormat(undefined, { month: 'long', year: 'numeric', timeZone: 'UTC' })
const DAY = new Intl.DateTimeFormat(undefined, { weekday: 'short', timeZone: 'UTC' })

export function MonthProjection() {
  const { filters } = useSubject()
  const asked = useAnswer(projectionRequest(filters))
  const month = asked.answer && MONTH.format(Date.parse(`${asked.answer.month}-01`))
  return (
    <Panel title="This month" {...(month && { hint: month })} asked={asked} covered="cost" width={4} height={280}>
      {({ spent, projected, low, high, days_left, daily_mean, method, days }) => {
        const most = Math.max(...days.map(({ cost }) => cost ?? 0), 1e-9)
        const whole = high ?? projected ?? spent
        const width = (value: number | null) => `${(100 * (value ?? 0)) / (whole || 1)}%`
        return (
          <>
            <div class="pair">
              <div>
                <div class="kpi-label">Spent so far</div>
                <div class="kpi-value">{money(spent)}</div>
              </div>
              <div>
                <div class="kpi-label">By the end of the month</div>
                <div class="kpi-value">{money(projected)}</div>
                {low !== null && high !== null && (
                  <div class="hint">
                    {money(low)} – {money(high)}, 19 times in 20
                  </div>
                )}
              </div>
            </div>
            <div class="gauge" aria-hidden="true">
              <span class="gauge-range" style={{ left: width(low), width: `calc(${width(high)} - ${width(low)})` }} />
              <span class="gauge-projected" style={{ width: width(projected) }} />
              <span class="gauge-spent" style={{ width: width(spent) }} />
            </div>
            <div class="hint">
              {daily_mean === null
                ? 'No whole day yet to tell it from.'
                : `${money(daily_mean)} a day, ${days_left.toFixed(1)} days left`}
            </div>
            {days.length > 0 && (
              <ul class="days" aria-label="Spend of the last whole days">
                {days.map(({ time, cost }) => (
                  <li key={time} title={money(cost)}>
                    <span class="day-bar" style={{ height: `${(44 * (cost ?? 0)) / most}px` }} />
                    <span class="day-name">{DAY.format(Date.parse(time))}</span>
                    <span class="unseen">{money(cost)}</span>
                  </li>
                ))}
              </ul>
            )}
            <details class="method">
              <summary>How it is told</summary>
              <p class="hint">{method}</p>
            </details>
          </>
        )
      }}
    </Panel>
  )
}
