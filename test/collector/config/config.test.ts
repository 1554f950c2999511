import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { type Config, ConfigError, type Flag, loadConfig, wantsColor } from '../../../src/collector/config.js'

type Environment = { [name: string]: string }

/** A directory with these files, for the time of one test. */
function directoryWith(files: { [name: string]: string } = {}): string {
  const directory = mkdtempSync(join(tmpdir(), 'tokmeter-config-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text)
  return directory
}

function load(yaml = '', environment: Environment = {}, flags: Flag[] = []): Config {
  return loadConfig({ directory: directoryWith({ 'tokmeter.yaml': yaml }), environment, flags }).config
}

/** The mistakes of a file, without its directory. */
function mistakesOf(yaml: string, environment: Environment = {}, flags: Flag[] = []): string[] {
  const directory = directoryWith({ 'tokmeter.yaml': yaml })
  try {
    loadConfig({ directory, environment, flags })
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.message.replaceAll(`${directory}/`, '').split('\n')
  }
  return []
}

const hash = (digit: string) => `sha256:${digit.repeat(64)}`

test('without file, variables and flags there are the defaults', () => {
  const { config, file, warnings } = loadConfig({ directory: directoryWith(), environment: {} })
  expect({ file, warnings }).toEqual({ file: undefined, warnings: [] })
  expect(config).toEqual({
    listen: {
      host: '127.0.0.1',
      port: 4318,
      tls: {},
      cors: { origins: [], maxAge: 7_200_000 },
      limits: {
        body: 67_108_864,
        events: 10_000,
        questions: 6000,
        memory: 268_435_456,
        connections: 16_384,
        headers: 16_384,
        headersTimeout: 20_000,
        requestTimeout: 60_000,
        keepAliveTimeout: 75_000,
        idleTimeout: 120_000,
      },
    },
    data: './tokmeter-data',
    store: {
      path: 'tokmeter-data/store',
      database: 'tokmeter',
      retention: {
        raw: 30 * 86_400_000,
        '1m': 40 * 86_400_000,
        '5m': 40 * 86_400_000,
        '1h': 400 * 86_400_000,
        '1d': 5 * 365 * 86_400_000,
      },
      memoryLimit: 402_653_184,
      concurrentQueries: 2,
      requestTimeout: 60_000,
    },
    queue: {
      path: 'tokmeter-data/queue',
      maxBytes: 1_073_741_824,
      minFreeBytes: 67_108_864,
      commit: { maxDelay: 20, maxBatches: 1000 },
      deduplicationWindow: 86_400_000,
      deduplicationIds: 5_000_000,
    },
    budgets: [],
    forward: [],
    tokens: [],
    identities: { hash: true },
    alerts: { evaluate: true, delay: 30_000, rules: [], channels: [] },
    prices: {},
    semconv: 'current',
    limits: { attributeValues: 500, series: 1000 },
    live: { subscribers: 100 },
    metrics: { path: '/metrics', scopeLabels: true },
    health: {
      weights: { success: 40, performance: 30, activity: 30 },
      latency: { good: 100, poor: 500 },
      inactiveAfter: 30 * 86_400_000,
      idleAfter: 90 * 86_400_000,
      degraded: { errorRate: 0.05, latency: 500 },
      critical: { errorRate: 0.1, latency: 1000 },
    },
    anomalies: {
      errorRate: { info: 0.1, warning: 0.25, critical: 0.5 },
      latency: { info: 1000, warning: 2000, critical: 5000 },
      trafficDrop: { info: 0.5, warning: 0.75, critical: 0.9 },
      costSpike: { info: 2, warning: 3, critical: 5 },
      tokens: { info: 2, warning: 3, critical: 5 },
      deviations: 4,
      minOperations: 10,
      weeks: 4,
      minWeeks: 3,
    },
    dashboard: {},
    log: { level: 'info', format: 'auto' },
    shutdownTimeout: 10_000,
  } satisfies Config)
})

test('a target has defaults of its own, and a name by its host', () => {
  const [target] = load('forward: [{ url: "http://tempo:4318" }]').forward
  expect(target).toEqual({
    name: 'tempo-4318',
    url: 'http://tempo:4318',
    headers: {},
    signals: ['traces', 'metrics', 'logs'],
    timeout: 10_000,
    requestsInFlight: 4,
    retry: { initial: 5000, max: 30_000, multiplier: 1.5 },
    maxBytes: 1_073_741_824,
    tls: {},
  })
})

test('flags win over the environment, the environment over the file, the file over the defaults', () => {
  const port = (yaml: string, environment: Environment, flags: Flag[]) => load(yaml, environment, flags).listen.port
  const flag: Flag = { name: '--port', path: ['listen', 'port'], text: '3' }
  const file = 'listen:\n  port: 1\n'
  expect(port('', {}, [])).toBe(4318)
  expect(port(file, {}, [])).toBe(1)
  expect(port(file, { TOKMETER_LISTEN_PORT: '2' }, [])).toBe(2)
  expect(port(file, { TOKMETER_LISTEN_PORT: '2' }, [flag])).toBe(3)
  expect(port('', {}, [flag])).toBe(3)
})

test('one layer leaves alone what it does not speak of', () => {
  const { listen, queue } = load('listen: { port: 1, host: localhost }\nqueue: { commit: { maxBatches: 5 } }', {
    TOKMETER_LISTEN_PORT: '2',
    TOKMETER_QUEUE_COMMIT_MAX_DELAY: '1s',
  })
  expect([listen.host, listen.port]).toEqual(['localhost', 2])
  expect(queue.commit).toEqual({ maxDelay: 1000, maxBatches: 5 })
})

test('what has no value is as if it were not there, and takes back what a lower layer says', () => {
  expect(load('listen:\n  port:\nstore:\nlog: ~\n').listen.port).toBe(4318)
  expect(load('store: { maxBytes: 1GiB }', { TOKMETER_STORE_MAX_BYTES: '' }).store.maxBytes).toBe(1_073_741_824)
  const unset: Flag = { name: '--set', path: ['listen', 'port'], text: 'null' }
  expect(load('listen: { port: 1 }', {}, [unset]).listen.port).toBe(4318)
  expect(load('forward: [{ url: "http://x", timeout: }]').forward[0]?.timeout).toBe(10_000)
})

test('variables are read as the option has it: numbers, lists, texts that look like numbers', () => {
  const environment = {
    TOKMETER_STORE_URL: 'http://clickhouse:8123',
    TOKMETER_STORE_PASSWORD: '12345',
    TOKMETER_LISTEN_CORS_ORIGINS: 'https://a.example, https://b.example',
    TOKMETER_FORWARD: '[{ url: "http://tempo:4318", signals: [traces] }]',
    TOKMETER_IDENTITIES_HASH: 'false',
    TOKMETER_STORE_RETENTION_1M: '2d',
    TOKMETER_SHUTDOWN_TIMEOUT: '500',
  }
  const config = load('', environment)
  expect(config.store.password).toBe('12345')
  expect(config.listen.cors.origins).toEqual(['https://a.example', 'https://b.example'])
  expect(config.forward.map(({ url, signals }) => [url, signals])).toEqual([['http://tempo:4318', ['traces']]])
  expect(config.identities.hash).toBe(false)
  expect(config.store.retention['1m']).toBe(172_800_000)
  expect(config.shutdownTimeout).toBe(500)
  expect(load('', { TOKMETER_LISTEN_CORS_ORIGINS: '[https://a.example]' }).listen.cors.origins).toHaveLength(1)
})

test("what OpenTelemetry's variables and the SDK's mean here is respected", () => {
  const f = (environment: Environment) => load('log: { level: warn }', environment).log.level
  expect(f({ OTEL_LOG_LEVEL: 'VERBOSE' })).toBe('trace')
  expect(f({ OTEL_LOG_LEVEL: 'none' })).toBe('silent')
  expect(f({ OTEL_LOG_LEVEL: 'error', TOKMETER_LOG_LEVEL: 'debug' })).toBe('debug')
  expect(f({ OTEL_LOG_LEVEL: 'loud' })).toBe('warn')
  expect(load('', { TOKMETER_IDENTITY_KEY: 'k' }).identities.key).toBe('k')
  expect(load('', { TOKMETER_IDENTITY_KEY: 'k', TOKMETER_IDENTITIES_KEY: 'own' }).identities.key).toBe('own')
})

test('a variable that sets nothing is warned of, with the nearest one, if it can have been meant', () => {
  const f = (environment: Environment, yaml = '') =>
    loadConfig({ directory: directoryWith({ 'tokmeter.yaml': yaml }), environment }).warnings
  expect(f({ TOKMETER_LISTN_PORT: '1' })).toEqual([
    'TOKMETER_LISTN_PORT sets no option; did you mean TOKMETER_LISTEN_PORT?',
  ])
  expect(f({ TOKMETER_QQQQQQQQQQQQQQQQQQQQQ: '1' })).toEqual(['TOKMETER_QQQQQQQQQQQQQQQQQQQQQ sets no option'])
  // The SDK's, what Kubernetes sets beside a service of this name, and what the file refers to.
  expect(
    f({ TOKMETER_START: 'false', TOKMETER_PORT: 'tcp://10.0.0.1:4318', TOKMETER_SERVICE_HOST: '10.0.0.1' }),
  ).toEqual([])
  expect(f({ TOKMETER_PORT_4318_TCP_ADDR: '10.0.0.1' })).toEqual([])
  expect(f({ TOKMETER_HASH: 'k' }, `identities: { key: "\${env:TOKMETER_HASH}" }`)).toEqual([])
  expect(f({ OTEL_LOG_LEVEL: 'loud' })).toEqual([
    'OTEL_LOG_LEVEL is ignored: it must be one of none, error, warn, info, debug, verbose, all',
  ])
})

test('every mistake is named, with its line, what was got, what is allowed, and what was probably meant', () => {
  const yaml = [
    'lisen:',
    '  port: 1',
    'listen:',
    '  port: "4318"',
    '  hots: localhost',
    'queue:',
    '  maxBytes: 12 parsecs',
    '  commit: { maxDelay: -1 }',
    'log:',
    '  level: wran',
    'forward:',
    '  - urll: http://tempo:4318',
    '  - url: http://loki:3100',
    '    signals: [trace]',
    '    retry: 5',
    '    headers: { "a b": x, c: 1 }',
    '  - http://x',
    'tokens: all',
    'cluster: main',
    'store: [clickhouse]',
    'shutdownTimeout: 90d',
  ].join('\n')
  const target = 'name, url, headers, signals, timeout, requestsInFlight, retry, maxBytes, tls'
  const duration = (least: string, most: string) =>
    `a duration from ${least} to ${most}, such as 20ms, 30s or 24h (a number alone is milliseconds)`
  const all =
    'listen, data, store, queue, forward, tokens, budgets, identities, alerts, prices, semconv, limits, live, metrics, health, anomalies, dashboard, log, views, shutdownTimeout'
  expect(mistakesOf(yaml)).toEqual([
    `tokmeter.yaml:1:1: lisen is no option; did you mean listen? Options: ${all}`,
    'tokmeter.yaml:4:9: listen.port must be a whole number from 0 to 65535; got "4318"',
    'tokmeter.yaml:5:3: listen.hots is no option; did you mean listen.host? Options of listen: host, port, tls, cors, limits',
    'tokmeter.yaml:7:13: queue.maxBytes must be a size from 1MiB to 100TiB, such as 512MB or 1GiB (a number alone is bytes); got "12 parsecs"',
    `tokmeter.yaml:8:23: queue.commit.maxDelay must be ${duration('0ms', '10s')}; got -1`,
    'tokmeter.yaml:10:10: log.level must be one of trace, debug, info, warn, error, fatal, silent; got "wran"; did you mean warn?',
    'tokmeter.yaml:12:5: forward[0].url is missing: it must be an http or https URL, such as http://127.0.0.1:4318',
    `tokmeter.yaml:12:5: forward[0].urll is no option; did you mean forward[0].url? Options of forward[0]: ${target}`,
    'tokmeter.yaml:14:15: forward[1].signals[0] does not belong into a list of traces, metrics, logs; got "trace"; did you mean traces?',
    'tokmeter.yaml:15:12: forward[1].retry must be a section with the options initial, max, multiplier; got 5',
    'tokmeter.yaml:16:16: forward[1].headers."a b" cannot be the name of a header',
    'tokmeter.yaml:16:29: forward[1].headers.c must be names of headers with their values, each a text (in quotes where it is a number); got a number that is not shown',
    `tokmeter.yaml:17:5: forward[2] must be a section with the options ${target}; got a text that is not shown`,
    'tokmeter.yaml:18:9: tokens must be a list of tokens, each with name, hash and scopes; got a text that is not shown',
    `tokmeter.yaml:19:1: cluster is no option; did you mean store.cluster? Options: ${all}`,
    'tokmeter.yaml:20:8: store must be a section with the options path, url, username, password, database, cluster, retention, maxBytes, memoryLimit, concurrentQueries, requestTimeout; got a list',
    `tokmeter.yaml:21:18: shutdownTimeout must be ${duration('0s', '10m')}; got "90d"`,
  ])
})

test('a mistake of the environment or a flag is named by its name', () => {
  const flag = (name: string, path: string[], text: string): Flag => ({ name, path, text })
  expect(
    mistakesOf('listen: { port: 1 }', { TOKMETER_LISTEN_PORT: 'tcp://x', TOKMETER_TOKENS: '[{ name: a }]' }, [
      flag('--log-level', ['log', 'level'], 'loud'),
      flag('--set', ['queue', 'maxByte'], '1'),
    ]),
  ).toEqual([
    'TOKMETER_LISTEN_PORT: listen.port must be a whole number from 0 to 65535; got "tcp://x"',
    'TOKMETER_TOKENS: tokens[0].hash is missing: it must be what `tokmeter hash-token` prints: sha256:… or scrypt:…',
    'TOKMETER_TOKENS: tokens[0].scopes is missing: it must be a list of ingest, read, admin',
    '--set: queue.maxByte is no option; did you mean queue.maxBytes? Options of queue: path, maxBytes, minFreeBytes, commit, deduplicationWindow, deduplicationIds',
    '--log-level: log.level must be one of trace, debug, info, warn, error, fatal, silent; got "loud"',
  ])
})

test('no name reaches what all objects share', () => {
  const flag = (...path: string[]): Flag => ({ name: '--set', path, text: '1' })
  const is = 'is no option'
  expect(mistakesOf('__proto__: { polluted: 1 }\nlisten: { __proto__: { polluted: 1 } }')).toEqual([
    expect.stringContaining(`tokmeter.yaml:1:1: __proto__ ${is}`),
    expect.stringContaining(`tokmeter.yaml:2:11: listen.__proto__ ${is}`),
  ])
  expect(mistakesOf('', {}, [flag('__proto__', 'polluted'), flag('listen', '__proto__', 'polluted')])).toEqual([
    expect.stringContaining(`--set: listen.__proto__ ${is}`),
    expect.stringContaining(`--set: __proto__ ${is}`),
  ])
  expect(mistakesOf('', {}, [flag('constructor'), flag('listen', 'toString')])).toHaveLength(2)
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
})

test('options that exclude each other are named too, and beside other mistakes', () => {
  const f = (yaml: string, ...messages: string[]) => expect(mistakesOf(yaml)).toEqual(messages)
  const open =
    'listen.host can be reached by other machines, and there are no tokens: add one to tokens (`tokmeter hash-token`), or listen on 127.0.0.1'
  f('listen:\n  host: 0.0.0.0', `tokmeter.yaml:2:9: ${open}`)
  f(`listen: { host: 0.0.0.0 }\ntokens: [{ name: a, hash: "${hash('a')}", scopes: [ingest] }]`)
  f(
    'listen: { host: 0.0.0.0 }\ntokens: [{ name: a, hash: secret, scopes: [ingest] }]',
    'tokmeter.yaml:2:27: tokens[0].hash must be what `tokmeter hash-token` prints: sha256:… or scrypt:…; got a text that is not shown',
  )
  f('listen: { host: "::1" }')
  f(
    'listen: { host: "::", port: x }',
    `tokmeter.yaml:1:17: ${open}`,
    'tokmeter.yaml:1:29: listen.port must be a whole number from 0 to 65535; got "x"',
  )
  f(
    'listen:\n  limits: { memory: 100MiB, headersTimeout: 2m }',
    'tokmeter.yaml:2:21: listen.limits.memory must be at least twice listen.limits.body: compressed and decompressed, the largest body needs as much',
    'tokmeter.yaml:2:45: listen.limits.headersTimeout must not be longer than listen.limits.requestTimeout',
  )
  f(
    'store: { path: x, url: "http://c:8123" }',
    'tokmeter.yaml:1:16: store.path and store.url exclude each other: the store is embedded, or a ClickHouse server',
  )
  f('store: { cluster: c }', 'tokmeter.yaml:1:19: store.cluster is of a ClickHouse server: it needs store.url')
  f(
    'metrics: { path: /api/metrics }',
    'tokmeter.yaml:1:18: metrics.path is taken: /v1, /api, /health and /ready have other uses',
  )
  f(
    'forward: [{ url: "http://localhost:4318" }, { url: "http://[::1]:4318/x" }, { url: "http://localhost:4319" }]',
    'tokmeter.yaml:1:18: forward[0].url is the collector itself: what it sends would come back without end',
    'tokmeter.yaml:1:52: forward[1].url is the collector itself: what it sends would come back without end',
  )
  f(
    'forward:\n  - { url: "http://a" }\n  - { url: "http://a", signals: [], retry: { max: 1s } }',
    'tokmeter.yaml:3:5: forward[1] has the name of forward[0]: give each a name of its own',
    'tokmeter.yaml:3:33: forward[1].signals names none',
    'tokmeter.yaml:3:44: forward[1].retry.initial must not be longer than forward[1].retry.max',
  )
  f(
    `tokens:\n  - { name: a, hash: "${hash('a')}", scopes: [] }\n  - { name: a, hash: "${hash('a')}", scopes: [read] }`,
    'tokmeter.yaml:2:105: tokens[0].scopes names none: such a token may do nothing',
    'tokmeter.yaml:3:13: tokens[1] has the name of tokens[0]',
    'tokmeter.yaml:3:22: tokens[1] is the same token as tokens[0]',
  )
})

test('one mistake hides no other, and makes none', () => {
  const f = (yaml: string, ...messages: string[]) =>
    expect(mistakesOf(yaml)).toEqual(messages.map((message) => expect.stringContaining(message)))
  // Entries that lack what they must have are still held against each other.
  f(
    'forward:\n  - { timeout: 1s }\n  - { url: "http://a", signals: [] }\n  - 5\ntokens:\n  - { name: a, hash: x, scopes: [] }',
    '2:5: forward[0].url is missing',
    '3:33: forward[1].signals names none',
    '4:5: forward[2] must be a section',
    '6:22: tokens[0].hash must be',
    '6:33: tokens[0].scopes names none',
  )
  // What was meant by them nobody knows, so nothing follows from it.
  f('listen: { host: 0.0.0.0 }\ntokens: all', '2:9: tokens must be a list')
  f('listen: { limits: { body: x, memory: 1MiB } }', '1:27: listen.limits.body must be a size')
  // A number may be wrong in two ways.
  f('listen: { port: -1.5 }', '1:17: listen.port must be a whole number from 0 to 65535; got -1.5')
  f('listen: { host: "" }', '1:17: listen.host must be an address or a host name; got ""')
})

test('what comes from a variable is not shown: it may be a secret, put in the wrong place', () => {
  const reference = `\${env:SECRET}`
  const f = (yaml: string) => mistakesOf(yaml, { SECRET: 'hunter2' }).join('\n')
  expect(f(`listen: { port: "${reference}" }`)).toBe(
    'tokmeter.yaml:1:17: listen.port must be a whole number from 0 to 65535; got a text that is not shown',
  )
  expect(f(`log: { level: "${reference}" }\nsemconv: "x${reference}"`)).not.toContain('hunter2')
  expect(f(`prices: { file: "${reference}" }`)).toBe('tokmeter.yaml:1:17: prices.file: there is no such file')
  expect(f(`log: { level: "${reference}" }\nsemconv: "x${reference}"`).split('\n')).toHaveLength(2)
})

test('what is kept, is kept for whole days', () => {
  const message = (got: string) =>
    `tokmeter.yaml:1:27: store.retention.1h must be a duration of whole days from 1d to 100y, such as 30d or 2y; got ${got}`
  const f = (text: string) => mistakesOf(`store: { retention: { 1h: ${text} } }`)
  expect(f('36h')).toEqual([message('"36h"')])
  expect(f('0d')).toEqual([message('"0d"')])
  expect(f('48h')).toEqual([])
})

test('files that are named have to be there', () => {
  const directory = directoryWith({ 'prices.json': '{}' })
  expect(load(`prices: { file: ${directory}/prices.json }`).prices.file).toBe(`${directory}/prices.json`)
  expect(mistakesOf('prices: { file: /no/prices.json }\nlisten: { tls: { cert: /no/cert.pem } }')).toEqual([
    'tokmeter.yaml:1:17: prices.file: there is no such file',
    'tokmeter.yaml:2:24: listen.tls.cert needs key beside it',
    'tokmeter.yaml:2:24: listen.tls.cert: there is no such file',
  ])
})

test('the file is the one named, or tokmeter.yaml where there is one', () => {
  const directory = directoryWith({ 'other.yaml': 'listen: { port: 7 }' })
  const other = join(directory, 'other.yaml')
  expect(loadConfig({ directory, environment: {} }).file).toBeUndefined()
  expect(loadConfig({ directory, environment: { TOKMETER_CONFIG: other } })).toMatchObject({
    file: other,
    config: { listen: { port: 7 } },
  })
  const named = { file: other, directory, environment: { TOKMETER_CONFIG: '/no/where.yaml' } }
  expect(loadConfig(named).file).toBe(other)
  const missing = () => loadConfig({ file: '/no/where.yaml', environment: {} })
  expect(missing).toThrow('cannot read the configuration file /no/where.yaml: there is no such file')
  expect(() => loadConfig({ file: directory, environment: {} })).toThrow(`${directory}: it is a directory`)
})

test('views in code are found in the working directory, unless they are named', () => {
  const directory = directoryWith({ 'tokmeter.config.js': '', 'other.js': '' })
  expect(loadConfig({ directory, environment: {} }).config.views).toBe(join(directory, 'tokmeter.config.js'))
  const environment = { TOKMETER_VIEWS: join(directory, 'other.js') }
  expect(loadConfig({ directory, environment }).config.views).toBe(join(directory, 'other.js'))
})

test('colours are for terminals, where nobody asked for none', () => {
  expect(wantsColor({ isTTY: true }, {})).toBe(true)
  expect(wantsColor({ isTTY: true }, { NO_COLOR: '1' })).toBe(false)
  expect(wantsColor({ isTTY: true }, { NO_COLOR: '' })).toBe(true)
  expect(wantsColor({ isTTY: true }, { TERM: 'dumb' })).toBe(false)
  expect(wantsColor({}, {})).toBe(false)
})
