/** The SDK's metrics of itself: one table, observed when metrics are collected. */
import type { Attributes, BatchObservableResult, Meter } from '@opentelemetry/api'
import { attribute, metric, unit } from '../semconv.js'
import type { Stats } from './stats.js'

export type SelfMetric = {
  readonly name: string
  readonly kind: 'counter' | 'gauge'
  readonly unit: string
  readonly description: string
  readonly attributes: readonly string[]
  readonly read: (stats: Stats) => readonly (readonly [value: number, attributes?: Attributes])[]
}

const by = (name: string, counts: { readonly [value: string]: number }) =>
  Object.entries(counts).map(([value, count]) => [count, { [name]: value }] as const)

/** Every metric of the SDK about itself. */
export const SELF_METRICS: readonly SelfMetric[] = [
  {
    name: metric.sdkRecorded,
    kind: 'counter',
    unit: unit.operations,
    description: 'Operations recorded: measured, dropped or still in the buffer.',
    attributes: [],
    read: (stats) => [[stats.recorded]],
  },
  {
    name: metric.sdkMeasured,
    kind: 'counter',
    unit: unit.operations,
    description: 'Operations that are in the metrics.',
    attributes: [],
    read: (stats) => [[stats.measured]],
  },
  {
    name: metric.sdkDropped,
    kind: 'counter',
    unit: unit.operations,
    description: 'Operations recorded that are not in the metrics, by reason.',
    attributes: [attribute.reason],
    read: (stats) => by(attribute.reason, stats.dropped),
  },
  {
    name: metric.sdkBufferSize,
    kind: 'gauge',
    unit: unit.operations,
    description: 'Operations in the buffer.',
    attributes: [],
    read: (stats) => [[stats.size]],
  },
  {
    name: metric.sdkBufferCapacity,
    kind: 'gauge',
    unit: unit.operations,
    description: 'Operations the buffer can hold.',
    attributes: [],
    read: (stats) => [[stats.capacity]],
  },
  {
    name: metric.sdkOpen,
    kind: 'gauge',
    unit: unit.operations,
    description: 'Operations begun and not yet ended.',
    attributes: [],
    read: (stats) => [[stats.open]],
  },
  {
    name: metric.sdkExports,
    kind: 'counter',
    unit: unit.exports,
    description: 'Exports by OTLP, by signal and outcome; retries of one export count once.',
    attributes: [attribute.signal, attribute.outcome],
    read: ({ exports }) =>
      (['metrics', 'events'] as const).flatMap((signal) => [
        [exports[signal].succeeded, { [attribute.signal]: signal, [attribute.outcome]: 'success' }] as const,
        [exports[signal].failed, { [attribute.signal]: signal, [attribute.outcome]: 'failure' }] as const,
      ]),
  },
  {
    name: metric.sdkEventsExported,
    kind: 'counter',
    unit: unit.events,
    description: 'Operations sent as events.',
    attributes: [],
    read: ({ events }) => (events === undefined ? [] : [[events.exported]]),
  },
  {
    name: metric.sdkEventsDropped,
    kind: 'counter',
    unit: unit.events,
    description: 'Operations that could not be sent as events, by reason.',
    attributes: [attribute.reason],
    read: ({ events }) => (events === undefined ? [] : by(attribute.reason, events.dropped)),
  },
  {
    name: metric.sdkAttributeOverflow,
    kind: 'counter',
    unit: unit.operations,
    description: 'Operations whose value of an attribute, or whose series, was beyond its limit, by attribute.',
    attributes: [attribute.attributeKey],
    read: (stats) => by(attribute.attributeKey, stats.overflowed),
  },
  {
    name: metric.sdkDiscarded,
    kind: 'counter',
    unit: unit.values,
    description: 'Values of operations left out because they cannot be true or must not be kept, by field.',
    attributes: [attribute.field],
    read: (stats) => by(attribute.field, stats.discarded),
  },
  {
    name: metric.sdkUntestedClients,
    kind: 'gauge',
    unit: unit.clients,
    description: 'Client libraries met whose version is not a tested one, or which could not be instrumented.',
    attributes: [attribute.client, attribute.clientVersion],
    read: ({ untestedClients }) =>
      untestedClients.map(({ client, version }) => [
        1,
        { [attribute.client]: client, ...(version !== undefined && { [attribute.clientVersion]: version }) },
      ]),
  },
  {
    name: metric.sdkSubscriberLag,
    kind: 'counter',
    unit: unit.operations,
    description: 'Operations that subscribers were too slow for.',
    attributes: [],
    read: (stats) => [[stats.lagged]],
  },
]

/** Observes the SDK on `meter`: one look at it for each collection. Returns what ends it. */
export function observeSelf(meter: Meter, stats: () => Stats): () => void {
  const observed = SELF_METRICS.map(({ name, kind, unit, description, read }) => {
    const options = { unit, description }
    const instrument =
      kind === 'counter' ? meter.createObservableCounter(name, options) : meter.createObservableGauge(name, options)
    return { instrument, read }
  })
  const instruments = observed.map(({ instrument }) => instrument)
  const observe = (result: BatchObservableResult) => {
    const now = stats()
    for (const { instrument, read } of observed) {
      for (const [value, attributes] of read(now)) result.observe(instrument, value, attributes)
    }
  }
  meter.addBatchObservableCallback(observe, instruments)
  return () => meter.removeBatchObservableCallback(observe, instruments)
}
