/** The dashboards and rules that follow from the catalogue. What a real Prometheus says of them: test/promtool/dashboards.js and rules.js. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { alertRules } from '../../collector-config/generate/alert-rules.js'
import { buildDashboard } from '../../collector-config/generate/dashboard.js'
import { DASHBOARDS, generatedFiles } from '../../collector-config/generate/generated-files.js'
import { labelOf, METRICS, NAMINGS, prometheusName } from '../../collector-config/generate/metric-names.js'
import { recordingRules } from '../../collector-config/generate/recording-rules.js'
import { namesIn } from '../promtool/promql-names.js'

const ROOT = 'collector-config'

test('the files are what the catalogue makes of them: npm run config writes them', () => {
  const files = generatedFiles()
  for (const { path, text } of files) expect(readFileSync(join(ROOT, path), 'utf8'), path).toBe(text)
  const there = ['grafana/dashboards', 'prometheus/page', 'prometheus/otlp'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(json|yml)$/.test(name))
      .map((name) => join(folder, name)),
  )
  expect(there.sort()).toEqual(files.map(({ path }) => path).sort())
})

test('names are those of the page, or those with units that Prometheus gives to what it receives by OTLP', () => {
  const named = (name: string, unit: string, kind: 'counter' | 'gauge' | 'histogram') =>
    NAMINGS.map((naming) => prometheusName({ name, unit, kind, description: '', attributes: [] }, naming))
  expect(named('gen_ai.client.inference.duration', 's', 'histogram')).toEqual([
    'gen_ai_client_inference_duration',
    'gen_ai_client_inference_duration_seconds',
  ])
  expect(named('tokmeter.operation.cost', 'USD', 'histogram')).toEqual([
    'tokmeter_operation_cost',
    'tokmeter_operation_cost_USD',
  ])
  expect(named('tokmeter.operation.unpriced', '{operation}', 'counter')).toEqual([
    'tokmeter_operation_unpriced_total',
    'tokmeter_operation_unpriced_total',
  ])
  expect(named('tokmeter.process.cpu_seconds', 's', 'counter')).toEqual([
    'tokmeter_process_cpu_seconds_total',
    'tokmeter_process_cpu_seconds_total',
  ])
  expect(named('tokmeter.queue.size', 'By', 'gauge')).toEqual(['tokmeter_queue_size', 'tokmeter_queue_size_bytes'])
  expect(named('tokmeter.budget.used', '1', 'gauge')).toEqual(['tokmeter_budget_used', 'tokmeter_budget_used_ratio'])
})

/** What an expression may name: each metric with its labels; those of the collector's own are looked up on a real page elsewhere. */
function known(naming: (typeof NAMINGS)[number]) {
  const always = ['job', 'instance']
  const metrics = new Map<string, readonly string[] | undefined>([['up', always]])
  for (const metric of METRICS) {
    const name = prometheusName(metric, naming)
    const labels = metric.attributes && [...metric.attributes.map(labelOf), ...always]
    if (metric.kind !== 'histogram') metrics.set(name, labels)
    else {
      for (const suffix of ['_sum', '_count']) metrics.set(name + suffix, labels)
      metrics.set(`${name}_bucket`, labels && [...labels, 'le'])
      // A native histogram has no suffix, and comes by OTLP only.
      if (naming === 'otlp') metrics.set(name, labels)
    }
  }
  return metrics
}

function mistakesOf(expression: string, metrics: ReturnType<typeof known>): string[] {
  const { metrics: named, isValid } = namesIn(expression)
  const mistakes = isValid && named.length > 0 ? [] : [`cannot be read: ${expression}`]
  for (const { name, labels } of named) {
    const allowed = metrics.get(name)
    if (!metrics.has(name)) mistakes.push(`there is no ${name}`)
    else if (allowed !== undefined)
      mistakes.push(...labels.filter((label) => !allowed.includes(label)).map((label) => `${name} has no ${label}`))
  }
  return mistakes
}

test.each(NAMINGS)('no panel and no rule names a metric or a label that there is not (%s)', (naming) => {
  const metrics = known(naming)
  const panels = DASHBOARDS.flatMap((make) => make(naming).rows.flatMap(({ panels }) => panels))
  const expressions = panels.flatMap(({ queries }) => queries.map(({ expr }) => expr))
  const recorded = recordingRules(naming).groups.flatMap(({ rules }) => rules)
  expect(expressions.length).toBeGreaterThan(60)
  for (const expression of [...expressions, ...recorded.map(({ expr }) => expr)])
    expect(mistakesOf(expression, metrics), expression).toEqual([])
  for (const { record } of recorded) metrics.set(record, undefined)
  for (const { expr } of alertRules(naming).groups.flatMap(({ rules }) => rules))
    expect(mistakesOf(expr, metrics), expr).toEqual([])
})

test('what names something else is found', () => {
  const metrics = known('page')
  expect(
    mistakesOf('sum by (gen_ai_request_model) (rate(gen_ai_client_inference_duration_count[5m]))', metrics),
  ).toEqual([])
  expect(mistakesOf('rate(gen_ai_client_inference_length_count[5m])', metrics)).toEqual([
    'there is no gen_ai_client_inference_length_count',
  ])
  expect(mistakesOf('sum by (model) (rate(tokmeter_operation_cost_sum{user="a"}[5m]))', metrics)).toEqual([
    'tokmeter_operation_cost_sum has no user',
    'tokmeter_operation_cost_sum has no model',
  ])
  expect(mistakesOf('sum(', metrics)).not.toEqual([])
})

type Panel = {
  readonly type: string
  readonly title: string
  readonly description?: string
  readonly datasource?: { readonly uid: string }
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string; readonly noValue?: string } }
  readonly targets?: readonly { readonly expr: string; readonly datasource: { readonly uid: string } }[]
}

test.each(NAMINGS)(
  'every panel says what it shows, in which unit, and what it means when nothing is there (%s)',
  (naming) => {
    const built = DASHBOARDS.map((make) => buildDashboard(make(naming), naming))
    expect(new Set(built.map(({ uid }) => uid)).size).toBe(DASHBOARDS.length)
    for (const { title, panels = [] } of built) {
      const shown = (panels as unknown as Panel[]).filter(({ type }) => type !== 'row')
      expect(new Set(shown.map((panel) => panel.title)).size, title).toBe(shown.length)
      for (const { title: name, description, datasource, fieldConfig, targets } of shown) {
        const at = `${title}: ${name}`
        expect(description, at).toMatch(/\.$/)
        expect(datasource?.uid, at).toBe('$datasource')
        expect(fieldConfig?.defaults.unit, at).toMatch(/./)
        expect(fieldConfig?.defaults.noValue, at).toMatch(/./)
        expect(targets?.length, at).toBeGreaterThan(0)
      }
    }
  },
)

test.each(NAMINGS)('every alert has a severity, says what happened, and where to look (%s)', (naming) => {
  const uids = DASHBOARDS.map((make) => buildDashboard(make(naming), naming).uid)
  const rules = alertRules(naming).groups.flatMap((group) => group.rules)
  expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length)
  for (const { alert, labels, annotations } of rules) {
    expect(['critical', 'warning', 'info'], alert).toContain(labels.severity)
    expect(annotations.summary, alert).toMatch(/\S/)
    expect(annotations.description, alert).toMatch(/\.$/)
    expect(uids, alert).toContain(annotations.dashboard.replace('/d/', ''))
  }
})
