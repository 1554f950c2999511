/** Where measurements go: a MeterProvider of the user's, the global one, or one of tokmeter's own with its exporters. */
import { createNoopMeter, type Meter, type MeterProvider, metrics } from '@opentelemetry/api'
import {
  defaultResource,
  detectResources,
  envDetector,
  type Resource,
  resourceFromAttributes,
} from '@opentelemetry/resources'
import { type IMetricReader, MeterProvider as SdkMeterProvider } from '@opentelemetry/sdk-metrics'
import { Aggregation } from '../aggregation.js'
import type { InstrumentSource } from '../instruments.js'
import { meterSource } from '../meter-source.js'
import { SCHEMA_URL } from '../semconv.js'
import { VERSION } from '../version.js'
import type { Config } from './config.js'
import { createOtlpMetricReader } from './otlp.js'
import type { Outcomes } from './outcomes.js'

/** What to measure with. */
export type Measuring = {
  readonly meterProvider: MeterProvider
  /** tokmeter's. */
  readonly meter: Meter
  /** Of the metrics made from operations. */
  readonly source: InstrumentSource
}

export type Meters = {
  /** What to measure with, once there is something. */
  find(): Measuring | undefined
  forceFlush(): Promise<void>
  /** Ends tokmeter's own; an adopted one is its owner's to end, and only flushed. */
  shutdown(): Promise<void>
}

/** Of all that tokmeter measures. */
const SCOPE = { name: 'tokmeter', version: VERSION, schemaUrl: SCHEMA_URL }

type Flushable = { forceFlush?: () => Promise<void> }

/** The resource: the environment's, the options' over it. */
export function createResource(config: Config): Resource {
  return defaultResource()
    .merge(detectResources({ detectors: [envDetector] }))
    .merge(resourceFromAttributes(config.resourceAttributes))
}

export function createMeters(
  config: Config,
  resource: Resource,
  outcomes: Outcomes,
  prometheusReader: IMetricReader | undefined,
  onError: (error: unknown) => void,
): Meters {
  // Views that cannot be are refused at the start, as every option is, also where tokmeter's own provider may be made later.
  if (config.meterProvider === 'global-or-own') new SdkMeterProvider({ views: [...config.views] })
  let own: SdkMeterProvider | undefined
  let found: Measuring | undefined

  function measuringWith(meterProvider: MeterProvider): Measuring {
    const meter = meterProvider.getMeter(SCOPE.name, SCOPE.version, { schemaUrl: SCOPE.schemaUrl })
    return { meterProvider, meter, source: meterSource(meter, onError) }
  }

  function createOwn(): Measuring {
    const readers: IMetricReader[] = [...config.readers]
    if (prometheusReader !== undefined) readers.push(prometheusReader)
    if (config.otlp !== undefined) readers.push(createOtlpMetricReader(config.otlp, outcomes))
    const aggregation = new Aggregation({ scope: SCOPE, readers, views: config.views })
    own = new SdkMeterProvider({ resource, readers: [...aggregation.readers], views: [...config.views] })
    // One that exports nothing must not take the place of one that would.
    const registers = config.registerGlobally && readers.length > 0 && globalMeterProvider() === undefined
    if (registers) metrics.setGlobalMeterProvider(own)
    const { meterProvider, meter, source } = measuringWith(own)
    return { meterProvider, meter, source: aggregation.source(source) }
  }

  function choose(): Measuring | undefined {
    if (config.meterProvider === 'own') return createOwn()
    if (typeof config.meterProvider === 'object') return measuringWith(config.meterProvider)
    const global = globalMeterProvider()
    if (global !== undefined) return measuringWith(global)
    return config.meterProvider === 'global-or-own' ? createOwn() : undefined
  }

  return {
    find() {
      found ??= choose()
      return found
    },
    async forceFlush() {
      await (found?.meterProvider as Flushable | undefined)?.forceFlush?.()
    },
    async shutdown() {
      if (own === undefined) return this.forceFlush()
      if (metrics.getMeterProvider() === own) metrics.disable()
      await own.shutdown()
    },
  }
}

/** The MeterProvider registered with the API, if there is one: the API itself stands in with one whose meters do nothing. */
function globalMeterProvider(): MeterProvider | undefined {
  const provider = metrics.getMeterProvider()
  return provider.getMeter('tokmeter') === createNoopMeter() ? undefined : provider
}
