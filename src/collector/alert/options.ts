/** The options of alerts as they stand in the configuration, and of rules in code, which are the same. `rule-mistakes.ts` knows which belong to which kind. */
import { z } from 'zod'
import {
  boolean,
  choice,
  type Deep,
  duration,
  entries,
  headers,
  httpUrl,
  list,
  names,
  number,
  text,
  texts,
  wholeNumber,
} from '../config/option-kinds.js'
import { ANOMALY_TYPES } from '../query/anomaly/anomaly.js'
import { AGGREGATIONS } from '../query/measures.js'
import { FILTER_OPERATORS, HAVING_OPERATORS } from '../query/question.js'

export const SEVERITIES = ['critical', 'warning', 'info'] as const
export type Severity = (typeof SEVERITIES)[number]

export const RULE_KINDS = ['threshold', 'error_rate', 'budget', 'burn_rate', 'anomaly', 'absence'] as const
export type RuleKind = (typeof RULE_KINDS)[number] | 'custom'

export const CHANNEL_KINDS = ['webhook', 'slack', 'alertmanager', 'log'] as const

const name = () =>
  text({ allowed: 'a name of letters, digits, ".", "_" and "-"', pattern: /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/ })
const dimension = () => text({ allowed: 'a dimension of the query API, such as model or service' })
const labels = () =>
  names('names of letters, digits and "_" with their values, each a text (in quotes where it is a number)')
const window = () => duration('1m', '31d')

export const ruleOptions = z.strictObject({
  name: name(),
  kind: choice(RULE_KINDS),
  severity: choice(SEVERITIES).default('warning'),
  labels: labels().default({}),
  summary: text({ allowed: 'a text, such as "{{service}} fails: {{value}}"' }).optional(),
  annotations: labels().default({}),
  for: duration('0s', '7d').prefault('0s'),
  keepFiring: duration('0s', '7d').prefault('0s'),
  cooldown: duration('0s', '30d').prefault('0s'),
  filters: entries(
    z.strictObject({
      dimension: dimension(),
      operator: choice(FILTER_OPERATORS).default('eq'),
      value: texts('a text, or a list of texts for in and not_in'),
    }),
    'a list of filters, each with dimension, operator and value',
  ).default([]),
  groupBy: list(z.string().min(1).max(100), 'a list of dimensions of the query API, such as [service, model]').default(
    [],
  ),
  maxAlerts: wholeNumber(1, 1000).default(100),
  field: text({ allowed: 'what is measured, such as cost_usd, duration_ms or operations' }).optional(),
  aggregation: choice(AGGREGATIONS).optional(),
  operator: choice(HAVING_OPERATORS).optional(),
  threshold: number(-1e15, 1e15).optional(),
  clear: number(-1e15, 1e15).optional(),
  window: window().optional(),
  minOperations: wholeNumber(1, 1e9).optional(),
  lookback: window().optional(),
  budget: text({ allowed: 'the name of a budget' }).optional(),
  types: list(z.enum(ANOMALY_TYPES), `a list of ${ANOMALY_TYPES.join(', ')}`).optional(),
  least: choice(SEVERITIES).optional(),
  objective: number(0.5, 0.999999).optional(),
  windows: entries(
    z.strictObject({
      long: window(),
      short: window(),
      factor: number(0.01, 1e6),
      severity: choice(SEVERITIES).optional(),
    }),
    'a list of pairs of windows, each with long, short and factor',
  ).optional(),
})

export const channelOptions = z.strictObject({
  name: name(),
  kind: choice(CHANNEL_KINDS),
  url: httpUrl({ secret: true }).optional(),
  headers: headers({ secret: true }).default({}),
  secret: text({ secret: true }).optional(),
  severities: list(z.enum(SEVERITIES), `a list of ${SEVERITIES.join(', ')}`).default([...SEVERITIES]),
  labels: labels().default({}),
  resolved: boolean().default(true),
  privateTargets: list(
    z.string().min(1).max(253),
    'a list of host names, addresses and ranges such as 10.0.0.0/8',
  ).default([]),
  timeout: duration('100ms', '1m').prefault('10s'),
  maxWaiting: wholeNumber(1, 100_000).default(1000),
  giveUpAfter: duration('0s', '24h').prefault('1h'),
  resendEvery: duration('10s', '1h').prefault('1m'),
})

const live = { live: true }

export const alertOptions = {
  evaluate: boolean(live).default(true),
  delay: duration('0s', '1h', live).prefault('30s'),
  rules: entries(ruleOptions, 'a list of rules, each with name and kind', live).default([]),
  channels: entries(channelOptions, 'a list of channels, each with name and kind', live).default([]),
}

/** A rule as it is given, its defaults filled in: durations in milliseconds. */
export type RuleOptions = Deep<z.output<typeof ruleOptions>>
export type ChannelOptions = Deep<z.output<typeof channelOptions>>
