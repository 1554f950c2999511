/** Everything at a glance: what was spent, how it went, what is happening. */
import { go, hashOf, parseAddress } from '../address.js'
import { request } from '../api.js'
import { ofCalls, useAnswer, useSubject } from '../asking.js'
import { Chart } from '../chart.js'
import { inBars, sumOf, timesOf } from '../chart-data.js'
import { CoverageNote } from '../coverage.js'
import { count, duration, money, share, short } from '../format.js'
import { Kpi } from '../kpi.js'
import { LatestOperations } from '../latest-operations.js'
import { Panel } from '../panel.js'
import { barOf, granularityOf, lengthInWords, previousOf, rangeInWords, WINDOW_MS } from '../range.js'
import { SpendOverTime } from '../spend-over-time.js'
import { SpendTable } from '../spend-table.js'

const SUMS = {
  cost: ['cost_usd', 'sum'],
  // Of those whose cost is known: the others cost something too.
  each: ['cost_usd', 'avg'],
  calls: ['calls', 'count'],
  tokens: ['total_tokens', 'sum'],
  operations: ['operations', 'count'],
  errors: ['errors', 'count'],
  error_rate: ['error_rate', 'avg'],
} as const
const SPEED = {
  p50: ['duration_ms', 'p50'],
  p95: ['duration_ms', 'p95'],
  first_p50: ['time_to_first_chunk_ms', 'p50'],
  first_p95: ['time_to_first_chunk_ms', 'p95'],
} as const
const GLANCE = { ...SUMS, ...SPEED } as const

export function Overview() {
  const subject = useSubject()
  const { span, filters, range } = subject
  const where = ofCalls(subject)
  const interval = granularityOf(span)
  const total = useAnswer(request({ span, filters, where, metrics: GLANCE }))
  const before = useAnswer(request({ span: previousOf(span), filters, where, metrics: GLANCE }))
  const series = useAnswer(request({ span, filters, where, metrics: GLANCE, interval }))
  const now = total.answer?.rows[0]
  const then = before.answer?.rows[0]
  const rows = series.answer?.rows ?? []
  const coverage = total.answer?.coverage
  const times = timesOf(rows)
  const windowMs = WINDOW_MS[interval]
  const barMs = barOf(span)
  const line = (measure: keyof typeof GLANCE) => rows.map((row) => row[measure])
  const link = (page: 'cost' | 'performance' | 'errors' | 'operations') =>
    hashOf({ ...parseAddress(location.hash), page, view: '' })

  return (
    <div class="grid">
      <div class="kpis">
        <Kpi
          label="Spend"
          value={now?.cost}
          before={then?.cost}
          bad="up"
          format={money}
          values={line('cost')}
          href={link('cost')}
        >
          {coverage && <CoverageNote coverage={coverage} of="cost" />}
        </Kpi>
        <Kpi
          label="Calls"
          value={now?.calls}
          before={then?.calls}
          format={short}
          values={line('calls')}
          href={link('operations')}
          title="Calls of a model: agents, workflows and tools are not among them"
        />
        <Kpi
          label="Tokens"
          value={now?.tokens}
          before={then?.tokens}
          format={short}
          values={line('tokens')}
          colour="--series-3"
        >
          {coverage && <CoverageNote coverage={coverage} of="usage" />}
        </Kpi>
        <Kpi
          label="Error rate"
          value={now?.error_rate}
          before={then?.error_rate}
          bad="up"
          format={share}
          values={line('error_rate')}
          colour="--bad"
          href={link('errors')}
        >
          {now && <span class="hint">{count(now.errors)} failed</span>}
        </Kpi>
        <Kpi
          label="Latency p95"
          value={now?.p95}
          before={then?.p95}
          bad="up"
          format={duration}
          values={line('p95')}
          colour="--series-8"
          href={link('performance')}
          title="Nineteen of twenty took no longer"
        >
          {now && <span class="hint">p50 {duration(now.p50)}</span>}
        </Kpi>
        <Kpi
          label="Time to first chunk p95"
          value={now?.first_p95}
          before={then?.first_p95}
          bad="up"
          format={duration}
          values={line('first_p95')}
          colour="--series-6"
          href={link('performance')}
        >
          {now && <span class="hint">p50 {duration(now.first_p50)}</span>}
        </Kpi>
        <Kpi
          label="Cost per 1,000 calls"
          value={now && perThousand(now)}
          before={then && perThousand(then)}
          bad="up"
          format={money}
          values={rows.map(perThousand)}
          colour="--series-2"
        />
        <CoverageKpi asked={total} />
      </div>
      <SpendOverTime dimension="model" />
      <SpendTable dimension="service" title="Service" width={4} />
      <Panel
        title="Calls and failures"
        hint={`per ${lengthInWords(barMs)}`}
        asked={series}
        isEmpty={() => sumOf(line('operations')) === 0}
      >
        {() => (
          <Chart
            label={`Calls and failures, ${rangeInWords(range)}`}
            kind="bars"
            isStacked
            windowMs={barMs}
            format={short}
            columns={inBars(
              {
                times,
                series: [
                  {
                    name: 'failed',
                    colour: '--bad',
                    values: line('errors'),
                    pick: () => go({ page: 'errors', view: '' }),
                  },
                  {
                    name: 'succeeded',
                    colour: '--series-1',
                    values: rows.map((row) => (row.operations ?? 0) - (row.errors ?? 0)),
                  },
                ],
              },
              barMs,
            )}
            total={({ values }) => short(sumOf(values))}
          />
        )}
      </Panel>
      <Panel title="Latency" hint="of calls of a model" asked={series} isEmpty={() => sumOf(line('operations')) === 0}>
        {() => (
          <Chart
            label={`Latency, ${rangeInWords(range)}`}
            kind="lines"
            windowMs={windowMs}
            format={duration}
            columns={{
              times,
              series: [
                { name: 'p95', colour: '--series-8', values: line('p95') },
                { name: 'p50', colour: '--series-1', values: line('p50') },
                { name: 'first chunk p50', colour: '--series-3', values: line('first_p50') },
              ],
            }}
          />
        )}
      </Panel>
      <LatestOperations />
    </div>
  )
}

const perThousand = ({ each }: { readonly each: number | null }) => (each === null ? null : each * 1000)

function CoverageKpi({
  asked,
}: {
  asked: ReturnType<typeof useAnswer<{ coverage: { calls: number; usage: number | null; cost: number | null } }>>
}) {
  const coverage = asked.answer?.coverage
  return (
    <Kpi label="Coverage" value={coverage?.cost} format={share} title="Of which share of the calls the cost is known">
      <span class="hint">priced · usage {share(coverage?.usage)}</span>
    </Kpi>
  )
}
