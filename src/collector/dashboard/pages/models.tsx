/** Models beside each other: speed, price, reliability, and what suits which. */
import { type Filters, go } from '../address.js'
import { type Coverage, parametersOf, type Request } from '../api.js'
import { useAnswer, useSubject } from '../asking.js'
import { count, duration, money, nameOf, perMillion, share, short } from '../format.js'
import { HealthPanel } from '../health-panel.js'
import { Panel } from '../panel.js'
import type { Span } from '../range.js'
import { Ranking } from '../ranking.js'
import { Scatter } from '../scatter.js'

type Comparison = {
  readonly coverage: Coverage
  readonly models: readonly Compared[]
  readonly summary: {
    readonly fastest_model: string | null
    readonly cheapest_model: string | null
    readonly most_reliable_model: string | null
    readonly recommendations: readonly string[]
  }
}
type Compared = {
  readonly model: string
  readonly provider: string
  readonly metrics: {
    readonly [metric in
      | 'request_count'
      | 'avg_latency_ms'
      | 'p95_latency_ms'
      | 'avg_time_to_first_chunk_ms'
      | 'avg_cost_usd'
      | 'total_cost_usd'
      | 'total_tokens'
      | 'throughput_rps'
      | 'success_rate']: number | null
  }
}

function comparisonRequest(span: Span, filters: Filters): Request<Comparison> {
  const { error_type: _type, conversation_id: _id, model = [], ...known } = filters
  // Of one model there is no comparison: then it is among all of them.
  const models: { models?: string } = model.length > 1 ? { models: model.join(',') } : {}
  return { path: '/metrics/models', parameters: parametersOf(span, known, models) }
}

export function Models() {
  const { span, filters } = useSubject()
  const asked = useAnswer(comparisonRequest(span, filters))
  const isEmpty = ({ models }: Comparison) => models.length === 0
  return (
    <div class="grid">
      <Panel
        title="What suits which"
        hint="the ten models with most calls"
        asked={asked}
        width={5}
        height={300}
        isEmpty={isEmpty}
      >
        {({ summary, models }) => <Summary summary={summary} models={models} />}
      </Panel>
      <Panel
        title="Price and speed"
        hint="the further down and left, the better"
        asked={asked}
        covered="cost"
        width={7}
        height={300}
        isEmpty={isEmpty}
      >
        {({ models }) => (
          <Scatter
            label="Mean cost of a call against its latency at p95"
            x={{ title: 'latency p95', format: duration }}
            y={{ title: 'cost per call', format: money }}
            points={models.map(({ model, metrics }) => ({
              name: nameOf(model),
              colourName: model,
              x: metrics.p95_latency_ms,
              y: metrics.avg_cost_usd,
              size: metrics.request_count ?? 0,
              pick: () => go({ filters: { ...filters, model: [model] } }),
            }))}
          />
        )}
      </Panel>
      <Panel title="Comparison" asked={asked} covered="both" width={12} height={360} isEmpty={isEmpty}>
        {({ models }) => (
          <Ranking
            rows={models}
            title="Model"
            dimension="model"
            name={({ model }) => model}
            bar={({ metrics }) => metrics.request_count}
            columns={[
              { title: 'Calls', value: ({ metrics }) => metrics.request_count, format: short },
              { title: 'Success', value: ({ metrics }) => metrics.success_rate, format: share, tone: toneOf },
              {
                title: 'Mean latency',
                value: ({ metrics }) => metrics.avg_latency_ms,
                format: duration,
                isExtra: true,
              },
              { title: 'p95', value: ({ metrics }) => metrics.p95_latency_ms, format: duration },
              {
                title: 'First chunk',
                value: ({ metrics }) => metrics.avg_time_to_first_chunk_ms,
                format: duration,
                isExtra: true,
              },
              { title: 'Per call', value: ({ metrics }) => metrics.avg_cost_usd, format: money },
              { title: 'Spend', value: ({ metrics }) => metrics.total_cost_usd, format: money, isExtra: true },
              { title: 'Tokens', value: ({ metrics }) => metrics.total_tokens, format: short, isExtra: true },
              {
                title: '$ per 1M tokens',
                value: ({ metrics }) => perMillion(metrics.total_cost_usd, metrics.total_tokens),
                format: money,
                isExtra: true,
              },
            ]}
          />
        )}
      </Panel>
      <HealthPanel />
    </div>
  )
}

/** As the API calls a model reliable. */
const RELIABLE = 0.99
const POOR = 0.95
const toneOf = (rate: number | null) => (rate === null ? '' : rate >= RELIABLE ? 'good' : rate < POOR ? 'bad' : 'warn')

function Summary({ summary, models }: Pick<Comparison, 'summary' | 'models'>) {
  const of = (name: string | null) => models.find(({ model }) => model === name)?.metrics
  const { fastest_model: fastest, cheapest_model: cheapest, most_reliable_model: reliable } = summary
  return (
    <>
      <dl class="winners">
        <Winner title="Fastest" name={fastest} value={`${duration(of(fastest)?.avg_latency_ms)} in the mean`} />
        <Winner title="Cheapest" name={cheapest} value={`${money(of(cheapest)?.avg_cost_usd)} a call`} />
        <Winner
          title="Most reliable"
          name={reliable}
          value={`${share(of(reliable)?.success_rate)} of ${count(of(reliable)?.request_count)} calls succeeded`}
        />
      </dl>
      {summary.recommendations.length > 0 && (
        <ul class="recommendations">
          {summary.recommendations.map((text) => (
            <li key={text}>{text}.</li>
          ))}
        </ul>
      )}
    </>
  )
}

function Winner({ title, name, value }: { title: string; name: string | null; value: string }) {
  return (
    <div>
      <dt class="hint">{title}</dt>
      <dd>
        <strong>{name === null ? '–' : nameOf(name)}</strong>
        {name !== null && <span class="hint">{value}</span>}
      </dd>
    </div>
  )
}
