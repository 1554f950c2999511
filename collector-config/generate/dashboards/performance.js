/** How long calls take, and where. */
import { filtersOf } from '../dashboard.js'
import { attribute, expressions, MODEL, metric, PROVIDER } from '../expressions.js'
import { labelOf } from '../metric-names.js'

const VARIABLES = /** @type {const} */ (['job', 'provider', 'model', 'operation'])
const model = `{{${labelOf(MODEL)}}}`

/** @param {import('../metric-names.js').Naming} naming @returns {import('../dashboard.js').Dashboard} */
export function performance(naming) {
  const q = expressions(naming, { filters: filtersOf(VARIABLES), window: '$__rate_interval' })
  const quantiles = (/** @type {string} */ name) =>
    [0.5, 0.9, 0.95, 0.99].map((quantile) => ({ expr: q.quantile(quantile, name), legend: `p${quantile * 100}` }))
  const byModel = (/** @type {string} */ name) => [{ expr: q.quantile(0.95, name, [MODEL]), legend: model }]
  return {
    uid: 'tokmeter-performance',
    title: 'tokmeter / Performance',
    description: 'How long calls take, where, and how fast tokens come.',
    variables: VARIABLES,
    rows: [
      {
        title: 'Duration',
        panels: [
          {
            title: 'Duration of inferences',
            description: 'From the call to the whole response; told from buckets.',
            unit: 's',
            queries: quantiles(metric.inferenceDuration),
          },
          {
            title: 'Duration p95, by model',
            description: 'Of inferences.',
            unit: 's',
            queries: byModel(metric.inferenceDuration),
          },
          {
            title: 'How inferences are distributed',
            description: 'Inferences by duration.',
            unit: 's',
            kind: 'heatmap',
            queries: [
              {
                expr: q.sum(`increase(${q.series(metric.inferenceDuration, {}, '_bucket')}[$__rate_interval])`, ['le']),
                legend: '{{le}}',
              },
            ],
          },
          {
            title: 'Duration of embeddings p95, by model',
            description: 'From the call to the whole response.',
            unit: 's',
            none: 'no embeddings',
            queries: byModel(metric.embeddingsDuration),
          },
        ],
      },
      {
        title: 'Streams',
        panels: [
          {
            title: 'Time to the first chunk',
            description: 'Of streamed inferences, to the first content.',
            unit: 's',
            none: 'nothing streamed',
            queries: quantiles(metric.inferenceTimeToFirstChunk),
          },
          {
            title: 'Time to the first chunk p95, by model',
            description: 'Of streamed inferences.',
            unit: 's',
            none: 'nothing streamed',
            queries: byModel(metric.inferenceTimeToFirstChunk),
          },
          {
            title: 'Time between chunks p95, by model',
            description: 'Of streamed inferences, between one content-bearing chunk and the next.',
            unit: 's',
            none: 'nothing streamed',
            queries: byModel(metric.inferenceTimePerOutputChunk),
          },
          {
            title: 'Output tokens a second of inference, by model',
            description: 'Output tokens by the time inferences took.',
            unit: 'short',
            queries: [
              {
                expr: `${q.rateOf(metric.inferenceUsageOutput, [MODEL])} / (${q.sumRateOf(metric.inferenceDuration, [MODEL])} > 0)`,
                legend: model,
              },
            ],
          },
        ],
      },
      {
        title: 'What goes wrong',
        panels: [
          {
            title: 'Error ratio, by model',
            description: 'Share of the calls that failed.',
            unit: 'percentunit',
            none: 'no calls',
            queries: [{ expr: q.errorRatio([MODEL]), legend: model }],
          },
          {
            title: 'Retries a second, by provider',
            description: 'HTTP requests that clients repeated by themselves.',
            unit: 'reqps',
            none: 'no retries',
            mayBeEmpty: true,
            queries: [{ expr: q.rateOf(metric.retries, [PROVIDER]), legend: `{{${labelOf(PROVIDER)}}}` }],
          },
          {
            title: 'Inferences a second, by host',
            description: 'Where the calls go.',
            unit: 'reqps',
            kind: 'stacked',
            queries: [
              {
                expr: q.countRateOf(metric.inferenceDuration, [attribute.serverAddress]),
                legend: `{{${labelOf(attribute.serverAddress)}}}`,
              },
            ],
          },
          {
            title: 'Tokens of an inference p95',
            description: 'Input and output, told from buckets.',
            unit: 'short',
            queries: [
              { expr: q.quantile(0.95, metric.inferenceOperationInput), legend: 'input' },
              { expr: q.quantile(0.95, metric.inferenceOperationOutput), legend: 'output' },
            ],
          },
        ],
      },
    ],
  }
}
