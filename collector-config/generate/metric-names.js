/** How the metrics of the catalogue, of the SDK and of the collector are called in Prometheus, by either way they get there. */
import { attributesOf, CATALOGUE, instrumentKind } from '../../dist/src/catalogue.js'
import { SELF_METRICS as SDK_METRICS } from '../../dist/src/sdk/telemetry.js'
import { REQUEST_DURATION } from '../../src/collector/dist/request-durations.js'
import { SELF_METRICS as COLLECTOR_METRICS } from '../../src/collector/dist/self-metrics.js'

/**
 * `page`: as the pages of the SDK and the collector have them, which Prometheus scrapes. `otlp`: as Prometheus names what it receives by OTLP,
 * with units in the names (its default translation, UnderscoreEscapingWithSuffixes).
 * @typedef {'page' | 'otlp'} Naming
 * @typedef {{ name: string, kind: 'counter' | 'gauge' | 'histogram', unit: string, description: string, attributes: readonly string[] | undefined }} Metric
 */

/** @type {readonly Naming[]} */
export const NAMINGS = ['page', 'otlp']

/** All metrics of the current conventions and tokmeter's own. The attributes of the collector's own are known where they are observed only. @type {readonly Metric[]} */
export const METRICS = [
  ...CATALOGUE.filter(({ editions }) => editions.includes('current')).map((row) => ({
    name: row.name,
    kind: instrumentKind(row),
    unit: row.unit,
    description: row.description,
    attributes: attributesOf(row),
  })),
  ...SDK_METRICS.map(({ name, kind, unit, description, attributes }) => ({
    name,
    kind,
    unit,
    description,
    attributes,
  })),
  ...[...COLLECTOR_METRICS, REQUEST_DURATION].map(({ name, kind, unit, description }) => ({
    name,
    kind,
    unit,
    description,
    attributes: undefined,
  })),
]

/** The metric of an OpenTelemetry name. @param {string} name */
export function metricOf(name) {
  const found = METRICS.find((metric) => metric.name === name)
  if (found === undefined) throw new Error(`there is no metric ${name}`)
  return found
}

/** Units as Prometheus spells them out in names. @type {Record<string, string>} */
const UNIT_WORDS = { s: 'seconds', ms: 'milliseconds', By: 'bytes', 1: 'ratio' }

/** @param {Metric} metric @param {Naming} naming */
export function prometheusName({ name, kind, unit }, naming) {
  const base = name.replace(/[^A-Za-z0-9_:]/g, '_')
  const total = kind === 'counter' ? '_total' : ''
  // What stands in braces is a remark, no unit; a ratio is one of gauges alone.
  const word = /^\{.*\}$/.test(unit) || (unit === '1' && kind !== 'gauge') ? undefined : (UNIT_WORDS[unit] ?? unit)
  const hasIt = word === undefined || base.split('_').includes(word)
  return naming === 'page' || hasIt ? `${base}${total}` : `${base}_${word}${total}`
}

/** The label of an attribute. @param {string} attribute */
export function labelOf(attribute) {
  return attribute.replace(/[^A-Za-z0-9_]/g, '_')
}
