/** Everything at a glance: what was spent, how it went, what is happening. */
import { go, hashOf, parseAddress } from '../address.js'
import { ofCalls, useSubject } from '../asking.js'
import { Chart } from '../chart.js'
import { inBars, sumOf, timesOf } from '../chart-data.js'
import { CoverageNote } from '../coverage.js'
import { count, duration, money, share, short } from '../format.js'
import { Kpi } from '../kpi.js'
import { LatestOperations } from '../latest-operations.js'
import { LinesPanel } from '../lines-panel.js'
import { useNumbers } from '../numbers.js'
import { Panel } from '../panel.js'
import { barOf, lengthInWords, rangeInWords } from '../range.js'
import { SpendOverTime } from '../spend-over-time.js'
import { SpendTable } from '../spend-table.js'

const GLANCE = {
  cost: ['cost_usd', 'sum'],
  // Of those whose cost is known: the others cost something too.
  each: ['cost_usd', 'avg'],
  calls: ['calls', 'count'],
  tokens: ['total_tokens', 'sum'],
  operations: ['operations', 'count'],
  errors: ['errors', 'count'],
  error_rate: ['error_rate', 'avg'],
  p50: ['duration_ms', 'p50'],
  p95: ['duration_ms', 'p95'],
  first_p50: ['time_to_first_chunk_ms', 'p50'],
  first_p95: ['time_to_first_chunk_ms', 'p95'],
} as const

export function Overview() {
  const subject = useSubject()
  const { span, range } = subject
  const numbers = useNumbers(GLANCE, ofCalls(subject))
  const { now, coverage, asked, rows, line, card } = numbers
  const barMs = barOf(span)
  const link = (page: 'cost' | 'performance' | 'errors' | 'operations') =>
    hashOf({ ...parseAddress(location.hash), page, view: '' })

  return (
    <div class="grid">
      <div class="kpis">
        <Kpi label="Spend" {...card('cost')} bad="up" format={money} href={link('cost')}>
          {coverage && <CoverageNote coverage={coverage} of="cost" />}
        </Kpi>
        <Kpi
          label="Calls"
          {...card('calls')}
          format={short}
          href={link('operations')}
          title="Calls of a model: agents, workflows and tools are not among them"
        />
        <Kpi label="Tokens" {...card('tokens')} format={short} colour="--series-3">
          {coverage && <CoverageNote coverage={coverage} of="usage" />}
        </Kpi>
        <Kpi label="Error rate" {...card('error_rate')} bad="up" format={share} colour="--bad" href={link('errors')}>
          {now && <span class="hint">{count(now.errors)} failed</span>}
        </Kpi>
        <Kpi
          label="Latency p95"
          {...card('p95')}
          bad="up"
          format={duration}
          colour="--series-8"
          href={link('performance')}
          title="Nineteen of twenty took no longer"
        >
          {now && <span class="hint">p50 {duration(now.p50)}</span>}
        </Kpi>
        <Kpi
          label="Time to first chunk p95"
          {...card('first_p95')}
          bad="up"
          format={duration}
          colour="--series-6"
          href={link('performance')}
        >
          {now && <span class="hint">p50 {duration(now.first_p50)}</span>}
        </Kpi>
        <Kpi label="Cost per 1,000 calls" {...card(perThousand)} bad="up" format={money} colour="--series-2" />
        <Kpi
          label="Coverage"
          value={now && (coverage?.cost ?? null)}
          format={share}
          title="Of which share of the calls the cost is known"
        >
          <span class="hint">priced · usage {share(coverage?.usage)}</span>
        </Kpi>
      </div>
      <SpendOverTime dimension="model" />
      <SpendTable dimension="service" title="Service" width={4} />
      <Panel
        title="Calls and failures"
        hint={`per ${lengthInWords(barMs)}`}
        asked={asked}
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
                times: timesOf(rows),
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
      <LinesPanel
        title="Latency"
        hint="of calls of a model"
        numbers={numbers}
        format={duration}
        lines={[
          { name: 'p95', of: 'p95', colour: '--series-8' },
          { name: 'p50', of: 'p50', colour: '--series-1' },
          { name: 'first chunk p50', of: 'first_p50', colour: '--series-3' },
        ]}
      />
      <LatestOperations />
    </div>
  )
}

const perThousand = ({ each }: { readonly each: number | null }) => (each === null ? null : each * 1000)
