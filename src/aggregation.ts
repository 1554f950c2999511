/**
 * Aggregates what is measured where the MeterProvider is tokmeter's own. A Meter of OpenTelemetry finds the series of every single
 * measurement by hashing its attributes; here a series is found once and kept. What is collected is the same, value by value.
 * Metrics that a view or a reader wants otherwise are left to OpenTelemetry's own instruments.
 */
import { type Attributes, type HrTime, ValueType } from '@opentelemetry/api'
import {
  AggregationTemporality,
  AggregationType,
  type CollectionResult,
  type DataPoint,
  DataPointType,
  type Histogram,
  type IMetricReader,
  InstrumentType,
  type MetricData,
  type MetricProducer,
  type ScopeMetrics,
  type ViewOptions,
} from '@opentelemetry/sdk-metrics'
import { instrumentKind, type MetricDefinition } from './catalogue.js'
import { bucketOf, type Instrument, type InstrumentSource, type Point } from './instruments.js'
import { OVERFLOW_ATTRIBUTE } from './semconv.js'

export type AggregationOptions = {
  /** The scope of what is measured: that of the Meter which has the other metrics. */
  readonly scope: ScopeMetrics['scope']
  readonly readers: readonly IMetricReader[]
  readonly views: readonly ViewOptions[]
}

export class Aggregation {
  /** To be given to the MeterProvider in place of those in the options: each collects what is aggregated here as well. */
  readonly readers: readonly IMetricReader[]
  readonly #options: AggregationOptions
  readonly #metrics = new Map<string, Metric>()

  constructor(options: AggregationOptions) {
    this.#options = options
    this.readers = options.readers.map((reader, index) => joined(reader, (result) => this.#join(result, index)))
  }

  /** Aggregates here whatever it can, and leaves the rest to `meter`. */
  source(meter: InstrumentSource): InstrumentSource {
    return {
      instrument: (definition) => this.#find(definition) ?? meter.instrument(definition),
      flush: (outOfTime) => meter.flush(outOfTime),
    }
  }

  #find(definition: MetricDefinition): Instrument | undefined {
    const { readers, views } = this.#options
    const known = this.#metrics.get(definition.name)
    if (known !== undefined) return known
    const type = instrumentKind(definition) === 'counter' ? InstrumentType.COUNTER : InstrumentType.HISTOGRAM
    const isOrdinary = readers.every((reader) => reader.selectAggregation(type).type === AggregationType.DEFAULT)
    if (!isOrdinary || views.some((view) => mayConcern(view, definition.name))) return undefined
    const metric = new Metric(definition, type, readers)
    this.#metrics.set(definition.name, metric)
    return metric
  }

  #join(result: CollectionResult, reader: number): CollectionResult {
    const { scope } = this.#options
    const now = Date.now()
    const own = [...this.#metrics.values()].flatMap((metric) => metric.collect(reader, now) ?? [])
    if (own.length === 0) return result
    const { resource, scopeMetrics } = result.resourceMetrics
    const isOwn = (one: ScopeMetrics) => one.scope.name === scope.name && one.scope.version === scope.version
    const metrics = own.concat(scopeMetrics.find(isOwn)?.metrics ?? [])
    const others = scopeMetrics.filter((one) => !isOwn(one))
    return { ...result, resourceMetrics: { resource, scopeMetrics: [{ scope, metrics }, ...others] } }
  }
}

/** Stands before a reader, and lets it collect what `join` makes of what the MeterProvider has. */
function joined(reader: IMetricReader, join: (result: CollectionResult) => CollectionResult): IMetricReader {
  const joinedTo = (producer: MetricProducer): MetricProducer => ({
    collect: async (options) => join(await producer.collect(options)),
  })
  return {
    setMetricProducer: (producer) => reader.setMetricProducer(joinedTo(producer)),
    selectAggregation: (type) => reader.selectAggregation(type),
    selectAggregationTemporality: (type) => reader.selectAggregationTemporality(type),
    selectCardinalityLimit: (type) => cardinalityLimit(reader, type),
    collect: (options) => reader.collect(options),
    forceFlush: (options) => reader.forceFlush(options),
    shutdown: (options) => reader.shutdown(options),
  }
}

/** Series OpenTelemetry keeps of a metric when nothing else is said. */
const DEFAULT_CARDINALITY_LIMIT = 2000

// Readers written against an earlier SDK do not have the selector.
function cardinalityLimit(reader: Partial<IMetricReader>, type: InstrumentType): number {
  return reader.selectCardinalityLimit?.(type) ?? DEFAULT_CARDINALITY_LIMIT
}

/** Whether a view may select a metric, by its name alone: one that is left to OpenTelemetry without need only costs time. */
function mayConcern({ instrumentName }: ViewOptions, name: string): boolean {
  if (instrumentName === undefined || /[*?]/.test(instrumentName)) return true
  return instrumentName === name
}

/** One metric: its series, and how each reader wants them. */
class Metric implements Instrument {
  readonly #definition: MetricDefinition
  readonly #isCounter: boolean
  readonly #temporalities: readonly AggregationTemporality[]
  /** By reader, the index of what is accumulated for him: all that want it cumulative share one. */
  readonly #accumulationOf: readonly number[]
  readonly #limit: number
  readonly #series = new Map<string, Series>()

  constructor(definition: MetricDefinition, type: InstrumentType, readers: readonly IMetricReader[]) {
    this.#definition = definition
    this.#isCounter = type === InstrumentType.COUNTER
    this.#temporalities = readers.map((reader) => reader.selectAggregationTemporality(type))
    let next = 0
    let shared: number | undefined
    this.#accumulationOf = this.#temporalities.map((temporality) => {
      if (temporality === AggregationTemporality.DELTA) return next++
      shared ??= next++
      return shared
    })
    this.#limit = Math.min(...readers.map((reader) => cardinalityLimit(reader, type)))
  }

  point(attributes: Attributes): Point {
    const key = JSON.stringify(Object.entries(attributes).sort(([one], [other]) => (one < other ? -1 : 1)))
    const known = this.#series.get(key)
    if (known !== undefined) return known
    // The last place is for those that find no other.
    const isFull = this.#series.size >= this.#limit - 1
    if (isFull && attributes[OVERFLOW_ATTRIBUTE] === undefined) return this.point({ [OVERFLOW_ATTRIBUTE]: true })
    const made = new Series(attributes, this.#boundaries, new Set(this.#accumulationOf).size)
    this.#series.set(key, made)
    return made
  }

  /** What a reader is to be told; nothing where nothing was measured. */
  collect(reader: number, now: number): MetricData | undefined {
    const { name, description, unit } = this.#definition
    const aggregationTemporality = this.#temporalities[reader]!
    const metric = { descriptor: { name, description, unit, valueType: ValueType.DOUBLE }, aggregationTemporality }
    const isDelta = aggregationTemporality === AggregationTemporality.DELTA
    const endTime = hrTime(now)
    const sums: DataPoint<number>[] = []
    const histograms: DataPoint<Histogram>[] = []
    for (const { attributes, accumulations } of this.#series.values()) {
      const accumulation = accumulations[this.#accumulationOf[reader]!]!
      const { startTime, counts, count, sum, min, max } = accumulation
      if (count === 0) continue
      const times = { attributes, startTime: hrTime(startTime), endTime }
      if (this.#isCounter) sums.push({ ...times, value: sum })
      else {
        const buckets = { boundaries: [...this.#boundaries], counts: counts.slice() }
        histograms.push({ ...times, value: { buckets, count, sum, min, max } })
      }
      if (isDelta) accumulation.clear(now)
    }
    if (sums.length > 0) return { ...metric, dataPointType: DataPointType.SUM, dataPoints: sums, isMonotonic: true }
    if (histograms.length > 0) return { ...metric, dataPointType: DataPointType.HISTOGRAM, dataPoints: histograms }
    return undefined
  }

  get #boundaries(): readonly number[] {
    return this.#definition.boundaries ?? []
  }
}

/** What was measured since a time. */
class Accumulation {
  startTime = Date.now()
  readonly counts: number[]
  count = 0
  sum = 0
  min = Infinity
  max = -Infinity

  constructor(buckets: number) {
    this.counts = new Array(buckets).fill(0)
  }

  clear(now: number): void {
    this.startTime = now
    this.counts.fill(0)
    this.count = 0
    this.sum = 0
    this.min = Infinity
    this.max = -Infinity
  }
}

/** One series of a metric. */
class Series implements Point {
  readonly attributes: Attributes
  readonly accumulations: readonly Accumulation[]
  readonly #boundaries: readonly number[]

  constructor(attributes: Attributes, boundaries: readonly number[], accumulations: number) {
    this.attributes = attributes
    this.#boundaries = boundaries
    this.accumulations = Array.from({ length: accumulations }, () => new Accumulation(boundaries.length + 1))
  }

  record(value: number, times: number): void {
    // As the instruments do, which let nothing but such values through.
    if (!(value >= 0)) return
    const bucket = bucketOf(this.#boundaries, value)
    for (const accumulation of this.accumulations) {
      accumulation.counts[bucket]! += times
      accumulation.count += times
      accumulation.sum += value * times
      if (value < accumulation.min) accumulation.min = value
      if (value > accumulation.max) accumulation.max = value
    }
  }
}

function hrTime(milliseconds: number): HrTime {
  const seconds = Math.floor(milliseconds / 1000)
  return [seconds, (milliseconds - seconds * 1000) * 1e6]
}
