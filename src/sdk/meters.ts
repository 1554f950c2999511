/** Where measurements go: a MeterProvider of the user's, the global one, or one of tokmeter's own with its exporters. */
import { createNoopMeter, type MeterProvider, metrics } from '@opentelemetry/api'
import {
  defaultResource,
  detectResources,
  envDetector,
  type Resource,
  resourceFromAttributes,
} from '@opentelemetry/resources'
import { type IMetricReader, MeterProvider as SdkMeterProvider } from '@opentelemetry/sdk-metrics'
import type { Config } from './config.js'
import { createOtlpMetricReader } from './otlp.js'
import type { Outcomes } from './outcomes.js'

export type Meters = {
  /** The provider to measure with, once there is one. */
  find(): MeterProvider | undefined
  forceFlush(): Promise<void>
  /** Ends tokmeter's own; an adopted one is its owner's to end, and only flushed. */
  shutdown(): Promise<void>
}

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
): Meters {
  // Views that cannot be are refused at the start, as every option is, also where tokmeter's own provider may be made later.
  if (config.meterProvider === 'global-or-own') new SdkMeterProvider({ views: [...config.views] })
  let own: SdkMeterProvider | undefined
  let found: MeterProvider | undefined

  function createOwn(): MeterProvider {
    const readers: IMetricReader[] = [...config.readers]
    if (prometheusReader !== undefined) readers.push(prometheusReader)
    if (config.otlp !== undefined) readers.push(createOtlpMetricReader(config.otlp, outcomes))
    own = new SdkMeterProvider({ resource, readers, views: [...config.views] })
    // One that exports nothing must not take the place of one that would.
    const registers = config.registerGlobally && readers.length > 0 && globalMeterProvider() === undefined
    if (registers) metrics.setGlobalMeterProvider(own)
    return own
  }

  function choose(): MeterProvider | undefined {
    if (config.meterProvider === 'own') return createOwn()
    if (config.meterProvider === 'global') return globalMeterProvider()
    if (config.meterProvider === 'global-or-own') return globalMeterProvider() ?? createOwn()
    return config.meterProvider
  }

  return {
    find() {
      found ??= choose()
      return found
    },
    async forceFlush() {
      await (found as Flushable | undefined)?.forceFlush?.()
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
