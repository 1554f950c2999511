/** What failed: how much, of which kind, where, and the latest. */

import type { FilterName } from '../address.js'
import { request } from '../api.js'
import { ofCalls, useAnswer, useSubject } from '../asking.js'
import { Chart } from '../chart.js'
import { sumOf, totalOf } from '../chart-data.js'
import { count, ratio, share, short } from '../format.js'
import { Kpi } from '../kpi.js'
import { LinesPanel } from '../lines-panel.js'
import { useNumbers } from '../numbers.js'
import { OperationDetails } from '../operation-details.js'
import { type OperationsAnswer, operationsRequest } from '../operation-list.js'
import { OperationTable } from '../operation-table.js'
import { useOverTime } from '../over-time.js'
import { Panel } from '../panel.js'
import { barOf, lengthInWords, rangeInWords } from '../range.js'
import { Ranking } from '../ranking.js'

const FAILURES = {
  errors: ['errors', 'count'],
  operations: ['operations', 'count'],
  rate: ['error_rate', 'avg'],
  retries: ['retries', 'sum'],
} as const
const KINDS = { kinds: ['error_type', 'uniq'] } as const
const FAILED = [{ dimension: 'error_type', operator: 'ne', value: '' }] as const
const LATEST = 25

export function Errors() {
  const subject = useSubject()
  const { span, filters, range } = subject
  const numbers = useNumbers({ ...FAILURES, ...KINDS }, ofCalls(subject))
  const { now, card } = numbers
  const types = useAnswer(
    request({ span, filters, metrics: { errors: FAILURES.errors }, groupBy: ['error_type'], where: FAILED, limit: 12 }),
  )
  const over = useOverTime('error_type', FAILURES.errors, FAILED)
  const latest = useAnswer<OperationsAnswer>(
    operationsRequest(span, filters, { failed: 'true', limit: String(LATEST) }),
  )
  const allErrors = types.answer && sumOf(types.answer.rows.map(({ errors }) => errors))
  const nothing = <p>Nothing failed in the {rangeInWords(range)}.</p>
  return (
    <div class="grid">
      <div class="kpis">
        <Kpi
          label="Error rate"
          {...card('rate')}
          bad="up"
          format={share}
          colour="--bad"
          title="Of the calls of a model"
        />
        <Kpi label="Failed calls" {...card('errors')} bad="up" format={short} colour="--series-7">
          {now && <span class="hint">of {short(now.operations)}</span>}
        </Kpi>
        <Kpi label="Kinds of errors" {...card('kinds')} bad="up" format={count} colour="--series-5" />
        <Kpi
          label="Retries"
          {...card('retries')}
          bad="up"
          format={short}
          colour="--series-2"
          title="HTTP requests that clients repeated by themselves"
        />
      </div>
      <Panel
        title="Failures by type"
        hint={`per ${lengthInWords(barOf(span))}`}
        asked={over.asked}
        width={8}
        height={260}
        isEmpty={() => over.columns!.series.every(({ values }) => sumOf(values) === 0)}
        whenEmpty={nothing}
      >
        {() => (
          <Chart
            label={`Failures by type, ${rangeInWords(range)}`}
            kind="bars"
            isStacked
            windowMs={barOf(span)}
            format={short}
            height={260}
            least={5}
            columns={over.columns!}
            total={(series) => short(totalOf(series))}
          />
        )}
      </Panel>
      <Panel
        title="Types"
        asked={types}
        width={4}
        height={260}
        isEmpty={(answer) => answer.rows.length === 0}
        whenEmpty={nothing}
      >
        {(answer) => (
          <Ranking
            rows={answer.rows}
            title="Type"
            dimension="error_type"
            name={({ of }) => of[0]!}
            bar={({ errors }) => errors}
            columns={[
              { title: 'Failed', value: ({ errors }) => errors, format: count },
              { title: 'Share', value: ({ errors }) => ratio(errors, allErrors), format: share },
            ]}
          />
        )}
      </Panel>
      <LinesPanel
        title="Error rate over time"
        numbers={numbers}
        format={share}
        kind="area"
        least={0.05}
        width={4}
        lines={[{ name: 'error rate', of: 'rate', colour: '--bad' }]}
      />
      <Rates dimension="provider" title="Provider" />
      <Rates dimension="model" title="Model" />
      <Panel
        title="Latest failures"
        asked={latest}
        width={12}
        height={280}
        isEmpty={({ operations }) => operations.length === 0}
        whenEmpty={nothing}
      >
        {({ operations }) => <OperationTable operations={operations} withMessage />}
      </Panel>
      <OperationDetails />
    </div>
  )
}

/** By rate: what fails most often, not what is called most often. */
function Rates({ dimension, title }: { dimension: FilterName; title: string }) {
  const subject = useSubject()
  const { span, filters } = subject
  const asked = useAnswer(
    request({
      span,
      filters,
      metrics: FAILURES,
      groupBy: [dimension],
      where: ofCalls(subject),
      having: [{ metric: 'errors', operator: 'gt', value: 0 }],
      order: { by: 'rate', direction: 'desc' },
      limit: 6,
    }),
  )
  return (
    <Panel
      title={`By ${title.toLowerCase()}`}
      asked={asked}
      width={4}
      isEmpty={({ rows }) => rows.length === 0}
      whenEmpty={<p>Nothing failed.</p>}
    >
      {({ rows }) => (
        <Ranking
          rows={rows}
          title={title}
          dimension={dimension}
          name={({ of }) => of[0]!}
          bar={({ rate }) => rate}
          columns={[
            { title: 'Rate', value: ({ rate }) => rate, format: share },
            { title: 'Failed', value: ({ errors }) => errors, format: short },
          ]}
        />
      )}
    </Panel>
  )
}
