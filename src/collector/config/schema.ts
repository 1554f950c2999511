/** Every option of the collector, with what it allows and its default. `collector-config/tokmeter.yaml` says what each is for; a test keeps the two equal. */
import { join } from 'node:path'
import { z } from 'zod'
import { alertOptions } from '../alert/options.js'
import { BUDGET_DIMENSIONS, DEFAULT_THRESHOLDS } from '../budget/budget.js'
import * as budgets from '../budget/definition.js'
import { PERIODS } from '../budget/period.js'
import { parseHash, SCOPES } from '../security/tokens.js'
import {
  boolean,
  choice,
  type Deep,
  days,
  duration,
  entries,
  headers,
  httpUrl,
  list,
  number,
  option,
  size,
  text,
  wholeNumber,
} from './option-kinds.js'

const section = <Shape extends z.core.$ZodLooseShape>(shape: Shape) => z.strictObject(shape).prefault({} as never)
const live = { live: true }

/** From where on an anomaly is of a severity. */
const levels = <Schema extends z.ZodType>(
  level: () => Schema,
  [info, warning, critical]: readonly [unknown, unknown, unknown],
) =>
  section({
    info: level().prefault(info as never),
    warning: level().prefault(warning as never),
    critical: level().prefault(critical as never),
  })

/** Signals that can be forwarded. Events of tokmeter's own format are stored, not forwarded. */
export const FORWARDED_SIGNALS = ['traces', 'metrics', 'logs'] as const
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

const name = () =>
  text({ allowed: 'a name of letters, digits, ".", "_" and "-"', pattern: /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/ })
const file = (traits?: { live?: boolean }) => text({ ...traits, allowed: 'the path of a file' })
/** Of what stands in SQL. */
const TABLE_NAME = { allowed: 'a name of letters, digits and "_"', pattern: /^[A-Za-z_]\w{0,62}$/ }
const path = () => text({ allowed: 'a path that begins with "/"', pattern: /^\/[A-Za-z0-9._~/-]{0,255}$/ })
const origins = 'a list of origins such as https://app.example.com, each scheme, host and port alone, or "*"'

const TRACE_URL = 'an http or https URL with {traceId} in it, such as https://jaeger.example.com/trace/{traceId}'
const isTraceUrl = (url: string) => /^https?:\/\/[^/\s{]+\/\S*\{traceId\}/.test(url)

const target = z.strictObject({
  name: name().optional(),
  url: httpUrl(),
  headers: headers({ secret: true }).default({}),
  signals: list(z.enum(FORWARDED_SIGNALS), `a list of ${FORWARDED_SIGNALS.join(', ')}`).default([...FORWARDED_SIGNALS]),
  timeout: duration('100ms', '5m').prefault('10s'),
  requestsInFlight: wholeNumber(1, 100).default(4),
  retry: section({
    initial: duration('10ms', '1h').prefault('5s'),
    max: duration('10ms', '1h').prefault('30s'),
    multiplier: number(1, 10).default(1.5),
  }),
  maxBytes: size('1MiB', '100TiB').prefault('1GiB'),
  tls: section({ ca: file().optional(), cert: file().optional(), key: file().optional() }),
})
function isHash(hash: string): boolean {
  try {
    parseHash('', hash)
    return true
  } catch {
    return false
  }
}

const token = z.strictObject({
  name: name(),
  hash: text({ allowed: 'what `tokmeter hash-token` prints: sha256:… or scrypt:…', isValid: isHash, secret: true }),
  scopes: list(z.enum(SCOPES), `a list of ${SCOPES.join(', ')}`),
})

const dimensions = {
  known: [...BUDGET_DIMENSIONS],
  names: `a dimension of a budget, which is ${budgets.DIMENSION_ALLOWED}`,
}
const budget = z.strictObject({
  name: name(),
  limitUsd: option(budgets.amount, 'money', budgets.AMOUNT_ALLOWED),
  period: choice(PERIODS),
  filters: option(budgets.filters, 'map', budgets.FILTERS_ALLOWED, dimensions).default({}),
  per: option(budgets.dimension, 'text', budgets.DIMENSION_ALLOWED, dimensions).optional(),
  thresholds: option(budgets.thresholds, 'list', budgets.THRESHOLDS_ALLOWED).default([...DEFAULT_THRESHOLDS]),
})

const options = z.strictObject({
  listen: section({
    host: text({ allowed: 'an address or a host name', pattern: /^[A-Za-z0-9.:%_-]{1,255}$/ }).default('127.0.0.1'),
    port: wholeNumber(0, 65_535).default(4318),
    tls: section({ cert: file().optional(), key: file().optional(), clientCa: file().optional() }),
    cors: section({
      origins: list(z.string().regex(/^(\*|https?:\/\/[^/\s?#@]+)$/), origins, live).default([]),
      maxAge: duration('0s', '24h', live).prefault('2h'),
    }),
    limits: section({
      body: size('1KiB', '1GiB').prefault('64MiB'),
      events: wholeNumber(1, 1_000_000).default(10_000),
      questions: wholeNumber(0, 1_000_000).default(6000),
      memory: size('2KiB', '64GiB').prefault('256MiB'),
      connections: wholeNumber(1, 1_000_000).default(16_384),
      headers: size('1KiB', '1MiB').prefault('16KiB'),
      headersTimeout: duration('100ms', '10m').prefault('20s'),
      requestTimeout: duration('100ms', '1h').prefault('1m'),
      keepAliveTimeout: duration('100ms', '1h').prefault('75s'),
      idleTimeout: duration('100ms', '1h').prefault('2m'),
    }),
  }),
  data: text({ allowed: 'the path of a directory' }).default('./tokmeter-data'),
  store: section({
    path: text({ allowed: 'the path of a directory' }).optional(),
    url: httpUrl().optional(),
    username: text().optional(),
    password: text({ secret: true }).optional(),
    database: text(TABLE_NAME).default('tokmeter'),
    cluster: text(TABLE_NAME).optional(),
    retention: section({
      raw: days(live).prefault('30d'),
      '1m': days(live).prefault('40d'),
      '5m': days(live).prefault('40d'),
      '1h': days(live).prefault('400d'),
      '1d': days(live).prefault('5y'),
    }),
    maxBytes: size('16MiB', '1000TiB', live).optional(),
    memoryLimit: size('128MiB', '1TiB').prefault('384MiB'),
    concurrentQueries: wholeNumber(1, 64).default(2),
    requestTimeout: duration('100ms', '1h').prefault('1m'),
  }),
  queue: section({
    path: text({ allowed: 'the path of a directory' }).optional(),
    maxBytes: size('1MiB', '100TiB').prefault('1GiB'),
    minFreeBytes: size('0B', '1TiB').prefault('64MiB'),
    commit: section({
      maxDelay: duration('0ms', '10s').prefault('20ms'),
      maxBatches: wholeNumber(1, 100_000).default(1000),
    }),
    deduplicationWindow: duration('0s', '30d').prefault('24h'),
    deduplicationIds: wholeNumber(0, 100_000_000).default(5_000_000),
  }),
  forward: entries(target, 'a list of targets, each with its url', live).default([]),
  tokens: entries(token, 'a list of tokens, each with name, hash and scopes', live).default([]),
  budgets: entries(budget, 'a list of budgets, each with name, limitUsd and period', live).default([]),
  identities: section({
    hash: boolean().default(true),
    key: text({ secret: true }).optional(),
  }),
  alerts: section(alertOptions),
  prices: section({ file: file(live).optional() }),
  semconv: choice(['current', 'v1.41', 'both']).default('current'),
  limits: section({
    attributeValues: wholeNumber(1, 100_000).default(500),
    series: wholeNumber(1, 100_000).default(1000),
  }),
  live: section({
    subscribers: wholeNumber(0, 100_000).default(100),
  }),
  metrics: section({
    path: path().default('/metrics'),
    scopeLabels: boolean().default(true),
  }),
  health: section({
    weights: section({
      success: wholeNumber(0, 100, live).default(40),
      performance: wholeNumber(0, 100, live).default(30),
      activity: wholeNumber(0, 100, live).default(30),
    }),
    latency: section({
      good: duration('1ms', '1h', live).prefault('100ms'),
      poor: duration('1ms', '1h', live).prefault('500ms'),
    }),
    inactiveAfter: days(live).prefault('30d'),
    idleAfter: days(live).prefault('90d'),
    degraded: section({
      errorRate: number(0, 1, live).default(0.05),
      latency: duration('1ms', '1h', live).prefault('500ms'),
    }),
    critical: section({
      errorRate: number(0, 1, live).default(0.1),
      latency: duration('1ms', '1h', live).prefault('1s'),
    }),
  }),
  anomalies: section({
    errorRate: levels(() => number(0, 1, live), [0.1, 0.25, 0.5]),
    latency: levels(() => duration('1ms', '1h', live), ['1s', '2s', '5s']),
    trafficDrop: levels(() => number(0.01, 0.99, live), [0.5, 0.75, 0.9]),
    costSpike: levels(() => number(1.01, 1000, live), [2, 3, 5]),
    tokens: levels(() => number(1.01, 1000, live), [2, 3, 5]),
    deviations: number(1, 20, live).default(4),
    minOperations: wholeNumber(1, 1_000_000, live).default(10),
    weeks: wholeNumber(2, 52, live).default(4),
    minWeeks: wholeNumber(2, 52, live).default(3),
  }),
  dashboard: section({
    traceUrl: text({ ...live, allowed: TRACE_URL, isValid: isTraceUrl }).optional(),
  }),
  log: section({
    level: choice(LOG_LEVELS, live).default('info'),
    format: choice(['auto', 'pretty', 'json']).default('auto'),
  }),
  views: file().optional(),
  shutdownTimeout: duration('0s', '10m').prefault('10s'),
})

/** All options; read, those whose default is made of others are there too. */
export const schema = options.transform(({ store, queue, forward, ...rest }) => {
  return {
    ...rest,
    store: store.url === undefined ? { ...store, path: store.path ?? join(rest.data, 'store') } : store,
    queue: { ...queue, path: queue.path ?? join(rest.data, 'queue') },
    forward: forward.map((target) => ({ ...target, name: target.name ?? nameOf(target.url) })),
  }
})

// What a target has yet to be sent is kept under its name, so it has to be the same from start to start.
function nameOf(url: string): string {
  return new URL(url).host.replace(/[^A-Za-z0-9.-]+/g, '-')
}

/** The settled configuration: durations in milliseconds, sizes in bytes. What is absent has no default and was not given. */
export type Config = Deep<z.output<typeof schema>>
/** One target to forward to. Its name is that of its host where none is given. */
export type TargetConfig = Config['forward'][number]
export type TokenConfig = Config['tokens'][number]
