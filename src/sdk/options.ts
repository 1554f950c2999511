/** What `start` takes. Every option has a default; a wrong one is refused at start, by name. */
import type { Attributes, MeterProvider } from '@opentelemetry/api'
import type { IMetricReader } from '@opentelemetry/sdk-metrics'
import type { SemconvEdition } from '../catalogue.js'
import type { CustomPrice } from '../price.js'
import type { View } from '../views.js'
import type { BufferPolicy } from './buffer.js'

export type PrometheusOptions = {
  /** Port to listen on; 0 takes a free one, told by `tokmeter.prometheus.url`. @default OTEL_EXPORTER_PROMETHEUS_PORT or 9464 */
  readonly port?: number
  /** Address to listen on. @default OTEL_EXPORTER_PROMETHEUS_HOST or `127.0.0.1` */
  readonly host?: string
  /** Path of the metrics. @default `/metrics` */
  readonly path?: string
  /** Whether to listen at all: `false` where the application mounts `tokmeter.prometheus.handler` in its own server. @default true */
  readonly listen?: boolean
  /** Whether every sample names its scope (`otel_scope_name`, …). @default true */
  readonly scopeLabels?: boolean
}

export type OtlpOptions = {
  /** Base URL; `/v1/metrics` and `/v1/logs` are added to it. @default OTEL_EXPORTER_OTLP_ENDPOINT or `http://localhost:4318` */
  readonly url?: string
  /** Headers of every request, beside those of OTEL_EXPORTER_OTLP_HEADERS. Never printed. */
  readonly headers?: { readonly [name: string]: string }
  /** @default OTEL_EXPORTER_OTLP_PROTOCOL or `http/protobuf` */
  readonly protocol?: 'http/protobuf' | 'http/json'
  /** @default OTEL_EXPORTER_OTLP_COMPRESSION or `none` */
  readonly compression?: 'gzip' | 'none'
  /** Longest export, retries included, in milliseconds. @default OTEL_EXPORTER_OTLP_TIMEOUT or 10000 */
  readonly timeoutMs?: number
  /** Whether sums are since the start or since the last export. @default OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE or `cumulative` */
  readonly temporality?: 'cumulative' | 'delta' | 'lowmemory'
  /** Time between exports of metrics, in milliseconds. @default OTEL_METRIC_EXPORT_INTERVAL or 60000 */
  readonly intervalMs?: number
}

export type StartOptions = {
  /** `service.name` of the resource. @default OTEL_SERVICE_NAME, or what OTEL_RESOURCE_ATTRIBUTES says */
  readonly serviceName?: string
  /** Further attributes of the resource, over those of OTEL_RESOURCE_ATTRIBUTES. */
  readonly resourceAttributes?: Attributes
  /**
   * A MeterProvider to measure with, instead of one of tokmeter's own; `'global'`: the one registered with the
   * OpenTelemetry API, waited for as long as there is none. Exporters are then the application's business.
   * When neither this nor an exporter is given, a global one registered by the time of the first measurement is used.
   */
  readonly meterProvider?: MeterProvider | 'global'
  /** Registers tokmeter's own MeterProvider as the global one, where there is none. @default true */
  readonly registerGlobally?: boolean
  /** A Prometheus endpoint. @default whether OTEL_METRICS_EXPORTER names `prometheus` */
  readonly prometheus?: boolean | PrometheusOptions
  /** Export by OTLP/HTTP. @default true, unless `prometheus` is given or OTEL_METRICS_EXPORTER leaves it out */
  readonly otlp?: boolean | OtlpOptions
  /** Each operation as an OTLP log record too, so that a tokmeter collector has the history. @default true where there is OTLP, unless OTEL_LOGS_EXPORTER is `none` */
  readonly events?: boolean
  /** Further metric readers. */
  readonly readers?: readonly IMetricReader[]
  /** Each operation as a span, where a TracerProvider is registered. @default true */
  readonly spans?: boolean
  /** Which edition of the conventions' metric names to record. @default `current` */
  readonly semconv?: SemconvEdition
  /** OpenTelemetry's views, and those of `tokmeter/views`. */
  readonly views?: readonly View[]
  /** Most operations that wait to be measured. @default 10000 */
  readonly bufferCapacity?: number
  /** What happens to an operation when the buffer is full. @default `drop-newest` */
  readonly bufferPolicy?: BufferPolicy
  /** Prices of your own, before those of the catalogue. */
  readonly prices?: readonly CustomPrice[]
  /** A JSON file of such prices; read again by `reloadPrices()`. @default TOKMETER_PRICES_FILE */
  readonly pricesFile?: string
  /** Key of the hashes of identities. Without one it is made at random, and hashes differ from process to process. @default TOKMETER_IDENTITY_KEY */
  readonly identityKey?: string
  /** `false` where identities given to tokmeter are pseudonyms already. @default true */
  readonly hashIdentities?: boolean
  /** Most distinct values of one attribute; later ones become `_OTHER`. @default 500 */
  readonly attributeValueLimit?: number
  /** Most distinct combinations of attributes; later ones go into one series marked `otel.metric.overflow`. @default 1000 */
  readonly seriesLimit?: number
  /** Longest shutdown, in milliseconds. @default 10000 */
  readonly shutdownTimeoutMs?: number
  /** When to shut down by itself. After a signal's shutdown the signal takes its usual effect. @default none */
  readonly shutdownOn?: readonly ShutdownCause[]
  /** Event loop, garbage collection and heap, by `@opentelemetry/instrumentation-runtime-node`, which has to be installed. @default false */
  readonly runtimeMetrics?: boolean
  /** CPU, memory and network of process and host, by `@opentelemetry/host-metrics`, which has to be installed. @default false */
  readonly hostMetrics?: boolean
}

export type ShutdownCause = 'SIGTERM' | 'SIGINT' | 'beforeExit'
