import { MeterProvider } from '@opentelemetry/sdk-metrics'
import { expect, test } from 'vitest'
import { type Config, registerConfig, resolveConfig } from '../../src/sdk/config.js'
import { latencyBuckets, tagAttributes } from '../../src/views.js'

type Environment = { [name: string]: string }

/** The configuration of untyped options, as they come from JavaScript. */
const config = (options: unknown = {}, environment: Environment = {}) => resolveConfig(options as object, environment)

test('without options there is OTLP to the local collector, and a global MeterProvider is honoured', () => {
  expect(config()).toEqual({
    disabled: false,
    resourceAttributes: {},
    meterProvider: 'global-or-own',
    registerGlobally: true,
    prometheus: undefined,
    otlp: {
      metrics: {
        url: undefined,
        endpoint: 'http://localhost:4318',
        headers: undefined,
        protocol: 'http/protobuf',
        compression: undefined,
        timeoutMs: undefined,
      },
      logs: {
        url: undefined,
        endpoint: 'http://localhost:4318',
        headers: undefined,
        protocol: 'http/protobuf',
        compression: undefined,
        timeoutMs: undefined,
      },
      temporality: undefined,
      intervalMs: 60_000,
      exportTimeoutMs: 30_000,
    },
    events: true,
    readers: [],
    spans: true,
    semconv: 'current',
    views: [],
    tagAttributes: [],
    bufferCapacity: 10_000,
    bufferPolicy: 'drop-newest',
    prices: [],
    pricesFile: undefined,
    identityKey: undefined,
    hashIdentities: true,
    attributeValueLimit: 500,
    seriesLimit: 1000,
    shutdownTimeoutMs: 10_000,
    shutdownOn: [],
    runtimeMetrics: false,
    hostMetrics: false,
    logLevel: undefined,
  } satisfies Config)
})

test('a wrong option is refused, by name, with what was got and what is allowed', () => {
  const f = (options: unknown, message: string) => expect(() => config(options)).toThrow(message)
  const count = (name: string, least: number, most: number) =>
    `${name} must be a whole number from ${least} to ${most}; got `
  f(null, 'options must be an object; got null')
  f([], 'options must be an object; got an array')
  f('x', 'options must be an object; got "x"')
  f({ serviceName: '' }, 'serviceName must be a non-empty string; got ""')
  f({ serviceName: 5 }, 'serviceName must be a non-empty string; got 5')
  f({ resourceAttributes: 'x' }, 'resourceAttributes must be an object; got "x"')
  f({ resourceAttributes: '' }, 'resourceAttributes must be an object; got ""')
  f({ meterProvider: 'mine' }, `meterProvider must be a MeterProvider or 'global'; got "mine"`)
  f({ meterProvider: {} }, `meterProvider must be a MeterProvider or 'global'; got an object`)
  f({ registerGlobally: 1 }, 'registerGlobally must be true or false; got 1')
  f({ prometheus: 9464 }, 'prometheus must be an object; got 9464')
  f({ prometheus: { port: '9464' } }, `${count('prometheus.port', 0, 65_535)}"9464"`)
  f({ prometheus: { port: -1 } }, `${count('prometheus.port', 0, 65_535)}-1`)
  f({ prometheus: { port: 65_536 } }, `${count('prometheus.port', 0, 65_535)}65536`)
  f({ prometheus: { host: '' } }, 'prometheus.host must be a non-empty string; got ""')
  f({ prometheus: { path: 'metrics' } }, `prometheus.path must begin with '/'; got "metrics"`)
  f({ prometheus: { listen: 'no' } }, 'prometheus.listen must be true or false; got "no"')
  f({ prometheus: { ports: 1 } }, 'prometheus.ports is no option; did you mean prometheus.port?')
  f({ otlp: 'http://x' }, 'otlp must be an object; got "http://x"')
  f({ otlp: { url: 'localhost:4318' } }, 'otlp.url must be an http or https URL; got "localhost:4318"')
  f({ otlp: { url: 'ftp://x' } }, 'otlp.url must be an http or https URL; got "ftp://x"')
  f({ otlp: { headers: 'a=b' } }, 'otlp.headers must be an object; got "a=b"')
  f({ otlp: { headers: { a: 1 } } }, 'otlp.headers.a must be a string; got 1')
  f({ otlp: { protocol: 'grpc' } }, 'otlp.protocol must be one of "http/protobuf", "http/json"; got "grpc"')
  f({ otlp: { compression: 'br' } }, 'otlp.compression must be one of "gzip", "none"; got "br"')
  f({ otlp: { timeoutMs: 0 } }, `${count('otlp.timeoutMs', 1, 2 ** 31 - 1)}0`)
  f({ otlp: { intervalMs: 1.5 } }, `${count('otlp.intervalMs', 1, 2 ** 31 - 1)}1.5`)
  f(
    { otlp: { temporality: 'DELTA' } },
    'otlp.temporality must be one of "cumulative", "delta", "lowmemory"; got "DELTA"',
  )
  f({ otlp: { endpoint: 'x' } }, 'otlp.endpoint is no option')
  f({ events: 'yes' }, 'events must be true or false; got "yes"')
  f({ readers: {} }, 'readers must be an array; got an object')
  f({ spans: null, semconv: 'v1.30' }, 'semconv must be one of "current", "v1.41", "both"; got "v1.30"')
  f({ views: {} }, 'views must be an array; got an object')
  f({ views: ['x'] }, 'views[] must be an object; got "x"')
  f({ views: [tagAttributes(['a', 'b'] as never)] }, 'tagAttributes[] must be a non-empty string; got an array')
  f({ bufferCapacity: 0 }, `${count('bufferCapacity', 1, 10_000_000)}0`)
  f({ bufferCapacity: Number.NaN }, `${count('bufferCapacity', 1, 10_000_000)}NaN`)
  f({ bufferPolicy: 'drop' }, 'bufferPolicy must be one of "drop-newest", "drop-oldest"; got "drop"')
  f({ prices: {} }, 'prices must be an array; got an object')
  f({ pricesFile: 5 }, 'pricesFile must be a non-empty string; got 5')
  f({ identityKey: '' }, 'identityKey must be a non-empty string; got ""')
  f({ hashIdentities: 'no' }, 'hashIdentities must be true or false; got "no"')
  f({ attributeValueLimit: 0 }, `${count('attributeValueLimit', 1, 100_000)}0`)
  f({ seriesLimit: 1e6 }, `${count('seriesLimit', 1, 100_000)}1000000`)
  f({ shutdownTimeoutMs: -1 }, `${count('shutdownTimeoutMs', 0, 2 ** 31 - 1)}-1`)
  f({ shutdownOn: 'SIGTERM' }, 'shutdownOn must be an array; got "SIGTERM"')
  f({ shutdownOn: ['SIGKILL'] }, 'shutdownOn[] must be one of "SIGTERM", "SIGINT", "beforeExit"; got "SIGKILL"')
  f({ runtimeMetrics: {} }, 'runtimeMetrics must be true or false; got an object')
  f({ hostMetrics: () => {} }, 'hostMetrics must be true or false; got a function')
})

test('an unknown option is refused with the nearest one there is', () => {
  const f = (key: string, nearest: string) =>
    expect(() => config({ [key]: 1 })).toThrow(`${key} is no option; did you mean ${nearest}?`)
  f('servicename', 'serviceName')
  f('bufferSize', 'bufferPolicy')
  f('prometeus', 'prometheus')
  f('otel', 'otlp')
  f('view', 'views')
  f('semConv', 'semconv')
})

test('a message shows no more than it has to', () => {
  const secret = { authorization: 'Bearer secret' }
  expect(() => config({ identityKey: secret })).toThrow(/got an object$/)
  expect(() => config({ semconv: 'x'.repeat(5000) })).toThrow(/got "x{80}…"$/)
})

test('what is undefined is as if it were not there', () => {
  expect(config({ prometheus: undefined, otlp: undefined, serviceName: undefined, events: undefined })).toEqual(
    config(),
  )
})

test('an exporter that is named is the only one, unless another is named too', () => {
  const f = (options: object, environment: Environment, prometheus: boolean, otlp: boolean, meterProvider: string) => {
    const got = config(options, environment)
    expect([got.prometheus !== undefined, got.otlp !== undefined, got.meterProvider]).toEqual([
      prometheus,
      otlp,
      meterProvider,
    ])
  }
  f({}, {}, false, true, 'global-or-own')
  f({ prometheus: true }, {}, true, false, 'own')
  f({ prometheus: { port: 0 } }, {}, true, false, 'own')
  f({ otlp: true }, {}, false, true, 'own')
  f({ prometheus: true, otlp: true }, {}, true, true, 'own')
  f({ readers: [] }, {}, false, false, 'own')
  f({}, { OTEL_METRICS_EXPORTER: 'prometheus' }, true, false, 'own')
  f({}, { OTEL_METRICS_EXPORTER: 'otlp, prometheus' }, true, true, 'own')
  f({}, { OTEL_METRICS_EXPORTER: 'none' }, false, false, 'global-or-own')
  f({}, { OTEL_METRICS_EXPORTER: '' }, false, true, 'global-or-own')
  f({ otlp: true }, { OTEL_METRICS_EXPORTER: 'none' }, false, true, 'own')
})

test('saying no to an exporter is not asking for a MeterProvider of its own', () => {
  expect(config({ otlp: false }).meterProvider).toBe('global-or-own')
  expect(config({ prometheus: false }).meterProvider).toBe('global-or-own')
  expect(config({ prometheus: false }).otlp).toBeDefined()
})

test('the variables of OpenTelemetry are respected, and options win over them', () => {
  expect(config({}, { OTEL_SDK_DISABLED: ' TRUE ' }).disabled).toBe(true)
  expect(config({}, { OTEL_SDK_DISABLED: '1' }).disabled).toBe(false)
  const port = { OTEL_METRICS_EXPORTER: 'prometheus', OTEL_EXPORTER_PROMETHEUS_PORT: '9999' }
  expect(config({}, port).prometheus?.port).toBe(9999)
  expect(config({ prometheus: { port: 1 } }, port).prometheus?.port).toBe(1)
  expect(config({ prometheus: true }, { OTEL_EXPORTER_PROMETHEUS_HOST: '0.0.0.0' }).prometheus?.host).toBe('0.0.0.0')
  expect(config({ prometheus: true }, { OTEL_EXPORTER_PROMETHEUS_HOST: '' }).prometheus?.host).toBe('127.0.0.1')
  expect(config({}, { OTEL_METRIC_EXPORT_INTERVAL: '5000' }).otlp).toMatchObject({
    intervalMs: 5000,
    exportTimeoutMs: 5000,
  })
  expect(config({}, { OTEL_METRIC_EXPORT_TIMEOUT: '100' }).otlp?.exportTimeoutMs).toBe(100)
  expect(config({ otlp: { timeoutMs: 7 } }, { OTEL_METRIC_EXPORT_TIMEOUT: '100' }).otlp?.exportTimeoutMs).toBe(7)
  expect(config({}, { OTEL_LOGS_EXPORTER: 'none' }).events).toBe(false)
  expect(config({ events: true }, { OTEL_LOGS_EXPORTER: 'none' }).events).toBe(true)
  expect(config({ prometheus: true }).events).toBe(false) // nowhere to send them
  expect(config({}, { TOKMETER_PRICES_FILE: 'p.json', TOKMETER_IDENTITY_KEY: 'k' })).toMatchObject({
    pricesFile: 'p.json',
    identityKey: 'k',
  })
  expect(config({ identityKey: 'own' }, { TOKMETER_IDENTITY_KEY: 'k' }).identityKey).toBe('own')
  expect(config({}, { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' }).otlp).toMatchObject({
    metrics: { protocol: 'http/json' },
    logs: { protocol: 'http/json' },
  })
})

test('a variable that cannot be used is ignored, with a warning that names it', async () => {
  const warned = new Promise<Error>((resolve) => process.once('warning', resolve))
  expect(config({}, { OTEL_METRIC_EXPORT_INTERVAL: '60s' }).otlp?.intervalMs).toBe(60_000)
  expect((await warned).message).toBe(
    'OTEL_METRIC_EXPORT_INTERVAL is ignored: it must be a whole number from 1 to 2147483647; got "60s"',
  )
  expect(config({}, { OTEL_METRICS_EXPORTER: 'console' })).toEqual(config())
  expect(config({}, { OTEL_METRICS_EXPORTER: 'console,prometheus' }).prometheus?.port).toBe(9464)
  const ports = { OTEL_METRICS_EXPORTER: 'prometheus', OTEL_EXPORTER_PROMETHEUS_PORT: '70000' }
  expect(config({}, ports).prometheus?.port).toBe(9464)
  const grpc = config({}, { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc', OTEL_EXPORTER_OTLP_LOGS_PROTOCOL: 'http/json' })
  expect(grpc.otlp).toMatchObject({ metrics: { protocol: 'http/protobuf' }, logs: { protocol: 'http/json' } })
})

test('signals go under the URL given', () => {
  const f = (url: string, metrics: string) => expect(config({ otlp: { url } }).otlp?.metrics.url).toBe(metrics)
  f('http://host:4318', 'http://host:4318/v1/metrics')
  f('https://host/otlp/', 'https://host/otlp/v1/metrics')
  expect(config({ otlp: { url: 'http://h' } }).otlp?.logs.url).toBe('http://h/v1/logs')
})

test('with a MeterProvider of the application, exporters and views are its own business', () => {
  const meterProvider = new MeterProvider()
  const f = (options: object, message: string) => expect(() => config({ meterProvider, ...options })).toThrow(message)
  for (const option of [{ prometheus: true }, { readers: [] }, { serviceName: 'x' }, { resourceAttributes: {} }])
    f(option, `${Object.keys(option)[0]} belongs to a MeterProvider of tokmeter's own; it cannot go with meterProvider`)
  f({ views: latencyBuckets() }, 'views belong to the MeterProvider')
  const settled = config({ meterProvider, otlp: false, views: [tagAttributes('tenant')] })
  expect(settled).toMatchObject({ meterProvider, tagAttributes: ['tenant'] })
  expect(config({ meterProvider: 'global' }).meterProvider).toBe('global')
})

test('to a MeterProvider of the application, OTLP is for events, and only where an endpoint is named', () => {
  const meterProvider = new MeterProvider()
  const f = (options: object, environment: Environment, endpoint: string | undefined) => {
    const settled = config({ meterProvider, ...options }, environment)
    expect(settled.otlp?.logs.endpoint).toBe(endpoint)
    expect(settled.events).toBe(endpoint !== undefined)
  }
  f({}, {}, undefined)
  f({ otlp: true }, {}, 'http://localhost:4318')
  f({ otlp: { url: 'http://here:1' } }, {}, 'http://here:1')
  f({}, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://there:2' }, 'http://there:2')
  f({ otlp: false }, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://there:2' }, undefined)
  f({}, { OTEL_METRICS_EXPORTER: 'otlp' }, undefined)
})

test('views of the same metric are merged, tags as attributes told apart', () => {
  const settled = config({
    views: [...latencyBuckets([1, 2]), tagAttributes('a'), ...latencyBuckets([3, 4]), tagAttributes('b')],
  })
  expect(settled.tagAttributes).toEqual(['a', 'b'])
  expect(settled.views).toHaveLength(latencyBuckets().length)
})

test('started from outside it ends itself, unless it is told not to start', () => {
  expect(registerConfig({})).toEqual({ shutdownOn: ['SIGTERM', 'beforeExit'] })
  expect(registerConfig({ TOKMETER_START: 'true' })).toBeDefined()
  expect(registerConfig({ TOKMETER_START: ' False ' })).toBeUndefined()
})
