/** Sends what an instrumentation makes with OpenTelemetry's own exporters, those of the instrumentation's folder, to the collector. */
import { createRequire } from 'node:module'

/** Where everything is, as the parent process tells it. */
export const COLLECTOR_URL = process.env.COLLECTOR_URL ?? 'http://127.0.0.1:4318'
export const PROVIDER_URL = `${process.env.PROVIDER_URL ?? 'http://127.0.0.1:8080'}/v1`
const SERVICE = process.env.OTEL_SERVICE_NAME ?? 'live'

/** Loads a package. @typedef {(name: string) => any} Load */

/**
 * What loads the packages that the folder of a file has installed, which are not there for everybody who checks the types.
 * @param {string | URL} file
 * @returns {Load}
 */
export const loaderOf = (file) => createRequire(file)

/** @typedef {{ shutdown: () => Promise<void> }} Exporting Sends what is left, and ends. */

/**
 * Registers a TracerProvider that exports all spans.
 * @param {Load} load Of the instrumentation's folder.
 * @param {{ protocol: 'protobuf' | 'json', compression?: 'gzip' | 'none' }} options
 * @returns {Exporting}
 */
export function exportSpans(load, { protocol, compression = 'none' }) {
  const name = `@opentelemetry/exporter-trace-otlp-${protocol === 'protobuf' ? 'proto' : 'http'}`
  const { OTLPTraceExporter } = load(name)
  const { BatchSpanProcessor } = load('@opentelemetry/sdk-trace')
  const exporter = new OTLPTraceExporter({ url: `${COLLECTOR_URL}/v1/traces`, compression })
  return traceTo(load, new BatchSpanProcessor({ exporter }))
}

/** Registers a TracerProvider. @param {Load} load @param {any} processor @returns {Exporting} */
export function traceTo(load, processor) {
  const { context, trace } = load('@opentelemetry/api')
  const { AsyncLocalStorageContextManager } = load('@opentelemetry/context-async-hooks')
  const { TracerProvider } = load('@opentelemetry/sdk-trace')
  const provider = new TracerProvider({ spanProcessors: [processor], resource: resourceOf(load) })
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  trace.setGlobalTracerProvider(provider)
  return provider
}

/** The service by which the rows of one instrumentation are told from those of another. @param {Load} load */
export function resourceOf(load) {
  return load('@opentelemetry/resources').resourceFromAttributes({ 'service.name': SERVICE })
}

/** A client of the `openai` in the instrumentation's folder, that calls the emulated provider. @param {Load} load */
export function createClient(load) {
  const { OpenAI } = load('openai')
  return new OpenAI({ apiKey: 'none', baseURL: PROVIDER_URL, maxRetries: 0 })
}
