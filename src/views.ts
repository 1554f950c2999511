/**
 * Ready-made views: plain `ViewOptions` of OpenTelemetry, so that they serve any MeterProvider, plus tags as attributes.
 * Views of the same metric add up to one when they are given to `start`; elsewhere, put them through `mergeViews` first,
 * since OpenTelemetry makes one stream of a metric for every view that matches it.
 */
import type { IAttributesProcessor, ViewOptions } from '@opentelemetry/sdk-metrics'
import {
  AggregationType,
  createAllowListAttributesProcessor,
  createDenyListAttributesProcessor,
} from '@opentelemetry/sdk-metrics'
import { attributesOf, CATALOGUE, instrumentKind, type MetricDefinition } from './catalogue.js'
import { metric, unit } from './semconv.js'

/** Asks that tags of operations become attributes of metrics. Understood by `start`, not by OpenTelemetry itself. */
export type TagAttributesView = { readonly tagAttributes: readonly string[] }

/** What `start({ views })` takes: OpenTelemetry's own and tokmeter's. */
export type View = ViewOptions | TagAttributesView

export function isTagAttributesView(view: View): view is TagAttributesView {
  return 'tagAttributes' in view
}

const histograms = (wanted: (row: MetricDefinition) => boolean): readonly string[] => [
  ...new Set(CATALOGUE.filter((row) => instrumentKind(row) === 'histogram' && wanted(row)).map((row) => row.name)),
]

const explicit = (names: readonly string[], boundaries: readonly number[]): ViewOptions[] => {
  checkBoundaries(boundaries)
  return names.map((instrumentName) => ({
    instrumentName,
    aggregation: { type: AggregationType.EXPLICIT_BUCKET_HISTOGRAM, options: { boundaries: [...boundaries] } },
  }))
}

/** Buckets that reach ten minutes: the standard ones end at 82 s, too short for long streams and reasoning. In seconds. */
export const LONG_LATENCY = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600] as const

/**
 * Other latency buckets, in seconds, for all duration metrics of calls or for those named.
 * @example start({ views: latencyBuckets() })
 * @example start({ views: latencyBuckets([0.5, 1, 2, 5], ['gen_ai.client.inference.duration']) })
 */
export function latencyBuckets(
  boundaries: readonly number[] = LONG_LATENCY,
  names: readonly string[] = histograms((row) => row.unit === unit.seconds && row.attributes.startsWith('call')),
): ViewOptions[] {
  return explicit(names, boundaries)
}

/**
 * Other buckets for the distribution of tokens.
 * @example start({ views: tokenBuckets([100, 1000, 10_000, 100_000]) })
 */
export function tokenBuckets(boundaries: readonly number[]): ViewOptions[] {
  return explicit(
    histograms((row) => row.unit === unit.tokens),
    boundaries,
  )
}

/**
 * Other buckets for the cost of an operation, in USD.
 * @example start({ views: costBuckets([0.001, 0.01, 0.1, 1]) })
 */
export function costBuckets(boundaries: readonly number[]): ViewOptions[] {
  return explicit([metric.cost], boundaries)
}

/**
 * Exponential histograms: no buckets to choose, a relative error of at most 4.5 % at the default size.
 * For OTLP only: Prometheus' text format cannot hold them, and the Prometheus endpoint leaves them out.
 * @example start({ otlp: true, views: exponentialHistograms() })
 */
export function exponentialHistograms(maxSize = 160, names: readonly string[] = histograms(() => true)): ViewOptions[] {
  return names.map((instrumentName) => ({
    instrumentName,
    aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM, options: { maxSize } },
  }))
}

/** Names of all metrics made from operations. */
const everyName = (): readonly string[] => [...new Set(CATALOGUE.map((row) => row.name))]

/**
 * Keeps only these attributes, on every metric made from operations or on those named.
 * @example start({ views: keepAttributes(['gen_ai.request.model', 'error.type']) })
 */
export function keepAttributes(attributes: readonly string[], names: readonly string[] = everyName()): ViewOptions[] {
  return names.map((instrumentName) => ({
    instrumentName,
    attributesProcessors: [createAllowListAttributesProcessor([...attributes])],
  }))
}

/**
 * Leaves these attributes out, on every metric made from operations or on those named.
 * @example start({ views: dropAttributes(['server.address', 'server.port']) })
 */
export function dropAttributes(attributes: readonly string[], names: readonly string[] = everyName()): ViewOptions[] {
  return names.map((instrumentName) => ({
    instrumentName,
    attributesProcessors: [createDenyListAttributesProcessor([...attributes])],
  }))
}

/**
 * Leaves metrics out altogether.
 * @example start({ views: dropMetrics(['gen_ai.client.inference.time_per_output_chunk']) })
 */
export function dropMetrics(names: readonly string[]): ViewOptions[] {
  return names.map((instrumentName) => ({ instrumentName, aggregation: { type: AggregationType.DROP } }))
}

/**
 * At most so many series a metric; what comes later goes into one series marked `otel.metric.overflow`.
 * @example start({ views: limitSeries(500) })
 */
export function limitSeries(limit: number, names: readonly string[] = everyName()): ViewOptions[] {
  if (!Number.isInteger(limit) || limit < 2)
    throw new RangeError(`limit must be an integer of at least 2; got ${limit}`)
  return names.map((instrumentName) => ({ instrumentName, aggregationCardinalityLimit: limit }))
}

/**
 * Makes tags of operations attributes of their metrics, as `tokmeter.tag.<name>`. Choose tags of few values.
 * @example start({ views: [tagAttributes('tenant', 'feature')] })
 */
export function tagAttributes(...tags: readonly string[]): TagAttributesView {
  return { tagAttributes: tags }
}

/** Makes one view of all those that select the same instruments: the later aggregation, name and limit win, attribute processors add up. */
export function mergeViews(views: readonly ViewOptions[]): ViewOptions[] {
  const merged = new Map<string, ViewOptions>()
  for (const view of views) {
    const selector = JSON.stringify([
      view.instrumentName,
      view.instrumentType,
      view.instrumentUnit,
      view.meterName,
      view.meterVersion,
      view.meterSchemaUrl,
    ])
    const before = merged.get(selector)
    const processors: IAttributesProcessor[] = [
      ...(before?.attributesProcessors ?? []),
      ...(view.attributesProcessors ?? []),
    ]
    merged.set(selector, {
      ...before,
      ...view,
      ...(processors.length === 0 ? undefined : { attributesProcessors: processors }),
    })
  }
  return [...merged.values()]
}

/** The attributes a metric of the catalogue may carry, for writing views. Empty for a name the catalogue does not have. */
export function attributesOfMetric(name: string): readonly string[] {
  return [...new Set(CATALOGUE.filter((row) => row.name === name).flatMap(attributesOf))]
}

function checkBoundaries(boundaries: readonly number[]): void {
  const rising = boundaries.every(
    (value, index) => Number.isFinite(value) && value > (boundaries[index - 1] ?? -Infinity),
  )
  if (boundaries.length === 0 || !rising)
    throw new RangeError(`boundaries must be rising finite numbers, at least one; got [${boundaries.join(', ')}]`)
}
