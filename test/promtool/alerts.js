/**
 * Has Prometheus and the collector judge the same calls by the same rules: `tokmeter rules` writes them out, promtool's unit tests say
 * where they fire, and that has to be where a replay on a store says it. For both ways metrics are named. Needs Debian's package `prometheus`.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stringify } from 'yaml'
import { metricOf, NAMINGS, prometheusName } from '../../collector-config/generate/metric-names.js'
import { boundaries, metric } from '../../dist/src/core.js'
import { replay } from '../../src/collector/dist/alert/replay.js'
import { createRule } from '../../src/collector/dist/alert/rules.js'
import { loadConfig } from '../../src/collector/dist/config.js'
import { createAsker } from '../../src/collector/dist/query/asker.js'
import { openStore } from '../../src/collector/dist/store/store.js'

const MINUTE = 60_000
const MINUTES = 180
/** So far from a change either may see it earlier: Prometheus has a sample a minute, and stretches what lies between. */
const NEAR = 6
const START = Math.floor(Date.now() / 3_600_000) * 3_600_000 - 4 * 3_600_000
const CLI = fileURLToPath(new URL('../../src/collector/dist/main.js', import.meta.url))

const RULES = [
  {
    name: 'Failing',
    kind: 'error_rate',
    threshold: 0.2,
    window: '5m',
    minOperations: 10,
    for: '3m',
    groupBy: ['model'],
    severity: 'critical',
    summary: '{{model}} fails',
  },
  {
    name: 'FailingAtAll',
    kind: 'error_rate',
    threshold: 0.3,
    window: '5m',
    minOperations: 1000,
    summary: 'never enough calls',
  },
  {
    name: 'Slow',
    kind: 'threshold',
    field: 'duration_ms',
    aggregation: 'p95',
    threshold: 4000,
    window: '10m',
    groupBy: ['provider'],
    labels: { team: 'a' },
    summary: '{{provider}} is slow for {{team}}',
  },
  {
    name: 'SlowOnAverage',
    kind: 'threshold',
    field: 'duration_ms',
    aggregation: 'avg',
    threshold: 3000,
    window: '10m',
    filters: [{ dimension: 'model', operator: 'prefix', value: 'gpt' }],
    summary: 'slow',
  },
  {
    name: 'Dear',
    kind: 'threshold',
    field: 'cost_usd',
    aggregation: 'sum',
    operator: 'gte',
    threshold: 5,
    window: '10m',
    keepFiring: '10m',
    summary: 'dear',
  },
  {
    name: 'ManyTokens',
    kind: 'threshold',
    field: 'input_tokens',
    aggregation: 'rate',
    threshold: 100,
    window: '10m',
    filters: [{ dimension: 'operation', operator: 'in', value: ['chat'] }],
    summary: 'many',
  },
  {
    name: 'FewCalls',
    kind: 'threshold',
    field: 'operations',
    aggregation: 'count',
    operator: 'lt',
    threshold: 60,
    window: '10m',
    for: '2m',
    filters: [{ dimension: 'provider', operator: 'ne', value: 'nobody' }],
    summary: 'few',
  },
  { name: 'Silent', kind: 'absence', window: '10m', summary: 'silent' },
  {
    name: 'Gone',
    kind: 'absence',
    window: '15m',
    lookback: '1h',
    groupBy: ['provider'],
    summary: '{{provider}} is gone',
  },
  {
    name: 'Burning',
    kind: 'burn_rate',
    objective: 0.9,
    summary: 'burns over {{window}}',
    windows: [
      { long: '30m', short: '5m', factor: 2 },
      { long: '1h', short: '10m', factor: 1.5, severity: 'info' },
    ],
  },
]

/** Calls of the minute. @param {number} minute */
function callsOf(minute) {
  const isBad = minute >= 60 && minute < 100
  const calls = []
  if (minute >= 150) return calls
  for (let index = 0; index < 6; index++)
    calls.push({
      operation: 'chat',
      provider: 'openai',
      requestModel: 'gpt-4o',
      durationMs: isBad ? 8000 : 900,
      usage: { inputTokens: isBad ? 2000 : 500, outputTokens: 50 },
      cost: { nanoDollars: isBad ? 200_000_000 : 1_000_000, source: 'catalogue' },
      ...(isBad && index % 2 === 0 && { error: { type: 'overloaded' } }),
    })
  for (let index = 0; index < 3 && minute < 120; index++)
    calls.push({
      operation: 'embeddings',
      provider: 'cohere',
      requestModel: 'embed-v4',
      durationMs: 120,
      usage: { inputTokens: 100 },
      cost: { nanoDollars: 1000, source: 'catalogue' },
    })
  return calls.map((call, index) => ({ ...call, id: `${minute}-${index}`, startTime: START + minute * MINUTE + index }))
}

const calls = Array.from({ length: MINUTES }, (_, minute) => callsOf(minute))
const folder = mkdtempSync(join(tmpdir(), 'tokmeter-rules-'))
const config = join(folder, 'tokmeter.yaml')
writeFileSync(config, stringify({ alerts: { rules: RULES } }))
let failed = 0
try {
  const firings = await replayed()
  for (const naming of NAMINGS) judge(naming, firings)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
process.exitCode = failed === 0 ? 0 : 1

/** When what fired, by the collector. */
async function replayed() {
  const store = await openStore({ path: join(folder, 'data') })
  try {
    await store.insert(calls.flat(), 'all')
    const sources = { budgets: { find: () => undefined, statuses: () => [] }, anomalies: async () => [] }
    const rules = loadConfig({ file: config, environment: {}, directory: folder }).config.alerts.rules.map((rule) =>
      createRule(rule, sources),
    )
    const kept = { '1m': 40, '5m': 40, '1h': 400, '1d': 1825 }
    const { firings, failures } = await replay({
      rules,
      range: { start: START, end: START + MINUTES * MINUTE },
      stepMs: MINUTE,
      askerAt: (now) => createAsker(store, { kept, now }),
    })
    if (failures.length > 0) throw new Error(JSON.stringify(failures))
    const minuteOf = (/** @type {number} */ time) => (time - START) / MINUTE
    return firings.map((one) => ({
      ...one,
      from: minuteOf(one.firedAt),
      to: one.resolvedAt === null ? MINUTES : minuteOf(one.resolvedAt),
    }))
  } finally {
    await store.close()
  }
}

/** @param {import('../../collector-config/generate/metric-names.js').Naming} naming @param {any[]} firings */
function judge(naming, firings) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [CLI, 'rules', '--naming', naming, '--config', config],
    { encoding: 'utf8' },
  )
  if (status !== 0) throw new Error(stderr)
  const rules = join(folder, `${naming}.rules.yml`)
  writeFileSync(rules, stdout)
  const labelOf = { model: 'gen_ai_request_model', provider: 'gen_ai_provider_name' }
  const tests = []
  const counted = { firing: 0, quiet: 0 }
  for (const { name } of RULES) {
    const own = firings.filter(({ rule }) => rule === name)
    const changes = own.flatMap(({ from, to }) => [from, to])
    for (let minute = 5; minute < MINUTES; minute += 5) {
      // What had no calls before the start is nobody's business.
      if (minute < 20 || changes.some((change) => Math.abs(change - minute) < NEAR)) continue
      const active = own.filter(({ from, to }) => from <= minute && minute < to)
      if (active.length === 0) counted.quiet++
      counted.firing += active.length
      tests.push({
        eval_time: `${minute}m`,
        alertname: name,
        exp_alerts: active.map(({ severity, labels, summary }) => ({
          exp_labels: {
            severity,
            ...Object.fromEntries(
              Object.entries(labels).map(([label, value]) => [labelOf[/** @type {'model'} */ (label)] ?? label, value]),
            ),
          },
          exp_annotations: { summary },
        })),
      })
    }
    if (
      name !== 'FailingAtAll' &&
      !tests.some(({ alertname, exp_alerts }) => alertname === name && exp_alerts.length > 0)
    )
      throw new Error(`${name} fires nowhere: it proves nothing`)
  }
  const file = join(folder, `${naming}.test.yml`)
  writeFileSync(
    file,
    stringify({
      rule_files: [rules],
      evaluation_interval: '1m',
      tests: [{ interval: '1m', input_series: seriesOf(naming), alert_rule_test: tests }],
    }),
  )
  const judgement = spawnSync('promtool', ['test', 'rules', file], { encoding: 'utf8' })
  if (judgement.status !== 0) failed++
  const words =
    judgement.status === 0
      ? 'as the collector'
      : (judgement.error?.message ?? `differs:\n${judgement.stdout}${judgement.stderr}`)
  console.log(
    `${judgement.status === 0 ? 'ok' : 'FAILED'} ${RULES.length} rules (${naming}), ${counted.firing} times firing and ${counted.quiet} times not: Prometheus judges ${words}`,
  )
}

/** The series of the calls, a sample a minute. @param {import('../../collector-config/generate/metric-names.js').Naming} naming */
function seriesOf(naming) {
  /** @type {Map<string, number[]>} */
  const series = new Map()
  calls.forEach((ofMinute, minute) => {
    for (const call of ofMinute)
      for (const [key, value] of samplesOf(call, naming)) {
        const values = series.get(key) ?? new Array(MINUTES + 1).fill(0)
        values[minute + 1] += value
        series.set(key, values)
      }
  })
  return [...series].map(([key, increases]) => {
    let total = 0
    const values = increases.map((increase) => {
      total += increase
      return total
    })
    return { series: key, values: values.join(' ') }
  })
}

/** What a call adds to which series. @param {any} call @param {import('../../collector-config/generate/metric-names.js').Naming} naming @returns {[string, number][]} */
function samplesOf({ operation, provider, requestModel, durationMs, usage, cost, error }, naming) {
  const isChat = operation === 'chat'
  const labels = {
    gen_ai_operation_name: operation,
    gen_ai_provider_name: provider,
    gen_ai_request_model: requestModel,
  }
  const withError = error === undefined ? labels : { ...labels, error_type: error.type }
  /** @param {string} name @param {number} value @param {readonly number[]} bounds @param {Record<string, string>} own @returns {[string, number][]} */
  const histogram = (name, value, bounds, own) => {
    const base = prometheusName(metricOf(name), naming)
    const text = (/** @type {Record<string, string>} */ all) =>
      `{${Object.entries(all)
        .map(([label, one]) => `${label}="${one}"`)
        .join(',')}}`
    return [
      [`${base}_count${text(own)}`, 1],
      [`${base}_sum${text(own)}`, value],
      ...[...bounds, Number.POSITIVE_INFINITY].map(
        (bound) =>
          /** @type {[string, number]} */ ([
            `${base}_bucket${text({ ...own, le: bound === Number.POSITIVE_INFINITY ? '+Inf' : String(bound) })}`,
            value <= bound ? 1 : 0,
          ]),
      ),
    ]
  }
  return [
    ...histogram(
      isChat ? metric.inferenceDuration : metric.embeddingsDuration,
      durationMs / 1000,
      boundaries.duration,
      withError,
    ),
    ...histogram(
      isChat ? metric.inferenceOperationInput : metric.embeddingsOperationInput,
      usage.inputTokens,
      boundaries.tokens,
      withError,
    ),
    ...histogram(metric.cost, cost.nanoDollars / 1e9, boundaries.cost, {
      ...labels,
      tokmeter_cost_source: cost.source,
    }),
  ]
}
