/** What is computed once and asked for often: rates, shares, percentiles and spend, as Prometheus recording rules. */
import { expressions, MODEL, metric, PROVIDER } from './expressions.js'

/** By what the short windows are told apart, and the long ones. */
const FINE = ['job', PROVIDER, MODEL]
const COARSE = ['job']
/** Windows of the burn rates of alerts. */
export const BURN_WINDOWS = /** @type {const} */ (['5m', '30m', '1h', '6h', '3d'])

/** @param {import('./metric-names.js').Naming} naming */
export function recordingRules(naming) {
  const q = expressions(naming, { window: '5m' })
  const rule = (/** @type {string} */ record, /** @type {string} */ expr) => ({ record, expr })
  return {
    groups: [
      {
        name: 'tokmeter_recorded_calls',
        rules: [
          rule('job_provider_model:tokmeter_calls:rate5m', q.calls(FINE)),
          rule('job_provider_model:tokmeter_errors:ratio_rate5m', q.errorRatio(FINE)),
          rule('job_provider_model:tokmeter_duration_seconds:p95_5m', q.quantile(0.95, metric.inferenceDuration, FINE)),
          rule(
            'job_provider_model:tokmeter_time_to_first_chunk_seconds:p95_5m',
            q.quantile(0.95, metric.inferenceTimeToFirstChunk, FINE),
          ),
          rule('job_provider_model:tokmeter_input_tokens:rate5m', q.rateOf(metric.inferenceUsageInput, FINE)),
          rule('job_provider_model:tokmeter_output_tokens:rate5m', q.rateOf(metric.inferenceUsageOutput, FINE)),
        ],
      },
      {
        name: 'tokmeter_recorded_cost',
        rules: [
          rule('job_provider_model:tokmeter_cost_usd:rate5m', q.sumRateOf(metric.cost, FINE)),
          rule('job:tokmeter_cost_usd:rate1h', q.sumRateOf(metric.cost, COARSE, '1h')),
          rule('job:tokmeter_cost_usd:increase1h', q.totalOf(metric.cost, '1h', COARSE)),
          rule('job:tokmeter_cost_usd:increase1d', q.totalOf(metric.cost, '1d', COARSE)),
          rule('job:tokmeter_unpriced:ratio_increase1h', q.shareOfCalls(metric.unpriced, '1h', COARSE)),
          rule('job:tokmeter_usage_missing:ratio_increase1h', q.shareOfCalls(metric.usageMissing, '1h', COARSE)),
        ],
      },
      {
        name: 'tokmeter_recorded_error_windows',
        rules: BURN_WINDOWS.map((window) =>
          rule(`job:tokmeter_errors:ratio_rate${window}`, q.errorRatio(COARSE, window)),
        ),
      },
    ],
  }
}
