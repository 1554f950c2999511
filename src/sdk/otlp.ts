/** OTLP/HTTP exporters by configuration, each export counted. What they do with the environment is OpenTelemetry's. */

import { OTLPLogExporter as JsonLogExporter } from '@opentelemetry/exporter-logs-otlp-http'
import { OTLPLogExporter as ProtobufLogExporter } from '@opentelemetry/exporter-logs-otlp-proto'
import {
  AggregationTemporalityPreference,
  OTLPMetricExporter as JsonMetricExporter,
} from '@opentelemetry/exporter-metrics-otlp-http'
import { OTLPMetricExporter as ProtobufMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto'
import {
  type IMetricReader,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics'
import type { OtlpConfig, OtlpSignalConfig } from './config.js'
import type { Outcomes } from './outcomes.js'
import { isUnreachable, UnreachableError } from './reachability.js'

const TEMPORALITY = {
  cumulative: AggregationTemporalityPreference.CUMULATIVE,
  delta: AggregationTemporalityPreference.DELTA,
  lowmemory: AggregationTemporalityPreference.LOWMEMORY,
} as const

// Of ExportResultCode, an enum in a package that is otherwise not needed.
const SUCCESS = 0
const FAILED = 1

/** A reader that exports metrics by OTLP every interval. */
export function createOtlpMetricReader(config: OtlpConfig, outcomes: Outcomes): IMetricReader {
  const options = {
    ...exporterOptions(config.metrics),
    ...(config.temporality && { temporalityPreference: TEMPORALITY[config.temporality] }),
  }
  const json = config.metrics.protocol === 'http/json'
  const exporter = json ? new JsonMetricExporter(options) : new ProtobufMetricExporter(options)
  return new PeriodicExportingMetricReader({
    exporter: counted(exporter, config.metrics.endpoint, outcomes),
    exportIntervalMillis: config.intervalMs,
    exportTimeoutMillis: config.exportTimeoutMs,
  })
}

/** An exporter of log records by OTLP. */
export function createOtlpLogExporter(config: OtlpSignalConfig): ProtobufLogExporter | JsonLogExporter {
  const options = exporterOptions(config)
  return config.protocol === 'http/json' ? new JsonLogExporter(options) : new ProtobufLogExporter(options)
}

function exporterOptions({ url, headers, compression, timeoutMs }: OtlpSignalConfig) {
  return {
    ...(url !== undefined && { url }),
    ...(headers !== undefined && { headers: { ...headers } }),
    ...(timeoutMs !== undefined && { timeoutMillis: timeoutMs }),
    // The exporters' enum of compressions is the same two words.
    ...(compression !== undefined && { compression: compression as never }),
  }
}

function counted(exporter: PushMetricExporter, endpoint: string, outcomes: Outcomes): PushMetricExporter {
  return {
    async export(metrics: ResourceMetrics, resultCallback) {
      // Sums are since the start, so nothing is lost by not retrying: the next export holds it all.
      if (!outcomes.everSucceeded && (await isUnreachable(endpoint))) {
        const error = new UnreachableError('nobody listens there')
        outcomes.count('metrics', error)
        resultCallback({ code: FAILED, error })
        return
      }
      exporter.export(metrics, (result) => {
        outcomes.count('metrics', result.code === SUCCESS ? undefined : (result.error ?? new Error('export failed')))
        resultCallback(result)
      })
    },
    forceFlush: () => exporter.forceFlush(),
    shutdown: () => exporter.shutdown(),
    ...(exporter.selectAggregationTemporality && {
      selectAggregationTemporality: (type) => exporter.selectAggregationTemporality!(type),
    }),
    ...(exporter.selectAggregation && { selectAggregation: (type) => exporter.selectAggregation!(type) }),
  }
}
