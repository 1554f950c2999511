/** Options, environment and defaults made into one settled configuration. The only place of the SDK that reads the environment. */
import type { Attributes, MeterProvider } from '@opentelemetry/api'
import type { IMetricReader, ViewOptions } from '@opentelemetry/sdk-metrics'
import type { SemconvEdition } from '../catalogue.js'
import type { CustomPrice } from '../price.js'
import { isTagAttributesView, mergeViews, type View } from '../views.js'
import type { BufferPolicy } from './buffer.js'
import { type Environment, isTrue, numberFrom, textFrom, wordFrom, wordsFrom } from './environment.js'
import * as check from './option-checks.js'
import type { OtlpOptions, PrometheusOptions, ShutdownCause, StartOptions } from './options.js'

export type PrometheusConfig = {
  readonly [option in keyof PrometheusOptions]-?: NonNullable<PrometheusOptions[option]>
}

export type OtlpConfig = {
  readonly metrics: OtlpSignalConfig
  readonly logs: OtlpSignalConfig
  /** `undefined`: OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE decides, read by the exporter. */
  readonly temporality: OtlpOptions['temporality']
  readonly intervalMs: number
  readonly exportTimeoutMs: number
}

/** What is `undefined` here, the exporter itself takes from the environment. */
export type OtlpSignalConfig = {
  readonly url: string | undefined
  /** Where exports go, whoever says so. */
  readonly endpoint: string
  readonly headers: { readonly [name: string]: string } | undefined
  readonly protocol: 'http/protobuf' | 'http/json'
  readonly compression: 'gzip' | 'none' | undefined
  readonly timeoutMs: number | undefined
}

export type Config = {
  readonly disabled: boolean
  readonly resourceAttributes: Attributes
  /** `'own'`: one of tokmeter's own; `'global-or-own'`: a global one if there is one by the first measurement. */
  readonly meterProvider: MeterProvider | 'global' | 'own' | 'global-or-own'
  readonly registerGlobally: boolean
  readonly prometheus: PrometheusConfig | undefined
  readonly otlp: OtlpConfig | undefined
  readonly events: boolean
  readonly readers: readonly IMetricReader[]
  readonly spans: boolean
  readonly semconv: SemconvEdition
  readonly views: readonly ViewOptions[]
  readonly tagAttributes: readonly string[]
  readonly bufferCapacity: number
  readonly bufferPolicy: BufferPolicy
  readonly prices: readonly CustomPrice[]
  readonly pricesFile: string | undefined
  readonly identityKey: string | undefined
  readonly hashIdentities: boolean
  readonly attributeValueLimit: number
  readonly seriesLimit: number
  readonly shutdownTimeoutMs: number
  readonly shutdownOn: readonly ShutdownCause[]
  readonly runtimeMetrics: boolean
  readonly hostMetrics: boolean
  readonly logLevel: string | undefined
}

const OPTIONS = [
  'serviceName',
  'resourceAttributes',
  'meterProvider',
  'registerGlobally',
  'prometheus',
  'otlp',
  'events',
  'readers',
  'spans',
  'semconv',
  'views',
  'bufferCapacity',
  'bufferPolicy',
  'prices',
  'pricesFile',
  'identityKey',
  'hashIdentities',
  'attributeValueLimit',
  'seriesLimit',
  'shutdownTimeoutMs',
  'shutdownOn',
  'runtimeMetrics',
  'hostMetrics',
] as const satisfies readonly (keyof StartOptions)[]

const PROTOCOLS = ['http/protobuf', 'http/json'] as const
const LONGEST_MS = 2 ** 31 - 1

/** Settles `options` with the environment and the defaults. Throws a TypeError or RangeError that names the option, what was got and what is allowed. */
export function resolveConfig(options: StartOptions = {}, environment: Environment = process.env): Config {
  check.object(options, 'options')
  check.knownKeys(options, OPTIONS, '')
  const exporters = wordsFrom(environment, 'OTEL_METRICS_EXPORTER', ['otlp', 'prometheus', 'none'])
  // Saying no to one exporter asks for no other, and for no MeterProvider.
  const explicit = Boolean(options.prometheus) || Boolean(options.otlp) || options.readers !== undefined
  const wantsPrometheus = options.prometheus ?? exporters?.includes('prometheus') ?? false
  const adopts = options.meterProvider !== undefined
  // To a MeterProvider that is adopted OTLP is for events only, and nobody is sent any without having been named.
  const otlpByDefault = adopts ? hasOtlpEndpoint(environment) : !explicit && !wantsPrometheus
  const wantsOtlp = options.otlp ?? (adopts ? undefined : exporters?.includes('otlp')) ?? otlpByDefault
  const otlp = wantsOtlp === false ? undefined : otlpConfig(wantsOtlp === true ? {} : wantsOtlp, environment)
  const views = check.array(options.views ?? [], 'views') as readonly View[]
  const { serviceName } = options
  check.optional(check.text, serviceName, 'serviceName')
  return {
    disabled: isTrue(environment, 'OTEL_SDK_DISABLED'),
    resourceAttributes: {
      ...check.optional(check.object, options.resourceAttributes, 'resourceAttributes'),
      ...(serviceName !== undefined && { 'service.name': serviceName }),
    } as Attributes,
    meterProvider: meterProviderOf(options, explicit || wantsPrometheus !== false),
    registerGlobally: check.boolean(options.registerGlobally ?? true, 'registerGlobally'),
    prometheus:
      wantsPrometheus === false
        ? undefined
        : prometheusConfig(wantsPrometheus === true ? {} : wantsPrometheus, environment),
    otlp,
    events:
      check.boolean(options.events ?? textFrom(environment, 'OTEL_LOGS_EXPORTER') !== 'none', 'events') &&
      otlp !== undefined,
    readers: check.array(options.readers ?? [], 'readers') as readonly IMetricReader[],
    spans: check.boolean(options.spans ?? true, 'spans'),
    semconv: check.oneOf(options.semconv ?? 'current', ['current', 'v1.41', 'both'] as const, 'semconv'),
    views: mergeViews(views.filter((view): view is ViewOptions => !isTagAttributesView(viewOf(view)))),
    tagAttributes: views
      .filter(isTagAttributesView)
      .flatMap((view) => view.tagAttributes.map((tag) => check.text(tag, 'tagAttributes[]'))),
    bufferCapacity: check.integer(options.bufferCapacity ?? 10_000, 'bufferCapacity', 1, 10_000_000),
    bufferPolicy: check.oneOf(
      options.bufferPolicy ?? 'drop-newest',
      ['drop-newest', 'drop-oldest'] as const,
      'bufferPolicy',
    ),
    prices: check.array(options.prices ?? [], 'prices') as readonly CustomPrice[],
    pricesFile: check.optional(
      check.text,
      options.pricesFile ?? textFrom(environment, 'TOKMETER_PRICES_FILE'),
      'pricesFile',
    ),
    identityKey: check.optional(
      check.text,
      options.identityKey ?? textFrom(environment, 'TOKMETER_IDENTITY_KEY'),
      'identityKey',
    ),
    hashIdentities: check.boolean(options.hashIdentities ?? true, 'hashIdentities'),
    attributeValueLimit: check.integer(options.attributeValueLimit ?? 500, 'attributeValueLimit', 1, 100_000),
    seriesLimit: check.integer(options.seriesLimit ?? 1000, 'seriesLimit', 1, 100_000),
    shutdownTimeoutMs: check.integer(options.shutdownTimeoutMs ?? 10_000, 'shutdownTimeoutMs', 0, LONGEST_MS),
    shutdownOn: shutdownCauses(options.shutdownOn),
    runtimeMetrics: check.boolean(options.runtimeMetrics ?? false, 'runtimeMetrics'),
    hostMetrics: check.boolean(options.hostMetrics ?? false, 'hostMetrics'),
    logLevel: textFrom(environment, 'OTEL_LOG_LEVEL'),
  }
}

/** What `tokmeter/register` does, by the environment: whether to start, and with what beyond the defaults. */
export function registerConfig(environment: Environment = process.env): StartOptions | undefined {
  if (textFrom(environment, 'TOKMETER_START')?.toLowerCase() === 'false') return undefined
  return { shutdownOn: ['SIGTERM', 'beforeExit'] }
}

function viewOf(view: unknown): View {
  return check.object(view, 'views[]') as View
}

function meterProviderOf(options: StartOptions, explicitly: boolean): Config['meterProvider'] {
  const { meterProvider } = options
  if (meterProvider === undefined) return explicitly ? 'own' : 'global-or-own'
  if (meterProvider !== 'global' && typeof meterProvider?.getMeter !== 'function')
    throw new TypeError(`meterProvider must be a MeterProvider or 'global'; got ${check.shown(meterProvider)}`)
  for (const option of ['prometheus', 'readers', 'resourceAttributes', 'serviceName'] as const) {
    if (options[option] !== undefined && options[option] !== false)
      throw new TypeError(`${option} belongs to a MeterProvider of tokmeter's own; it cannot go with meterProvider`)
  }
  if (options.views?.some((view) => !isTagAttributesView(viewOf(view))))
    throw new TypeError(
      'views belong to the MeterProvider: give them to yours (tokmeter/views makes plain ViewOptions)',
    )
  return meterProvider
}

function prometheusConfig(options: PrometheusOptions, environment: Environment): PrometheusConfig {
  check.object(options, 'prometheus')
  check.knownKeys(options, ['port', 'host', 'path', 'listen', 'scopeLabels'], 'prometheus.')
  const path = check.text(options.path ?? '/metrics', 'prometheus.path')
  if (!path.startsWith('/')) throw new RangeError(`prometheus.path must begin with '/'; got ${check.shown(path)}`)
  const port = options.port ?? numberFrom(environment, 'OTEL_EXPORTER_PROMETHEUS_PORT', 0, 65_535) ?? 9464
  return {
    port: check.integer(port, 'prometheus.port', 0, 65_535),
    host: check.text(
      options.host ?? textFrom(environment, 'OTEL_EXPORTER_PROMETHEUS_HOST') ?? '127.0.0.1',
      'prometheus.host',
    ),
    path,
    listen: check.boolean(options.listen ?? true, 'prometheus.listen'),
    scopeLabels: check.boolean(options.scopeLabels ?? true, 'prometheus.scopeLabels'),
  }
}

function otlpConfig(options: OtlpOptions, environment: Environment): OtlpConfig {
  check.object(options, 'otlp')
  check.knownKeys(
    options,
    ['url', 'headers', 'protocol', 'compression', 'timeoutMs', 'temporality', 'intervalMs'],
    'otlp.',
  )
  const base = options.url === undefined ? undefined : check.httpUrl(options.url, 'otlp.url').replace(/\/+$/, '')
  const interval = options.intervalMs ?? numberFrom(environment, 'OTEL_METRIC_EXPORT_INTERVAL', 1, LONGEST_MS) ?? 60_000
  const intervalMs = check.integer(interval, 'otlp.intervalMs', 1, LONGEST_MS)
  const exportTimeout =
    options.timeoutMs ?? numberFrom(environment, 'OTEL_METRIC_EXPORT_TIMEOUT', 1, LONGEST_MS) ?? 30_000
  const signal = (name: 'metrics' | 'logs'): OtlpSignalConfig => ({
    url: base === undefined ? undefined : `${base}/v1/${name}`,
    endpoint: base ?? endpointFromEnvironment(environment, name) ?? 'http://localhost:4318',
    headers: check.optional(check.texts, options.headers, 'otlp.headers'),
    protocol: check.oneOf(
      options.protocol ?? protocolFromEnvironment(environment, name) ?? 'http/protobuf',
      PROTOCOLS,
      'otlp.protocol',
    ),
    compression: check.optional(
      (value, option) => check.oneOf(value, ['gzip', 'none'] as const, option),
      options.compression,
      'otlp.compression',
    ),
    timeoutMs: check.optional(
      (value, option) => check.integer(value, option, 1, LONGEST_MS),
      options.timeoutMs,
      'otlp.timeoutMs',
    ),
  })
  return {
    metrics: signal('metrics'),
    logs: signal('logs'),
    temporality: check.optional(
      (value, option) => check.oneOf(value, ['cumulative', 'delta', 'lowmemory'] as const, option),
      options.temporality,
      'otlp.temporality',
    ),
    intervalMs,
    // The reader refuses a timeout above its interval.
    exportTimeoutMs: Math.min(check.integer(exportTimeout, 'otlp.timeoutMs', 1, LONGEST_MS), intervalMs),
  }
}

function shutdownCauses(causes: StartOptions['shutdownOn']): readonly ShutdownCause[] {
  return check
    .array(causes ?? [], 'shutdownOn')
    .map((cause) => check.oneOf(cause, ['SIGTERM', 'SIGINT', 'beforeExit'] as const, 'shutdownOn[]'))
}

function hasOtlpEndpoint(environment: Environment): boolean {
  return endpointFromEnvironment(environment, 'logs') !== undefined
}

function endpointFromEnvironment(environment: Environment, signal: 'metrics' | 'logs'): string | undefined {
  const url =
    textFrom(environment, `OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_ENDPOINT`) ??
    textFrom(environment, 'OTEL_EXPORTER_OTLP_ENDPOINT')
  return url !== undefined && URL.canParse(url) ? url : undefined
}

function protocolFromEnvironment(environment: Environment, signal: 'metrics' | 'logs') {
  return (
    wordFrom(environment, `OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_PROTOCOL`, PROTOCOLS) ??
    wordFrom(environment, 'OTEL_EXPORTER_OTLP_PROTOCOL', PROTOCOLS)
  )
}
