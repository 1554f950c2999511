/** Metrics of process, host and runtime, by OpenTelemetry's own packages where they are installed. */
import { createRequire } from 'node:module'
import type { MeterProvider } from '@opentelemetry/api'
import type { Config } from './config.js'

/** Loads what is asked for, and returns what starts it. Throws an Error naming the package that is not installed. */
export function loadRuntimeMetrics(config: Config): (meterProvider: MeterProvider) => void {
  const runtime =
    config.runtimeMetrics && optionalPackage('@opentelemetry/instrumentation-runtime-node', 'runtimeMetrics')
  const host = config.hostMetrics && optionalPackage('@opentelemetry/host-metrics', 'hostMetrics')
  return (meterProvider) => {
    if (runtime) {
      const instrumentation = new runtime.RuntimeNodeInstrumentation()
      instrumentation.setMeterProvider(meterProvider)
      instrumentation.enable()
    }
    if (host) new host.HostMetrics({ meterProvider }).start()
  }
}

// biome-ignore lint/suspicious/noExplicitAny: the package is optional, and so are its types
function optionalPackage(name: string, option: string): any {
  try {
    return createRequire(import.meta.url)(name)
  } catch (cause) {
    throw new Error(`${option} needs the package ${name}: npm install ${name}`, { cause })
  }
}
