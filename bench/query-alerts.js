/**
 * How long one evaluation of 500 alert rules takes, on the history that the benches of the query API ask about, as if its end were now: rules
 * of every kind that reads the store, of services and models, over minutes to days, some of them one alert for each of a dimension. What
 * they decide is kept in memory, so that the history stays as it is. Prints JSON lines.
 *
 *     node bench/query-alerts.js [--short] [--rows N] [--data DIRECTORY]
 */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Evaluator } from '../src/collector/dist/alert/evaluator.js'
import { ruleOptions } from '../src/collector/dist/alert/options.js'
import { createRule } from '../src/collector/dist/alert/rules.js'
import { createAsker } from '../src/collector/dist/query/asker.js'
import { openStore } from '../src/collector/dist/store/store.js'
import { emit, progress } from './line.js'
import { historyOf } from './query-history.js'
import { median } from './rounds.js'

const { values: options } = parseArgs({
  options: { short: { type: 'boolean' }, rows: { type: 'string' }, data: { type: 'string' } },
  allowPositionals: true,
})
const rows = Number(options.rows ?? (options.short ? 200_000 : 10_000_000))
const directory = options.data ?? join(process.env.TMPDIR ?? tmpdir(), 'tokmeter-bench-query')
const LOOKS = options.short ? 3 : 20
const RULES = 500
const MINUTE = 60_000
const KEPT = { '1m': 100, '5m': 100, '1h': 400, '1d': 1825 }

const SERVICES = ['chat-api', 'search', 'support-bot', 'code-review', 'billing-assistant', 'docs', 'ingest', 'ranking']
const MODELS = [
  'gpt-4o-mini',
  'gpt-4.1',
  'claude-sonnet-4-5',
  'gemini-2.5-flash',
  'gpt-5',
  'claude-haiku-4-5',
  'gpt-4o',
]
/** @param {string} dimension @param {string} value */
const of = (dimension, value) => [{ dimension, operator: 'eq', value }]

/** One after the other, each of another service and model. */
const KINDS = [
  { kind: 'threshold', field: 'duration_ms', aggregation: 'p95', operator: 'gt', threshold: 20_000, window: '10m' },
  { kind: 'threshold', field: 'cost_usd', aggregation: 'sum', operator: 'gt', threshold: 50, window: '1h' },
  { kind: 'threshold', field: 'calls', aggregation: 'rate', operator: 'lt', threshold: 0.001, window: '5m' },
  {
    kind: 'threshold',
    field: 'duration_ms',
    aggregation: 'p99',
    operator: 'gt',
    threshold: 60_000,
    window: '30m',
    groupBy: ['model'],
  },
  { kind: 'error_rate', threshold: 0.05, window: '5m' },
  { kind: 'error_rate', threshold: 0.1, window: '15m', groupBy: ['provider'] },
  { kind: 'burn_rate', objective: 0.99 },
  { kind: 'absence', window: '15m' },
]
const SOURCES = { budgets: { find: () => undefined, statuses: () => [] }, anomalies: async () => [] }
const rules = Array.from({ length: RULES }, (_, index) => {
  const filters =
    index % 3 === 0 ? of('model', MODELS[index % MODELS.length]) : of('service', SERVICES[index % SERVICES.length])
  const given = { name: `rule-${index}`, filters, ...KINDS[index % KINDS.length] }
  return createRule(ruleOptions.parse(given), SOURCES)
})

const history = await historyOf(directory, rows, 1)
const store = await openStore(
  { path: join(history.path, 'store') },
  { retentionDays: { raw: 100, '1m': 100, '5m': 100 } },
)
try {
  const failures = new Set()
  const evaluator = new Evaluator({
    rules: () => rules,
    delayMs: () => 30_000,
    channelsOf: () => [],
    onFailure: (rule, { message }) => failures.add(`${rule}: ${message}`),
  })
  const kept = { states: { read: async () => new Map(), write: async () => {} }, recordNotices: async () => {} }
  const times = []
  for (let look = -1; look < LOOKS; look++) {
    // Each is of another moment, as the ones after it are.
    const now = history.end - (LOOKS - look) * MINUTE - 17_000
    await evaluator.look({ store: kept, asker: createAsker(store, { kept: KEPT, now }) })
    if (look >= 0) times.push(evaluator.counts.lastTookMs)
    progress(`query.alerts: ${evaluator.counts.lastTookMs.toFixed(0)} ms, ${evaluator.alerts().length} alerts`)
  }
  if (failures.size > 0) throw new Error(`rules could not be evaluated: ${[...failures].slice(0, 3).join('; ')}`)
  emit({
    name: 'query.alerts',
    value: median(times),
    unit: 'ms',
    limits: { atMost: 1000 },
    note: `median of ${LOOKS} evaluations of ${RULES} rules, the longest ${Math.max(...times).toFixed(0)} ms; ${evaluator.alerts().length} alerts pending or firing at the end`,
  })
} finally {
  await store.close()
}
