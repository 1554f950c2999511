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

const TEMPORALITY = {
  cumulative: AggregationTemporalityPreference.CUMULATIVE,
  delta: AggregationTemporalityPreference.DELTA,
  lowmemory: AggregationTemporalityPreference.LOWMEMORY,
} as const

/** A reader that exports metrics by OTLP every interval. */
export function createOtlpMetricReader(config: OtlpConfig, outcomes: Outcomes): IMetricReader {
  const options = {
    ...exporterOptions(config.metrics),
    ...(config.temporality && { temporalityPreference: TEMPORALITY[config.temporality] }),
  }
  const json = config.metrics.protocol === 'http/json'
  const exporter = json ? new JsonMetricExporter(options) : new ProtobufMetricExporter(options)
  return new PeriodicExportingMetricReader({
    exporter: counted(exporter, outcomes),
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

function counted(exporter: PushMetricExporter, outcomes: Outcomes): PushMetricExporter {
  return {
    export(metrics: ResourceMetrics, resultCallback) {
      exporter.export(metrics, (result) => {
        // ExportResultCode.SUCCESS is 0; the enum lives in a package that is otherwise not needed.
        outcomes.count('metrics', result.code === 0 ? undefined : (result.error ?? new Error('export failed')))
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
