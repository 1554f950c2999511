/** PromQL over the metrics by their OpenTelemetry names: one way to write a rate, a percentile, a share, for dashboards and rules alike. */
import { attribute, metric } from '../../dist/src/semconv.js'
import { labelOf, metricOf, prometheusName } from './metric-names.js'

/** @typedef {import('./metric-names.js').Naming} Naming */
/** Which series, by attribute: `{ 'error.type': '!=""' }`. @typedef {Record<string, string>} Matchers */

/** What tells calls apart. */
export const PROVIDER = attribute.providerName
export const MODEL = attribute.requestModel
export const OPERATION = attribute.operationName
export const ERROR = attribute.errorType
export const AGENT = attribute.agentName
export const TOOL = attribute.toolName
export const WORKFLOW = attribute.workflowName
export { attribute, metric }

/** Calls of a model: inference and embeddings, which share attributes and are told apart by the operation's name. */
const CALLS = [metric.inferenceDuration, metric.embeddingsDuration]

/**
 * @param {Naming} naming
 * @param {{ filters?: Matchers, window: string }} context matchers that every series has where it has the attribute, and the window of rates
 */
export function expressions(naming, { filters = {}, window }) {
  /** @param {string} name @param {Matchers} [matchers] @param {string} [suffix] */
  function series(name, matchers = {}, suffix = '') {
    const row = metricOf(name)
    const own = Object.entries(filters).filter(
      ([key]) => key === 'job' || row.attributes === undefined || row.attributes.includes(key),
    )
    const all = { ...(row.attributes === undefined ? jobOnly(filters) : Object.fromEntries(own)), ...matchers }
    const text = Object.entries(all).map(([key, matcher]) => `${labelOf(key)}${matcher}`)
    return `${prometheusName(row, naming)}${suffix}${text.length > 0 ? `{${text.join(', ')}}` : ''}`
  }
  const labels = (/** @type {readonly string[]} */ by) => (by.length > 0 ? ` by (${by.map(labelOf).join(', ')})` : '')
  const sum = (/** @type {string} */ of, /** @type {readonly string[]} */ by = []) => `sum${labels(by)} (${of})`
  /** @param {string} of @param {string} [over] */
  const rate = (of, over = window) => `rate(${of}[${over}])`

  /** Calls of a model, as rates. @param {Matchers} [matchers] @param {string} [over] */
  const callRates = (matchers, over) => CALLS.map((name) => rate(series(name, matchers, '_count'), over)).join(' or ')
  /** @param {string} over @param {Matchers} [matchers] */
  const callIncreases = (over, matchers) =>
    CALLS.map((name) => `increase(${series(name, matchers, '_count')}[${over}])`).join(' or ')

  return {
    series,
    sum,
    rate,
    /** A second. @param {string} name @param {readonly string[]} [by] @param {Matchers} [matchers] */
    rateOf: (name, by, matchers) => sum(rate(series(name, matchers)), by),
    /** Of a counter over a range. @param {string} name @param {string} range @param {readonly string[]} [by] @param {Matchers} [matchers] */
    increaseOf: (name, range, by, matchers) => sum(`increase(${series(name, matchers)}[${range}])`, by),
    /** Of a histogram's sum over a range. @param {string} name @param {string} range @param {readonly string[]} [by] */
    totalOf: (name, range, by) => sum(`increase(${series(name, {}, '_sum')}[${range}])`, by),
    /** Of a histogram's sum, a second. @param {string} name @param {readonly string[]} [by] @param {string} [over] */
    sumRateOf: (name, by, over) => sum(rate(series(name, {}, '_sum'), over), by),
    /** Of a histogram's measurements, a second. @param {string} name @param {readonly string[]} [by] @param {Matchers} [matchers] @param {string} [over] */
    countRateOf: (name, by, matchers, over) => sum(rate(series(name, matchers, '_count'), over), by),
    /** The mean of a histogram's measurements. @param {string} name @param {readonly string[]} [by] */
    meanOf: (name, by) =>
      `${sum(rate(series(name, {}, '_sum')), by)} / (${sum(rate(series(name, {}, '_count')), by)} > 0)`,
    /** Calls a second. @param {readonly string[]} [by] @param {Matchers} [matchers] @param {string} [over] */
    calls: (by, matchers, over) => sum(callRates(matchers, over), by),
    /** Calls over a range. @param {string} range @param {readonly string[]} [by] @param {Matchers} [matchers] */
    callsOver: (range, by, matchers) => sum(callIncreases(range, matchers), by),
    /** The share of calls that failed; nothing where there are none. @param {readonly string[]} [by] @param {string} [over] */
    errorRatio(by = [], over = window) {
      const all = sum(callRates({}, over), by)
      const failed = sum(callRates({ [ERROR]: '!=""' }, over), by)
      return `(${failed} or ${all} * 0) / (${all} > 0)`
    },
    /** The share of calls of which a counter of gaps says something. @param {string} name @param {string} over @param {readonly string[]} [by] */
    shareOfCalls(name, over, by = []) {
      const all = sum(callIncreases(over), by)
      return `(${sum(`increase(${series(name)}[${over}])`, by)} or ${all} * 0) / (${all} > 0)`
    },
    /** A percentile of a histogram. By OTLP it may come with fixed buckets or as a native one. @param {number} quantile @param {string} name @param {readonly string[]} [by] @param {string} [over] */
    quantile(quantile, name, by = [], over = window) {
      const classic = `histogram_quantile(${quantile}, ${sum(rate(series(name, {}, '_bucket'), over), ['le', ...by])})`
      if (naming === 'page') return classic
      return `${classic} or histogram_quantile(${quantile}, ${sum(rate(series(name), over), by)})`
    },
  }
}

/** The collector's metrics of itself know no providers and models. @param {Matchers} filters @returns {Matchers} */
function jobOnly({ job }) {
  return job === undefined ? {} : { job }
}
