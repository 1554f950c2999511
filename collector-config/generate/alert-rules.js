/** What somebody should hear of, as Prometheus alerting rules over the recording rules and the metrics. */
import { attribute, expressions, MODEL, metric, PROVIDER } from './expressions.js'
import { labelOf } from './metric-names.js'

/** Calls may fail at most so often for the burn rates: a hundredth. */
const ERROR_BUDGET = 0.01
/** Fewer calls a second than five in five minutes say little. */
const FEW_CALLS = 5 / 300

const of = (/** @type {string} */ name) => `{{ $labels.${labelOf(name)} }}`
const percent = '{{ $value | humanizePercentage }}'
const model = `${of(MODEL)} of ${of(PROVIDER)}`

/**
 * @typedef {{ alert: string, expr: string, for?: string, severity: 'critical' | 'warning' | 'info', summary: string, description: string, dashboard: string }} AlertRule
 * @param {AlertRule} rule
 */
function alert({ alert: name, expr, for: duration, severity, summary, description, dashboard }) {
  return {
    alert: name,
    expr,
    ...(duration !== undefined && { for: duration }),
    labels: { severity },
    annotations: { summary, description, dashboard: `/d/tokmeter-${dashboard}` },
  }
}

/** @param {import('./metric-names.js').Naming} naming */
export function alertRules(naming) {
  const q = expressions(naming, { window: '5m' })
  const suffix = naming === 'page' ? '' : '-otlp'
  const busy = `job_provider_model:tokmeter_calls:rate5m > ${FEW_CALLS.toFixed(4)}`
  const failing = (/** @type {number} */ above) =>
    `job_provider_model:tokmeter_errors:ratio_rate5m > ${above} and ${busy}`
  const burning = (/** @type {number} */ times, /** @type {string} */ long, /** @type {string} */ short) => {
    const above = Number((times * ERROR_BUDGET).toFixed(4))
    return `job:tokmeter_errors:ratio_rate${long} > ${above} and job:tokmeter_errors:ratio_rate${short} > ${above}`
  }
  const budget = `of ${100 * (1 - ERROR_BUDGET)} % of the calls that succeed`
  const grew = (/** @type {string} */ name, /** @type {string} */ over, /** @type {readonly string[]} */ by) =>
    `${q.increaseOf(name, over, by)} > 0`
  const filled = (/** @type {string} */ size, /** @type {string} */ capacity, /** @type {readonly string[]} */ by) =>
    `${q.sum(q.series(size), by)} / ${q.sum(q.series(capacity), by)}`
  const refused = ['spans', 'log_records', 'metric_points', 'events']
    .map((signal) => q.rate(q.series(`tokmeter.receiver.refused_${signal}`)))
    .join(' or ')
  const received = q.series('tokmeter.ledger.received')
  const budgetUsed = q.sum(q.series('tokmeter.budget.used_ratio'), ['job', 'budget', 'value'])
  const value = of('value')

  const groups = {
    tokmeter_calls: [
      {
        alert: 'TokmeterErrors',
        expr: failing(0.05),
        for: '10m',
        severity: 'warning',
        summary: `Calls of ${model} fail`,
        description: `${percent} of the calls of ${model} by ${of('job')} failed in the last five minutes.`,
        dashboard: 'overview',
      },
      {
        alert: 'TokmeterManyErrors',
        expr: failing(0.25),
        for: '5m',
        severity: 'critical',
        summary: `Many calls of ${model} fail`,
        description: `${percent} of the calls of ${model} by ${of('job')} failed in the last five minutes.`,
        dashboard: 'overview',
      },
      {
        alert: 'TokmeterErrorBudgetBurnsFast',
        expr: burning(14.4, '1h', '5m'),
        for: '2m',
        severity: 'critical',
        summary: `${of('job')} uses up its error budget within two days`,
        description: `${percent} of its calls failed in the last hour: 14.4 times what a budget ${budget} allows.`,
        dashboard: 'overview',
      },
      {
        alert: 'TokmeterErrorBudgetBurns',
        expr: burning(6, '6h', '30m'),
        for: '15m',
        severity: 'critical',
        summary: `${of('job')} uses up its error budget within five days`,
        description: `${percent} of its calls failed in the last six hours: six times what a budget ${budget} allows.`,
        dashboard: 'overview',
      },
      {
        alert: 'TokmeterErrorBudgetBurnsSlowly',
        expr: burning(1, '3d', '6h'),
        for: '1h',
        severity: 'warning',
        summary: `${of('job')} uses up its error budget within a month`,
        description: `${percent} of its calls failed in the last three days: more than a budget ${budget} allows.`,
        dashboard: 'overview',
      },
      {
        alert: 'TokmeterSlow',
        expr: 'job_provider_model:tokmeter_duration_seconds:p95_5m > 10',
        for: '15m',
        severity: 'warning',
        summary: `Calls of ${model} are slow`,
        description: `One in twenty takes ${of('job')} more than {{ $value | humanizeDuration }}.`,
        dashboard: 'performance',
      },
      {
        alert: 'TokmeterVerySlow',
        expr: 'job_provider_model:tokmeter_duration_seconds:p95_5m > 30',
        for: '15m',
        severity: 'critical',
        summary: `Calls of ${model} are very slow`,
        description: `One in twenty takes ${of('job')} more than {{ $value | humanizeDuration }}.`,
        dashboard: 'performance',
      },
      {
        alert: 'TokmeterSlowFirstChunk',
        expr: 'job_provider_model:tokmeter_time_to_first_chunk_seconds:p95_5m > 5',
        for: '15m',
        severity: 'warning',
        summary: `Streams of ${model} begin late`,
        description: `One in twenty lets ${of('job')} wait more than {{ $value | humanizeDuration }} for its first content.`,
        dashboard: 'performance',
      },
    ],
    tokmeter_cost: [
      {
        alert: 'TokmeterSpendSpike',
        expr: `job:tokmeter_cost_usd:increase1h > 1 and job:tokmeter_cost_usd:increase1h > 1.5 * (job:tokmeter_cost_usd:increase1d offset 1h / 24)`,
        for: '15m',
        severity: 'warning',
        summary: `${of('job')} spends more than it used to`,
        description: `{{ $value | printf "%.2f" }} USD in the last hour, more than half again as much as in an hour of the day before.`,
        dashboard: 'cost',
      },
      {
        alert: 'TokmeterUsageMissing',
        expr: 'job:tokmeter_usage_missing:ratio_increase1h > 0.1',
        for: '30m',
        severity: 'warning',
        summary: `Tokens of calls by ${of('job')} are not known`,
        description: `Of ${percent} of its calls in the last hour the provider told no usage: they are in no sum of tokens or money.`,
        dashboard: 'cost',
      },
      {
        alert: 'TokmeterUnpriced',
        expr: 'job:tokmeter_unpriced:ratio_increase1h > 0.1',
        for: '30m',
        severity: 'warning',
        summary: `Calls by ${of('job')} have no price`,
        description: `The cost of ${percent} of its calls in the last hour is not known: it is in no sum of money. Prices of your own name the model.`,
        dashboard: 'cost',
      },
      {
        alert: 'TokmeterBudgetNearlySpent',
        expr: `${budgetUsed} > 0.8`,
        for: '1m',
        severity: 'warning',
        summary: `The budget ${of('budget')} is nearly spent`,
        description: `${percent} of it are spent, by all or by the one named: “${value}”.`,
        dashboard: 'cost',
      },
      {
        alert: 'TokmeterBudgetSpent',
        expr: `${budgetUsed} >= 1`,
        for: '1m',
        severity: 'critical',
        summary: `The budget ${of('budget')} is spent`,
        description: `${percent} of it are spent, by all or by the one named: “${value}”.`,
        dashboard: 'cost',
      },
      {
        alert: 'TokmeterBudgetWillNotLast',
        expr: `${q.sum(q.series('tokmeter.budget.exhausted_in'), ['job', 'budget', 'value'])} > 0 and ${budgetUsed} > 0.25`,
        for: '1h',
        severity: 'warning',
        summary: `The budget ${of('budget')} will not last`,
        description: `At this rate nothing is left in {{ $value | humanizeDuration }}, of all or of the one named: “${value}”.`,
        dashboard: 'cost',
      },
    ],
    tokmeter_sdk: [
      {
        alert: 'TokmeterOperationsDropped',
        expr: grew(metric.sdkDropped, '10m', ['job', attribute.reason]),
        severity: 'warning',
        summary: `Operations of ${of('job')} were not measured`,
        description: `Its SDK dropped operations in the last ten minutes: ${of(attribute.reason)}.`,
        dashboard: 'collector',
      },
      {
        alert: 'TokmeterEventsDropped',
        expr: grew(metric.sdkEventsDropped, '10m', ['job', attribute.reason]),
        severity: 'warning',
        summary: `Operations of ${of('job')} are missing in the history`,
        description: `Its SDK could not send them as events in the last ten minutes: ${of(attribute.reason)}.`,
        dashboard: 'collector',
      },
      {
        alert: 'TokmeterAttributeOverflow',
        expr: grew(metric.sdkAttributeOverflow, '1h', ['job', attribute.attributeKey]),
        for: '15m',
        severity: 'info',
        summary: `${of(attribute.attributeKey)} has more values than are told apart`,
        description: `Operations of ${of('job')} were counted under _OTHER in the last hour.`,
        dashboard: 'collector',
      },
    ],
    tokmeter_collector: [
      {
        alert: 'TokmeterCollectorDown',
        expr: naming === 'page' ? `up{job="tokmeter"} == 0 or absent(up{job="tokmeter"})` : `absent(${received})`,
        for: '2m',
        severity: 'critical',
        summary: 'The collector is down',
        description:
          'Nothing has been heard of it for two minutes. Programs go on, and send again later what it did not acknowledge.',
        dashboard: 'collector',
      },
      {
        alert: 'TokmeterCollectorDropping',
        expr: `${grew('tokmeter.ledger.dropped', '15m', ['job', 'reason'])}`,
        severity: 'critical',
        summary: 'Operations were lost on their way to the store',
        description: `${of('job')} dropped what it had accepted in the last fifteen minutes: ${of('reason')}.`,
        dashboard: 'collector',
      },
      {
        alert: 'TokmeterCollectorRefusing',
        expr: `${q.sum(refused, ['job'])} > 0`,
        for: '5m',
        severity: 'critical',
        summary: 'The collector refuses what it is sent',
        description: `${of('job')} has no room on its disk or in its memory; senders try again, as long as they can.`,
        dashboard: 'collector',
      },
      {
        alert: 'TokmeterQueueFilling',
        expr: `${filled('tokmeter.queue.size', 'tokmeter.queue.capacity', ['job'])} > 0.5`,
        for: '10m',
        severity: 'warning',
        summary: 'The queue of the collector fills',
        description: `${percent} of the queue of ${of('job')} wait for the store. When it is full, requests are refused.`,
        dashboard: 'collector',
      },
      {
        alert: 'TokmeterForwardFailing',
        expr: `${q.rateOf('tokmeter.exporter.failed_attempts', ['job', 'exporter'])} > 0 and ${q.sum(q.series('tokmeter.exporter.queue_items'), ['job', 'exporter'])} > 0`,
        for: '15m',
        severity: 'warning',
        summary: `${of('exporter')} does not take what is forwarded`,
        description: `Requests of ${of('job')} to it have failed for fifteen minutes; what waits is sent when it is back.`,
        dashboard: 'collector',
      },
      {
        alert: 'TokmeterForwardQueueFilling',
        expr: `${filled('tokmeter.exporter.queue_size', 'tokmeter.exporter.queue_capacity', ['job', 'exporter'])} > 0.8`,
        for: '10m',
        severity: 'critical',
        summary: `What waits for ${of('exporter')} is about to be dropped`,
        description: `${percent} of what may wait for it at ${of('job')} does; then the oldest is dropped, and counted.`,
        dashboard: 'collector',
      },
      {
        alert: 'TokmeterForwardDropping',
        expr: grew('tokmeter.ledger.forward.dropped', '15m', ['job', 'exporter', 'reason']),
        severity: 'critical',
        summary: `Items for ${of('exporter')} were dropped`,
        description: `${of('job')} dropped what waited for it in the last fifteen minutes: ${of('reason')}.`,
        dashboard: 'collector',
      },
      {
        alert: 'TokmeterCollectorAttributeOverflow',
        expr: grew('tokmeter.instruments.attribute_overflow', '1h', ['job', 'attribute']),
        for: '15m',
        severity: 'info',
        summary: `${of('attribute')} has more values than are told apart`,
        description: `Operations at ${of('job')} were counted under _OTHER in the last hour.`,
        dashboard: 'collector',
      },
    ],
  }
  return {
    groups: Object.entries(groups).map(([name, rules]) => ({
      name,
      rules: rules.map((rule) =>
        alert(/** @type {AlertRule} */ ({ ...rule, dashboard: `${rule.dashboard}${suffix}` })),
      ),
    })),
  }
}
