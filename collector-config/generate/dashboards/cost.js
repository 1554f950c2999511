/** Where the money goes. */
import { filtersOf } from '../dashboard.js'
import { attribute, expressions, MODEL, metric, PROVIDER } from '../expressions.js'
import { labelOf } from '../metric-names.js'

const VARIABLES = /** @type {const} */ (['job', 'provider', 'model', 'operation'])
const RANGE = '$__range'
const MONTH_SECONDS = 30 * 86_400
/** A budget, and of one for each value of something the value. */
const BUDGET = ['budget', 'value']
const model = `{{${labelOf(MODEL)}}}`

/** @param {import('../metric-names.js').Naming} naming @returns {import('../dashboard.js').Dashboard} */
export function cost(naming) {
  const q = expressions(naming, { filters: filtersOf(VARIABLES), window: '$__rate_interval' })
  const spent = (/** @type {readonly string[]} */ by, /** @type {string} */ legend) => [
    { expr: q.totalOf(metric.cost, RANGE, by), legend },
  ]
  const calls = q.callsOver(RANGE)
  return {
    uid: 'tokmeter-cost',
    title: 'tokmeter / Cost',
    description: 'Where the money goes, and what is not priced.',
    variables: VARIABLES,
    rows: [
      {
        title: 'In the range',
        panels: [
          {
            title: 'Spend',
            description: 'Of all operations whose price is known.',
            unit: 'currencyUSD',
            kind: 'stat',
            queries: spent([], ''),
          },
          {
            title: 'A call costs',
            description: 'Mean of the operations whose price is known.',
            unit: 'currencyUSD',
            kind: 'stat',
            queries: [
              {
                expr: `${q.totalOf(metric.cost, RANGE)} / (${q.sum(`increase(${q.series(metric.cost, {}, '_count')}[${RANGE}])`)} > 0)`,
              },
            ],
          },
          {
            title: '30 days at this rate',
            description: 'The mean rate of the last day, for 30 days.',
            unit: 'currencyUSD',
            kind: 'stat',
            queries: [{ expr: `${q.sumRateOf(metric.cost, [], '1d')} * ${MONTH_SECONDS}` }],
          },
          {
            title: 'Input from the cache',
            description: 'Share of the input tokens that were read from a prompt cache.',
            unit: 'percentunit',
            kind: 'stat',
            queries: [
              {
                expr: `${q.increaseOf(metric.inferenceUsageCacheRead, RANGE)} / (${q.increaseOf(metric.inferenceUsageInput, RANGE)} > 0)`,
              },
            ],
          },
          {
            title: 'Unpriced calls',
            description: 'Calls whose cost is not known, because usage or price is not: in no sum of money.',
            unit: 'short',
            kind: 'stat',
            none: 'none',
            mayBeEmpty: true,
            thresholds: [
              ['green', null],
              ['orange', 1],
            ],
            queries: [{ expr: q.increaseOf(metric.unpriced, RANGE) }],
          },
          {
            title: 'Calls',
            description: 'Inferences and embeddings that came to an end, failed ones included.',
            unit: 'short',
            kind: 'stat',
            queries: [{ expr: calls }],
          },
        ],
      },
      {
        title: 'On what',
        panels: [
          {
            title: 'Spend by model',
            description: 'In the range.',
            unit: 'currencyUSD',
            kind: 'bars',
            queries: [{ expr: `sort_desc(${q.totalOf(metric.cost, RANGE, [MODEL])})`, legend: model }],
          },
          {
            title: 'Spend by provider',
            description: 'In the range.',
            unit: 'currencyUSD',
            kind: 'bars',
            queries: [
              { expr: `sort_desc(${q.totalOf(metric.cost, RANGE, [PROVIDER])})`, legend: `{{${labelOf(PROVIDER)}}}` },
            ],
          },
          {
            title: 'Spend by operation',
            description: 'In the range: chat, embeddings, tools with a price of their own.',
            unit: 'currencyUSD',
            kind: 'bars',
            width: 8,
            queries: spent([attribute.operationName], `{{${labelOf(attribute.operationName)}}}`),
          },
          {
            title: 'Spend by source',
            description: 'In the range, by the program or collector that was scraped.',
            unit: 'currencyUSD',
            kind: 'bars',
            width: 8,
            queries: spent(['job'], '{{job}}'),
          },
          {
            title: 'Who says what it costs',
            description: 'The provider itself, the price catalogue, or prices of your own.',
            unit: 'currencyUSD',
            kind: 'bars',
            width: 8,
            queries: spent([attribute.costSource], `{{${labelOf(attribute.costSource)}}}`),
          },
        ],
      },
      {
        title: 'Budgets',
        panels: [
          {
            title: 'Budgets used',
            description: 'Share of the limit that is spent in the period going on, as far as it is priced.',
            unit: 'percentunit',
            kind: 'bars',
            width: 8,
            max: 1,
            thresholds: [
              ['green', null],
              ['yellow', 0.5],
              ['orange', 0.8],
              ['red', 0.95],
            ],
            none: 'no budgets',
            queries: [
              {
                expr: `sort_desc(${q.sum(q.series('tokmeter.budget.used_ratio'), BUDGET)})`,
                legend: '{{budget}} {{value}}',
              },
            ],
          },
          {
            title: 'What is left of budgets',
            description: 'Negative where more was spent.',
            unit: 'currencyUSD',
            width: 8,
            none: 'no budgets',
            queries: [{ expr: q.sum(q.series('tokmeter.budget.remaining'), BUDGET), legend: '{{budget}} {{value}}' }],
          },
          {
            title: 'How fast budgets are spent',
            description: 'Times as fast as the limit allows, since the period began: above 1 it will not last.',
            unit: 'short',
            width: 8,
            none: 'no budgets',
            queries: [{ expr: q.sum(q.series('tokmeter.budget.burn_rate'), BUDGET), legend: '{{budget}} {{value}}' }],
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
            title: 'Mean cost of a call, by model',
            description: 'Of the operations whose price is known.',
            unit: 'currencyUSD',
            queries: [{ expr: q.meanOf(metric.cost, [MODEL]), legend: model }],
          },
          {
            title: 'Input tokens a second, by model',
            description: 'Cached ones included.',
            unit: 'short',
            kind: 'stacked',
            queries: [{ expr: q.rateOf(metric.inferenceUsageInput, [MODEL]), legend: model }],
          },
          {
            title: 'Output tokens a second, by model',
            description: 'Reasoning ones included.',
            unit: 'short',
            kind: 'stacked',
            queries: [{ expr: q.rateOf(metric.inferenceUsageOutput, [MODEL]), legend: model }],
          },
          {
            title: 'Input from the cache, by model',
            description: 'Share of the input tokens that were read from a prompt cache.',
            unit: 'percentunit',
            queries: [
              {
                expr: `${q.rateOf(metric.inferenceUsageCacheRead, [MODEL])} / (${q.rateOf(metric.inferenceUsageInput, [MODEL])} > 0)`,
                legend: model,
              },
            ],
          },
          {
            title: 'Unpriced share, by model',
            description: 'Share of the calls whose cost is not known.',
            unit: 'percentunit',
            none: 'no calls',
            queries: [{ expr: q.shareOfCalls(metric.unpriced, '$__rate_interval', [MODEL]), legend: model }],
          },
        ],
      },
    ],
  }
}
