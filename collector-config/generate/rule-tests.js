/**
 * The unit tests of the alerting rules, for promtool: each alert fires on what it is for and on nothing less, and none fires while all is well.
 * One list of cases for both ways of naming metrics.
 */
import { alertRules } from './alert-rules.js'
import { attribute, MODEL, metric, PROVIDER } from './expressions.js'
import { labelOf, metricOf, prometheusName } from './metric-names.js'
import { recordingRules } from './recording-rules.js'

/** @typedef {import('./metric-names.js').Naming} Naming */
/**
 * Series are by OpenTelemetry names; a histogram's are of a suffix. `labels` are those of the alert beside its severity; `value` is what its annotations
 * have for `$value`; `quiet`: a moment at which it does not fire yet.
 * @typedef {{ alert: string, at: string, quiet: string, labels: Record<string, string>, value?: string, series: readonly Series[] }} Case
 * @typedef {readonly [name: string, attributes: Record<string, string>, values: string, suffix?: string]} Series
 */

const CALL = { job: 'shop', [PROVIDER]: 'openai', [MODEL]: 'gpt-4o' }
const LABELS = { job: 'shop', [labelOf(PROVIDER)]: 'openai', [labelOf(MODEL)]: 'gpt-4o' }
const COLLECTOR = { job: 'tokmeter' }
const BUDGET = { ...COLLECTOR, budget: 'team', value: 'search' }
const duration = metric.inferenceDuration
/** A sample a minute. A call every second, of which so many fail. @param {number} failed of sixty @returns {readonly Series[]} */
const failing = (failed, minutes = 60) => [
  [duration, CALL, `0+${60 - failed}x${minutes}`, '_count'],
  [duration, { ...CALL, [attribute.errorType]: 'RateLimitError' }, `0+${failed}x${minutes}`, '_count'],
]
/** Sixty calls a minute, each of them taking from one boundary to the next. @param {string} name @param {string} lower @param {string} upper @returns {readonly Series[]} */
const taking = (name, lower, upper) => [
  [name, { ...CALL, le: lower }, '0+0x60', '_bucket'],
  [name, { ...CALL, le: upper }, '0+60x60', '_bucket'],
  [name, { ...CALL, le: '+Inf' }, '0+60x60', '_bucket'],
]

/** @type {readonly Case[]} */
const CASES = [
  { alert: 'TokmeterErrors', series: failing(6), at: '15m', quiet: '10m', labels: LABELS, value: '10%' },
  { alert: 'TokmeterManyErrors', series: failing(30), at: '8m', quiet: '5m', labels: LABELS, value: '50%' },
  {
    alert: 'TokmeterErrorBudgetBurnsFast',
    series: failing(12),
    at: '5m',
    quiet: '2m',
    labels: { job: 'shop' },
    value: '20%',
  },
  {
    alert: 'TokmeterErrorBudgetBurns',
    series: failing(6),
    at: '20m',
    quiet: '15m',
    labels: { job: 'shop' },
    value: '10%',
  },
  {
    alert: 'TokmeterErrorBudgetBurnsSlowly',
    series: failing(3, 120),
    at: '65m',
    quiet: '60m',
    labels: { job: 'shop' },
    value: '5%',
  },
  {
    alert: 'TokmeterSlow',
    series: taking(duration, '10.24', '20.48'),
    at: '18m',
    quiet: '15m',
    labels: LABELS,
    value: '19.97s',
  },
  {
    alert: 'TokmeterVerySlow',
    series: taking(duration, '40.96', '81.92'),
    at: '18m',
    quiet: '15m',
    labels: LABELS,
    value: '1m 19s',
  },
  {
    alert: 'TokmeterSlowFirstChunk',
    series: taking(metric.inferenceTimeToFirstChunk, '5.12', '10.24'),
    at: '18m',
    quiet: '15m',
    labels: LABELS,
    value: '9.984s',
  },
  {
    alert: 'TokmeterSpendSpike',
    // A cent a minute for a day, then ten.
    series: [[metric.cost, CALL, '0+0.01x1500 15.1+0.1x120', '_sum']],
    at: '26h',
    quiet: '25h',
    labels: { job: 'shop' },
    value: '6.00',
  },
  {
    alert: 'TokmeterUsageMissing',
    series: [...failing(0), [metric.usageMissing, CALL, '0+15x60']],
    at: '35m',
    quiet: '30m',
    labels: { job: 'shop' },
    value: '25%',
  },
  {
    alert: 'TokmeterUnpriced',
    series: [...failing(0), [metric.unpriced, CALL, '0+30x60']],
    at: '35m',
    quiet: '30m',
    labels: { job: 'shop' },
    value: '50%',
  },
  {
    alert: 'TokmeterBudgetNearlySpent',
    series: [['tokmeter.budget.used_ratio', BUDGET, '0.7x4 0.85x20']],
    at: '8m',
    quiet: '4m',
    labels: BUDGET,
    value: '85%',
  },
  {
    alert: 'TokmeterBudgetSpent',
    series: [['tokmeter.budget.used_ratio', BUDGET, '0.99x4 1.2x20']],
    at: '8m',
    quiet: '4m',
    labels: BUDGET,
    value: '120%',
  },
  {
    alert: 'TokmeterBudgetWillNotLast',
    series: [
      ['tokmeter.budget.used_ratio', BUDGET, '0.5x90'],
      ['tokmeter.budget.exhausted_in', BUDGET, '3600x90'],
    ],
    at: '70m',
    quiet: '50m',
    labels: BUDGET,
    value: '1h 0m 0s',
  },
  {
    alert: 'TokmeterOperationsDropped',
    series: [[metric.sdkDropped, { job: 'shop', [attribute.reason]: 'buffer_full' }, '0x10 5x10']],
    at: '12m',
    quiet: '10m',
    labels: { job: 'shop', [labelOf(attribute.reason)]: 'buffer_full' },
  },
  {
    alert: 'TokmeterEventsDropped',
    series: [[metric.sdkEventsDropped, { job: 'shop', [attribute.reason]: 'export_failed' }, '0x10 5x10']],
    at: '12m',
    quiet: '10m',
    labels: { job: 'shop', [labelOf(attribute.reason)]: 'export_failed' },
  },
  {
    alert: 'TokmeterAttributeOverflow',
    series: [[metric.sdkAttributeOverflow, { job: 'shop', [attribute.attributeKey]: MODEL }, '0+1x60']],
    at: '20m',
    quiet: '15m',
    labels: { job: 'shop', [labelOf(attribute.attributeKey)]: MODEL },
  },
  { alert: 'TokmeterCollectorDown', series: [], at: '3m', quiet: '1m', labels: {} },
  {
    alert: 'TokmeterCollectorDropping',
    series: [['tokmeter.ledger.dropped', { ...COLLECTOR, reason: 'damaged' }, '0x10 1x10']],
    at: '12m',
    quiet: '10m',
    labels: { ...COLLECTOR, reason: 'damaged' },
  },
  {
    alert: 'TokmeterCollectorRefusing',
    series: [['tokmeter.receiver.refused_spans', { ...COLLECTOR, receiver: 'otlp' }, '0+10x30']],
    at: '8m',
    quiet: '5m',
    labels: COLLECTOR,
  },
  {
    alert: 'TokmeterQueueFilling',
    series: [
      ['tokmeter.queue.size', COLLECTOR, '600x30'],
      ['tokmeter.queue.capacity', COLLECTOR, '1000x30'],
    ],
    at: '12m',
    quiet: '9m',
    labels: COLLECTOR,
    value: '60%',
  },
  {
    alert: 'TokmeterForwardFailing',
    series: [
      ['tokmeter.exporter.failed_attempts', { ...COLLECTOR, exporter: 'tempo', cause: '503' }, '0+2x30'],
      ['tokmeter.exporter.queue_items', { ...COLLECTOR, exporter: 'tempo' }, '100x30'],
    ],
    at: '18m',
    quiet: '15m',
    labels: { ...COLLECTOR, exporter: 'tempo' },
  },
  {
    alert: 'TokmeterForwardQueueFilling',
    series: [
      ['tokmeter.exporter.queue_size', { ...COLLECTOR, exporter: 'tempo' }, '900x30'],
      ['tokmeter.exporter.queue_capacity', { ...COLLECTOR, exporter: 'tempo' }, '1000x30'],
    ],
    at: '12m',
    quiet: '9m',
    labels: { ...COLLECTOR, exporter: 'tempo' },
    value: '90%',
  },
  {
    alert: 'TokmeterForwardDropping',
    series: [
      ['tokmeter.ledger.forward.dropped', { ...COLLECTOR, exporter: 'tempo', reason: 'queue_full' }, '0x10 9x10'],
    ],
    at: '12m',
    quiet: '10m',
    labels: { ...COLLECTOR, exporter: 'tempo', reason: 'queue_full' },
  },
  {
    alert: 'TokmeterCollectorAttributeOverflow',
    series: [['tokmeter.instruments.attribute_overflow', { ...COLLECTOR, attribute: MODEL }, '0+1x60']],
    at: '20m',
    quiet: '15m',
    labels: { ...COLLECTOR, attribute: MODEL },
  },
]

/** While all is well: calls, one in a hundred and twenty failing, spend as ever, a collector that keeps up. @type {readonly Series[]} */
const WELL = [
  [duration, CALL, '0+119x1600', '_count'],
  [duration, { ...CALL, [attribute.errorType]: 'RateLimitError' }, '0+1x1600', '_count'],
  ...taking(duration, '0.08', '0.16'),
  [metric.cost, CALL, '0+0.1x1600', '_sum'],
  [metric.usageMissing, CALL, '0+2x1600'],
  [metric.unpriced, CALL, '0+2x1600'],
  [metric.sdkDropped, { job: 'shop', [attribute.reason]: 'buffer_full' }, '3x1600'],
  ['tokmeter.ledger.received', COLLECTOR, '0+100x1600'],
  ['tokmeter.ledger.dropped', { ...COLLECTOR, reason: 'damaged' }, '0x1600'],
  ['tokmeter.receiver.refused_spans', COLLECTOR, '7x1600'],
  ['tokmeter.budget.used_ratio', BUDGET, '0.6x1600'],
  ['tokmeter.queue.size', COLLECTOR, '100x1600'],
  ['tokmeter.queue.capacity', COLLECTOR, '1000x1600'],
]
const WELL_AT = ['10m', '26h']

/** @param {Naming} naming */
export function ruleTests(naming) {
  const rules = alertRules(naming).groups.flatMap((group) => group.rules)
  const untested = rules.filter(({ alert }) => !CASES.some((one) => one.alert === alert))
  if (untested.length > 0) throw new Error(`alerts without a test: ${untested.map(({ alert }) => alert).join(', ')}`)
  const isUp = { series: 'up{job="tokmeter"}', values: '1x1600' }
  return {
    rule_files: ['recording.yml', 'alerts.yml'],
    evaluation_interval: '1m',
    // What is recorded first, so that an alert sees this minute's and not the one's before.
    group_eval_order: [...recordingRules(naming).groups, ...alertRules(naming).groups].map(({ name }) => name),
    tests: [
      ...CASES.map(({ alert, at, quiet, labels, value, series }) => {
        const rule = rules.find((one) => one.alert === alert)
        if (rule === undefined) throw new Error(`there is no alert ${alert}`)
        // Absence knows the labels that were looked for.
        const own = alert === 'TokmeterCollectorDown' && naming === 'page' ? { job: 'tokmeter' } : labels
        return {
          name: alert,
          interval: '1m',
          input_series: series.map((one) => inputOf(one, naming)),
          alert_rule_test: [
            { eval_time: quiet, alertname: alert, exp_alerts: [] },
            {
              eval_time: at,
              alertname: alert,
              exp_alerts: [
                {
                  exp_labels: { ...rule.labels, ...own },
                  exp_annotations: Object.fromEntries(
                    Object.entries(rule.annotations).map(([name, text]) => [name, filledIn(text, own, value)]),
                  ),
                },
              ],
            },
          ],
        }
      }),
      {
        name: 'all is well',
        interval: '1m',
        input_series: [isUp, ...WELL.map((one) => inputOf(one, naming))],
        alert_rule_test: WELL_AT.flatMap((eval_time) =>
          rules.map(({ alert }) => ({ eval_time, alertname: alert, exp_alerts: [] })),
        ),
      },
    ],
  }
}

/** @param {Series} series @param {Naming} naming */
function inputOf([name, attributes, values, suffix = ''], naming) {
  const labels = Object.entries(attributes).map(([key, value]) => `${labelOf(key)}="${value}"`)
  return { series: `${prometheusName(metricOf(name), naming)}${suffix}{${labels.join(', ')}}`, values }
}

/** A template as Prometheus fills it in. @param {string} text @param {Record<string, string>} labels @param {string | undefined} value */
function filledIn(text, labels, value) {
  return text
    .replace(/\{\{ \$labels\.(\w+) \}\}/g, (_, name) => labels[name] ?? '')
    .replace(/\{\{ \$value[^}]*\}\}/g, () => value ?? '')
}
