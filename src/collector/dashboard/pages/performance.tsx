/** How long it took: as a whole, over time, and model by model. */
import { type Filters, go } from '../address.js'
import { type Granularity, parametersOf, type Request, type Row, request } from '../api.js'
import { ofCalls, useAnswer, useSubject } from '../asking.js'
import { CoverageNote } from '../coverage.js'
import { count, duration, ratio, share, short, tokenRate } from '../format.js'
import type { HeatCell } from '../heat-grid.js'
import { Heatmap } from '../heatmap.js'
import { Kpi } from '../kpi.js'
import { LinesPanel } from '../lines-panel.js'
import { useNumbers } from '../numbers.js'
import { Panel } from '../panel.js'
import { granularityOf, rangeInWords, type Span, WINDOW_MS } from '../range.js'
import { Ranking } from '../ranking.js'

const SPEED = {
  calls: ['operations', 'count'],
  p50: ['duration_ms', 'p50'],
  p90: ['duration_ms', 'p90'],
  p95: ['duration_ms', 'p95'],
  p99: ['duration_ms', 'p99'],
  first_p50: ['time_to_first_chunk_ms', 'p50'],
  first_p95: ['time_to_first_chunk_ms', 'p95'],
  tokens_rate: ['total_tokens', 'rate'],
  error_rate: ['error_rate', 'avg'],
  output: ['output_tokens', 'avg'],
  duration: ['duration_ms', 'avg'],
} as const

/** Tokens a second that a call of mean length and mean output made; of what has no output, such as embeddings, none. */
const outputSpeed = ({ output, duration: mean }: Row<typeof SPEED>) =>
  output === 0 ? null : ratio(output, mean && mean / 1000)

export function Performance() {
  const subject = useSubject()
  const { span, filters } = subject
  const where = ofCalls(subject)
  const numbers = useNumbers(SPEED, where)
  const { now, coverage, card } = numbers
  const byModel = useAnswer(request({ span, filters, where, metrics: SPEED, groupBy: ['model'], limit: 30 }))
  return (
    <div class="grid">
      <div class="kpis">
        <Kpi label="Latency p50" {...card('p50')} bad="up" format={duration} />
        <Kpi label="Latency p95" {...card('p95')} bad="up" format={duration} colour="--series-8">
          {now && <span class="hint">p99 {duration(now.p99)}</span>}
        </Kpi>
        <Kpi
          label="Time to first chunk p95"
          {...card('first_p95')}
          bad="up"
          format={duration}
          colour="--series-3"
          title="Of streamed calls"
        >
          {now && <span class="hint">p50 {duration(now.first_p50)}</span>}
        </Kpi>
        <Kpi label="Throughput" {...card('tokens_rate')} format={tokenRate} colour="--series-2">
          {coverage && <CoverageNote coverage={coverage} of="usage" />}
        </Kpi>
      </div>
      <LatencyHeatmap />
      <LinesPanel
        title="Latency percentiles"
        hint="calls of a model"
        numbers={numbers}
        format={duration}
        lines={[
          { name: 'p99', of: 'p99', colour: '--series-7', isFaint: true },
          { name: 'p95', of: 'p95', colour: '--series-8' },
          { name: 'p90', of: 'p90', colour: '--series-6' },
          { name: 'p50', of: 'p50', colour: '--series-1' },
        ]}
      />
      <LinesPanel
        title="Time to first chunk"
        hint="streamed calls"
        numbers={numbers}
        format={duration}
        lines={[
          { name: 'p95', of: 'first_p95', colour: '--series-8' },
          { name: 'p50', of: 'first_p50', colour: '--series-3' },
        ]}
        whenEmpty={<p>No call of this range was streamed, or none told when its first chunk came.</p>}
      />
      <Panel
        title="By model"
        hint="the most called first"
        asked={byModel}
        width={12}
        height={320}
        isEmpty={(answer) => answer.rows.length === 0}
      >
        {(answer) => (
          <Ranking
            rows={answer.rows}
            title="Model"
            dimension="model"
            name={({ of }) => of[0]!}
            bar={({ calls }) => calls}
            columns={[
              { title: 'Calls', value: ({ calls }) => calls, format: short },
              { title: 'p50', value: ({ p50 }) => p50, format: duration },
              { title: 'p95', value: ({ p95 }) => p95, format: duration },
              { title: 'p99', value: ({ p99 }) => p99, format: duration, isExtra: true },
              { title: 'First chunk p50', value: ({ first_p50 }) => first_p50, format: duration, isExtra: true },
              { title: 'First chunk p95', value: ({ first_p95 }) => first_p95, format: duration, isExtra: true },
              {
                title: 'Output speed',
                value: outputSpeed,
                format: tokenRate,
                isExtra: true,
              },
              { title: 'Errors', value: ({ error_rate }) => error_rate, format: share },
            ]}
          />
        )}
      </Panel>
    </div>
  )
}

type Distribution = {
  readonly window: { readonly start_time: string; readonly end_time: string }
  readonly cells: readonly HeatCell[]
}

function distributionRequest(span: Span, filters: Filters, granularity: Granularity): Request<Distribution> {
  const { error_type: _type, conversation_id: _id, ...known } = filters
  return { path: '/performance/distribution', parameters: parametersOf(span, known, { granularity }) }
}

function LatencyHeatmap() {
  const { span, filters, range } = useSubject()
  const interval = granularityOf(span)
  const asked = useAnswer(distributionRequest(span, filters, interval))
  return (
    <Panel
      title="How long calls took"
      hint="darker: more calls; the scale doubles every two rows"
      asked={asked}
      width={12}
      height={260}
      isEmpty={({ cells }) => cells.length === 0}
    >
      {({ cells, window }) => (
        <Heatmap
          label={`Calls by duration, ${rangeInWords(range)}, ${count(cells.reduce((sum, cell) => sum + cell.count, 0))} in all`}
          cells={cells}
          start={Math.floor(Date.parse(window.start_time) / WINDOW_MS[interval]) * WINDOW_MS[interval]}
          end={Date.parse(window.end_time)}
          windowMs={WINDOW_MS[interval]}
          onZoom={(start, end) => go({ range: { start, end } })}
        />
      )}
    </Panel>
  )
}
