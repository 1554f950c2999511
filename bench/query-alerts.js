/**
 * How long a look at 500 alert rules takes, on the history that the benches of the query API ask about: rules of every kind that is told from
 * numbers, by model, service and provider, over windows from five minutes to three days. Prints JSON lines.
 *
 *     node bench/query-alerts.js [names…] [--short] [--rows N] [--data DIRECTORY]
 */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Evaluator } from '../src/collector/dist/alert/evaluator.js'
import { KeptRows } from '../src/collector/dist/alert/kept-rows.js'
import { ruleOptions } from '../src/collector/dist/alert/options.js'
import { createRule } from '../src/collector/dist/alert/rules.js'
import { createAsker } from '../src/collector/dist/query/asker.js'
import { openStore } from '../src/collector/dist/store/store.js'
import { emit } from './line.js'
import { historyOf } from './query-history.js'

const { values: options } = parseArgs({
  options: { short: { type: 'boolean' }, rows: { type: 'string' }, data: { type: 'string' } },
  allowPositionals: true,
})
const rows = Number(options.rows ?? (options.short ? 200_000 : 10_000_000))
const directory = options.data ?? join(process.env['TMPDIR'] ?? tmpdir(), 'tokmeter-bench-query')
const LOOKS = options.short ? 5 : 40
const RULES = 500
const MINUTE = 60_000
const DAYS = { raw: 100, '1m': 100, '5m': 100, '1h': 400, '1d': 1825 }

const history = await historyOf(directory, rows, 1)
const store = await openStore({ path: join(history.path, 'store') }, { retentionDays: DAYS })
let questions = 0
try {
  const asker = createAsker(store, { kept: DAYS, now: history.end })
  const rules = rulesOf(await valuesOf(asker, 'model'), await valuesOf(asker, 'service'))
  const keptRows = new KeptRows()
  const evaluator = new Evaluator({
    rules: () => rules,
    delayMs: () => 0,
    channelsOf: () => [],
    rowsOf: (at) => keptRows.at(at),
    onFailure: (rule, error) => {
      throw new Error(`${rule}: ${error.message}`)
    },
  })
  const times = []
  for (let look = -2; look < LOOKS; look++) {
    // Other windows each time, as a minute later.
    const at = createAsker(store, { kept: DAYS, now: history.end - (LOOKS - look) * MINUTE })
    const counting = {
      ...at,
      rows: (/** @type {Parameters<typeof at.rows>[0]} */ question) => {
        questions++
        return at.rows(question)
      },
    }
    await evaluator.look({ store, asker: counting })
    if (look >= 0) times.push(evaluator.counts.lastTookMs)
  }
  times.sort((one, other) => one - other)
  const quantile = (/** @type {number} */ share) =>
    times[Math.min(times.length - 1, Math.ceil(share * times.length) - 1)] ?? Number.NaN
  const alerts = evaluator.alerts().filter(({ course }) => course.phase !== 'resolved').length
  emit({
    name: 'query.alerts',
    value: quantile(0.95),
    unit: 'ms',
    ...(!options.short && { limits: { atMost: 1000 } }),
    note: `p95 of ${times.length} looks at ${rules.length} rules; p50 ${Math.round(quantile(0.5))} ms; ${Math.round(questions / (LOOKS + 2))} questions each; ${alerts} alerts`,
  })
} finally {
  await store.close()
}

/** @param {ReturnType<typeof createAsker>} asker @param {string} dimension @returns {Promise<string[]>} */
async function valuesOf(asker, dimension) {
  const { rows: found } = await asker.rows({
    range: { start: history.end - 1440 * MINUTE, end: history.end },
    measures: [{ field: 'operations', aggregation: 'count' }],
    groupBy: [dimension],
    filters: [],
    having: [],
    limit: 100,
    offset: 0,
  })
  return found.map((row) => String(row[dimension])).filter((value) => value !== '')
}

/** @param {readonly string[]} models @param {readonly string[]} services */
function rulesOf(models, services) {
  const of = (/** @type {string} */ dimension, /** @type {string} */ value) => ({ filters: [{ dimension, value }] })
  const threshold = (
    /** @type {string} */ field,
    /** @type {string} */ aggregation,
    /** @type {number} */ limit,
    /** @type {string} */ window,
  ) => ({
    kind: 'threshold',
    field,
    aggregation,
    threshold: limit,
    window,
  })
  const each = (/** @type {object} */ one) => [
    { kind: 'error_rate', threshold: 0.05, window: '5m', minOperations: 20, ...one },
    { ...threshold('duration_ms', 'p95', 20_000, '10m'), ...one },
    { ...threshold('duration_ms', 'p99', 60_000, '1h'), ...one },
    { ...threshold('time_to_first_chunk_ms', 'p95', 10_000, '10m'), ...one },
    { ...threshold('cost_usd', 'sum', 1000, '1h'), ...one },
    { ...threshold('total_tokens', 'rate', 1e6, '15m'), ...one },
    { kind: 'absence', window: '30m', ...one },
    { kind: 'burn_rate', objective: 0.99, ...one },
  ]
  const given = [
    ...models.flatMap((model) => each(of('model', model))),
    ...services.flatMap((service) => each(of('service', service))),
    ...['model', 'service', 'provider', 'agent', 'operation'].flatMap((dimension) => each({ groupBy: [dimension] })),
    ...each({ groupBy: ['service', 'model'] }),
    ...services.flatMap((service) => each({ ...of('service', service), groupBy: ['model'] })),
  ].slice(0, RULES)
  if (rows === 10_000_000 && given.length < RULES) throw new Error(`these are ${given.length} rules`)
  const sources = { budgets: { find: () => undefined, statuses: () => [] }, anomalies: async () => [] }
  return given.map((rule, index) => createRule(ruleOptions.parse({ name: `rule-${index}`, ...rule }), sources))
}
