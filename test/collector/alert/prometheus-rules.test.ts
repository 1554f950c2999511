/** What Prometheus makes of the rules that are written is judged by promtool: test/promtool/alerts.js. Here is what is written, and what is refused. */
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { prometheusRules } from '../../../src/collector/alert/prometheus-rules.js'
import type { Naming } from '../../../src/collector/alert/promql.js'
import { loadConfig } from '../../../src/collector/config.js'
import { NO_SOURCES, settled } from './rules.js'

type Written = { groups: { rules: { alert: string; expr: string; [field: string]: unknown }[] }[] }

const written = (given: object, naming: Naming = 'page') => {
  const text = prometheusRules([settled({ window: '5m', ...given })], naming)
  return { text, rules: (parse(text) as Written).groups[0]!.rules }
}

test('names are those of the page, or have their units; labels, times and texts are carried over', () => {
  const rule = {
    name: 'Slow',
    kind: 'threshold',
    field: 'duration_ms',
    aggregation: 'p95',
    threshold: 1000,
    minOperations: 20,
    for: '10m',
    keepFiring: '5m',
    labels: { team: 'a' },
    groupBy: ['model'],
    filters: [
      { dimension: 'operation', value: 'chat' },
      { dimension: 'provider', operator: 'not_in', value: ['a.b', 'c"d'] },
    ],
    summary: '{{model}} of {{team}}: {{value}}',
  }
  const { rules } = written(rule)
  const selector = '{gen_ai_operation_name="chat",gen_ai_provider_name!~"a\\\\.b|c\\"d"}[5m]'
  expect(rules).toEqual([
    {
      alert: 'Slow',
      expr: `1000 * histogram_quantile(0.95, sum by (le, gen_ai_request_model) (rate(gen_ai_client_inference_duration_bucket${selector}))) > 1000 and sum by (gen_ai_request_model) (increase(gen_ai_client_inference_duration_count${selector})) >= 20`,
      for: '10m',
      keep_firing_for: '5m',
      labels: { team: 'a', severity: 'warning' },
      annotations: { summary: '{{ $labels.gen_ai_request_model }} of a: {{ $value }}' },
    },
  ])
  expect(written(rule, 'otlp').rules[0]!.expr).toContain('gen_ai_client_inference_duration_seconds_bucket')
  const spend = {
    kind: 'threshold',
    field: 'cost_usd',
    aggregation: 'sum',
    threshold: 5,
    filters: [{ dimension: 'service', value: 'api' }],
  }
  expect(written(spend, 'otlp').rules[0]!.expr).toBe(
    'sum (increase(tokmeter_operation_cost_USD_sum{job="api"}[5m])) > 5',
  )
})

test('what PromQL cannot say is named with its reason, and what it lacks too', () => {
  const f = (given: object, comment: string, count = 0, naming: Naming = 'page') => {
    const { text, rules } = written({ name: 'R', ...given }, naming)
    expect([text.split('\n').filter((line) => line.startsWith('# R')), rules.length]).toEqual([[`# ${comment}`], count])
  }
  const rate = { kind: 'error_rate', threshold: 0.1 }
  f(
    { ...rate, groupBy: ['user_id'] },
    'R (error_rate) cannot be written for Prometheus: the metrics do not tell operations apart by user_id.',
  )
  f(
    { ...rate, groupBy: ['service'] },
    'R (error_rate) cannot be written for Prometheus: the metrics do not tell operations apart by service.',
  )
  f(
    { kind: 'anomaly', window: undefined },
    'R (anomaly) cannot be written for Prometheus: rules of kind anomaly are not told from metrics.',
  )
  f(
    { kind: 'threshold', field: 'duration_ms', aggregation: 'max', threshold: 1 },
    'R (threshold) cannot be written for Prometheus: histograms do not tell the max of duration_ms.',
  )
  f(
    { ...rate, clear: 0.05, cooldown: '1h' },
    'R: Prometheus has no second threshold (clear) and no cooldown; the rest is written.',
    1,
  )
  expect(written({ kind: 'budget', budget: 'chat-api', threshold: 0.9, window: undefined }).rules[0]!.expr).toBe(
    'tokmeter_budget_used_ratio{budget="chat-api"} >= 0.9',
  )
})

test('the ready set is right, and all of it but anomalies can be written for Prometheus', () => {
  const file = new URL('../../../collector-config/alerts.yaml', import.meta.url).pathname
  const { alerts } = loadConfig({ file, environment: {}, directory: '/no/where' }).config
  const text = prometheusRules(
    alerts.rules.map((rule) => settled(rule, NO_SOURCES)),
    'page',
  )
  expect((parse(text) as Written).groups[0]!.rules.map(({ alert }) => alert)).toEqual([
    'CallsFail',
    'ErrorBudgetBurns',
    'ErrorBudgetBurns',
    'ErrorBudgetBurns',
    'AnswersSlow',
    'FirstChunkLate',
    'SpendingHigh',
    'NothingCalls',
  ])
})
