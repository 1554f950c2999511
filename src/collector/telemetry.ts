/** What the collector measures, and the Prometheus page of it: a MeterProvider with one reader, and the collector's metrics of itself. */
import type { Attributes, BatchObservableResult, Meter, MeterProvider, Observable } from '@opentelemetry/api'
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus'
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources'
import {
  DataPointType,
  type IMetricReader,
  type ResourceMetrics,
  MeterProvider as SdkMeterProvider,
  type ViewOptions,
} from '@opentelemetry/sdk-metrics'
import { REQUEST_DURATION } from './request-durations.js'
import type { SourceName, Sources } from './self-metric.js'
import { processSnapshot, SELF_METRICS } from './self-metrics.js'

export type TelemetryOptions = {
  readonly version: string
  readonly views: readonly ViewOptions[]
  /** Whether every sample names its scope. */
  readonly scopeLabels: boolean
  /** Where the metrics of the collector itself look; what is not there has no metrics. The process is always looked at. */
  readonly sources: Partial<Sources>
  /** Puts something before the readers of the MeterProvider, as the core's `Aggregation` has to be. @default nothing */
  readonly joinReaders?: (readers: readonly IMetricReader[]) => readonly IMetricReader[]
  /** Told what could not be measured or shown; each trouble once. */
  readonly onTrouble: (message: string) => void
}

export type Telemetry = {
  readonly meterProvider: MeterProvider
  /** Takes how long a request took. */
  request(seconds: number, attributes: Attributes): void
  /** The metrics as they are now, in Prometheus' text format. */
  page(): Promise<string>
  shutdown(): Promise<void>
}

/** Version of the text format; Prometheus takes the page for it from the header. */
export const PAGE_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

export function createTelemetry(options: TelemetryOptions): Telemetry {
  const { version, views, scopeLabels, sources, joinReaders = (readers) => readers } = options
  const onTrouble = once(options.onTrouble)
  const reader = new PrometheusExporter({ preventServerStart: true })
  const serializer = new PrometheusSerializer('', false, undefined, false, !scopeLabels)
  const meterProvider = new SdkMeterProvider({
    // The environment knows better what it is called.
    resource: defaultResource()
      .merge(resourceFromAttributes({ 'service.name': 'tokmeter-collector', 'service.version': version }))
      .merge(detectResources({ detectors: [envDetector] })),
    readers: [...joinReaders([reader])],
    views: [...views],
  })
  const meter = meterProvider.getMeter('tokmeter-collector', version)
  observeSelf(meter, { process: processSnapshot, ...sources }, onTrouble)
  const { name, unit, description, buckets } = REQUEST_DURATION
  const advice = { explicitBucketBoundaries: [...buckets] }
  const requests = meter.createHistogram(name, { unit, description, advice })
  return {
    meterProvider,
    request: (seconds, attributes) => requests.record(seconds, attributes),
    async page() {
      const { resourceMetrics, errors } = await reader.collect()
      for (const error of errors) onTrouble(`a metric could not be collected: ${error}`)
      return serializer.serialize(withoutExponential(resourceMetrics, onTrouble))
    },
    shutdown: () => meterProvider.shutdown(),
  }
}

/** Observes the collector: one look at each source for each collection. */
function observeSelf(meter: Meter, sources: Partial<Sources>, onTrouble: (message: string) => void): void {
  const observed = SELF_METRICS.filter(({ source }) => sources[source] !== undefined).map((row) => {
    const { name, kind, unit, description } = row
    const create = kind === 'counter' ? 'createObservableCounter' : 'createObservableGauge'
    return { ...row, instrument: meter[create](name, { unit, description }) as Observable }
  })
  const observe = (result: BatchObservableResult) => {
    const snapshots = new Map<SourceName, unknown>()
    for (const { source, instrument, name, read } of observed) {
      // A source that fails takes its own metrics from the page, and no others.
      try {
        if (!snapshots.has(source)) snapshots.set(source, snapshotOf(sources, source, onTrouble))
        const snapshot = snapshots.get(source)
        if (snapshot === undefined) continue
        for (const [value, attributes] of read(snapshot as never)) result.observe(instrument, value, attributes)
      } catch (error) {
        onTrouble(`${name} could not be observed: ${(error as Error).message}`)
      }
    }
  }
  meter.addBatchObservableCallback(
    observe,
    observed.map(({ instrument }) => instrument),
  )
}

function snapshotOf(sources: Partial<Sources>, source: SourceName, onTrouble: (message: string) => void): unknown {
  try {
    return sources[source]?.()
  } catch (error) {
    onTrouble(`the metrics of ${source} could not be observed: ${(error as Error).message}`)
    return undefined
  }
}

function withoutExponential(metrics: ResourceMetrics, onTrouble: (message: string) => void): ResourceMetrics {
  const isExponential = ({ dataPointType }: { dataPointType: DataPointType }) =>
    dataPointType === DataPointType.EXPONENTIAL_HISTOGRAM
  const left = metrics.scopeMetrics.flatMap((scope) => scope.metrics.filter(isExponential))
  if (left.length === 0) return metrics
  const names = left.map(({ descriptor }) => descriptor.name).sort()
  onTrouble(`exponential histograms are left out of the page, whose format cannot hold them: ${names.join(', ')}`)
  return {
    ...metrics,
    scopeMetrics: metrics.scopeMetrics.map((scope) => ({
      ...scope,
      metrics: scope.metrics.filter((one) => !isExponential(one)),
    })),
  }
}

/** Tells each message the first time. */
function once(tell: (message: string) => void): (message: string) => void {
  const told = new Set<string>()
  return (message) => {
    if (told.has(message) || told.size >= 100) return
    told.add(message)
    tell(message)
  }
}
