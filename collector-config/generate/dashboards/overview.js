/** At a glance: what is spent, how much is called, how well it goes. */
import { filtersOf } from '../dashboard.js'
import { attribute, expressions, MODEL, metric, PROVIDER } from '../expressions.js'
import { labelOf } from '../metric-names.js'

const VARIABLES = /** @type {const} */ (['job', 'provider', 'model', 'operation'])
const RANGE = '$__range'
const model = `{{${labelOf(MODEL)}}}`
const provider = `{{${labelOf(PROVIDER)}}}`

/** @param {import('../metric-names.js').Naming} naming @returns {import('../dashboard.js').Dashboard} */
export function overview(naming) {
  const q = expressions(naming, { filters: filtersOf(VARIABLES), window: '$__rate_interval' })
  const tokens = (/** @type {string} */ name, /** @type {string} */ legend) => ({ expr: q.rateOf(name), legend })
  return {
    uid: 'tokmeter-overview',
    title: 'tokmeter / Overview',
    description:
      'What is spent on language models, how much they are called, how well it goes. Scrape either the programs or the collector that they send to, or choose one source: each counts the same calls.',
    variables: VARIABLES,
    rows: [
      {
        title: 'In the range',
        panels: [
          {
            title: 'Spend',
            description: 'Of all operations whose price is known; see “priced”.',
            unit: 'currencyUSD',
            kind: 'stat',
            queries: [{ expr: q.totalOf(metric.cost, RANGE) }],
          },
          {
            title: 'Calls',
            description: 'Inferences and embeddings that came to an end, failed ones included.',
            unit: 'short',
            kind: 'stat',
            queries: [{ expr: q.callsOver(RANGE) }],
          },
          {
            title: 'Tokens',
            description: 'Input and output tokens of inferences.',
            unit: 'short',
            kind: 'stat',
            queries: [
              {
                expr: `${q.increaseOf(metric.inferenceUsageInput, RANGE)} + ${q.increaseOf(metric.inferenceUsageOutput, RANGE)}`,
              },
            ],
          },
          {
            title: 'Error ratio',
            description: 'Share of the calls that failed.',
            unit: 'percentunit',
            kind: 'stat',
            thresholds: [
              ['green', null],
              ['orange', 0.05],
              ['red', 0.1],
            ],
            none: 'no calls',
            queries: [{ expr: q.errorRatio([], RANGE) }],
          },
          {
            title: 'Duration p95',
            description: 'Of inferences, told from buckets.',
            unit: 's',
            kind: 'stat',
            queries: [{ expr: q.quantile(0.95, metric.inferenceDuration, [], RANGE) }],
          },
          {
            title: 'First chunk p95',
            description: 'From the call to the first content of streamed inferences.',
            unit: 's',
            kind: 'stat',
            none: 'nothing streamed',
            queries: [{ expr: q.quantile(0.95, metric.inferenceTimeToFirstChunk, [], RANGE) }],
          },
          {
            title: 'Priced',
            description: 'Share of the calls whose cost is known: the others are in no sum of money.',
            unit: 'percentunit',
            kind: 'stat',
            none: 'no calls',
            thresholds: [
              ['red', null],
              ['orange', 0.9],
              ['green', 0.99],
            ],
            queries: [{ expr: `1 - ${q.shareOfCalls(metric.unpriced, RANGE)}` }],
          },
          {
            title: 'With usage',
            description: 'Share of the calls whose tokens are known: the others are in no sum of tokens.',
            unit: 'percentunit',
            kind: 'stat',
            none: 'no calls',
            thresholds: [
              ['red', null],
              ['orange', 0.9],
              ['green', 0.99],
            ],
            queries: [{ expr: `1 - ${q.shareOfCalls(metric.usageMissing, RANGE)}` }],
          },
        ],
      },
      {
        title: 'Over time',
        panels: [
          {
            title: 'Spend an hour, by model',
            description: 'At the rate of the moment.',
            unit: 'currencyUSD',
            kind: 'stacked',
            queries: [{ expr: `${q.sumRateOf(metric.cost, [MODEL])} * 3600`, legend: model }],
          },
          {
            title: 'Calls a second, by model',
            description: 'Inferences and embeddings.',
            unit: 'reqps',
            kind: 'stacked',
            queries: [{ expr: q.calls([MODEL]), legend: model }],
          },
          {
            title: 'Tokens a second',
            description: 'Cached input is a part of input, and reasoning a part of output.',
            unit: 'short',
            queries: [
              tokens(metric.inferenceUsageInput, 'input'),
              tokens(metric.inferenceUsageOutput, 'output'),
              tokens(metric.inferenceUsageCacheRead, 'cached input'),
              tokens(metric.inferenceUsageReasoning, 'reasoning'),
            ],
          },
          {
            title: 'Duration of inferences',
            description: 'Percentiles told from buckets.',
            unit: 's',
            queries: [0.5, 0.95, 0.99].map((quantile) => ({
              expr: q.quantile(quantile, metric.inferenceDuration),
              legend: `p${quantile * 100}`,
            })),
          },
          {
            title: 'Error ratio, by provider',
            description: 'Share of the calls that failed.',
            unit: 'percentunit',
            none: 'no calls',
            queries: [{ expr: q.errorRatio([PROVIDER]), legend: provider }],
          },
          {
            title: 'Errors a second, by type',
            description: 'Failed calls by error.type.',
            unit: 'reqps',
            kind: 'stacked',
            none: 'no call failed',
            mayBeEmpty: true,
            queries: [
              {
                expr: q.calls([PROVIDER, attribute.errorType], { [attribute.errorType]: '!=""' }),
                legend: `${provider} {{${labelOf(attribute.errorType)}}}`,
              },
            ],
          },
        ],
      },
    ],
  }
}
