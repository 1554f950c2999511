/** Budgets in the configuration: what may be given, and how a mistake in them is told. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { budgetsOf } from '../../../src/collector/config/budget-settings.js'
import { effectiveConfig } from '../../../src/collector/config/effective.js'
import { type Config, ConfigError, loadConfig } from '../../../src/collector/config.js'

function load(yaml: string): Config {
  const directory = mkdtempSync(join(tmpdir(), 'tokmeter-config-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  writeFileSync(join(directory, 'tokmeter.yaml'), yaml)
  try {
    return loadConfig({ directory, environment: {} }).config
  } catch (error) {
    if (error instanceof ConfigError) error.message = error.message.replaceAll(`${directory}/`, '')
    throw error
  }
}

/** The mistakes of one budget with these options beside its name. */
function mistakesOf(options: string, before = ''): string[] {
  try {
    load(`${before}budgets:\n  - name: team\n    ${options.replaceAll('\n', '\n    ')}\n`)
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n')
    throw error
  }
  return []
}

test('amounts are taken to the nano-dollar, values one or several, thresholds in order', () => {
  const config = load(`
budgets:
  - { name: a, limitUsd: 0.1, period: day }
  - name: b
    limitUsd: "123456789012.000000001"
    period: week
    filters: { service: api, model: [gpt-4o, gpt-4o, o3], tag:team: red }
    per: tag:project
    thresholds: [100, 50, 50, 120]
`)
  expect(budgetsOf(config)).toEqual([
    { name: 'a', limit: 100_000_000n, period: 'day', filters: {}, thresholds: [50, 80, 95, 100], source: 'config' },
    {
      name: 'b',
      limit: 123_456_789_012_000_000_001n,
      period: 'week',
      filters: { service: ['api'], model: ['gpt-4o', 'o3'], 'tag:team': ['red'] },
      per: 'tag:project',
      thresholds: [50, 100, 120],
      source: 'config',
    },
  ])
  // What is shown may be given again.
  const shown = effectiveConfig(config)['budgets'] as { limitUsd: unknown }[]
  expect(shown.map(({ limitUsd }) => limitUsd)).toEqual([0.1, '123456789012.000000001'])
  const again = loadConfig({ directory: '/no/where', environment: { TOKMETER_BUDGETS: JSON.stringify(shown) } })
  expect(again.config.budgets).toEqual(config.budgets)
})

test('each mistake is told with its line, what was got, what is allowed and what was meant', () => {
  const amount =
    'must be an amount of dollars such as 100 or "0.05": more than 0, with at most 12 digits before the point and 9 behind it'
  const f = (options: string, ...mistakes: string[]) => expect(mistakesOf(options)).toEqual(mistakes)
  f('limitUsd: 0\nperiod: day', `tokmeter.yaml:3:15: budgets[0].limitUsd ${amount}; got 0`)
  f('limitUsd: -1\nperiod: day', `tokmeter.yaml:3:15: budgets[0].limitUsd ${amount}; got -1`)
  f('limitUsd: 0.0000000001\nperiod: day', `tokmeter.yaml:3:15: budgets[0].limitUsd ${amount}; got 1e-10`)
  f('limitUsd: ten\nperiod: day', `tokmeter.yaml:3:15: budgets[0].limitUsd ${amount}; got "ten"`)
  f('limitUsd: .inf\nperiod: day', `tokmeter.yaml:3:15: budgets[0].limitUsd ${amount}; got Infinity`)
  f('period: day', `tokmeter.yaml:2:5: budgets[0].limitUsd is missing: it ${amount}`)
  f(
    'limitUsd: 1\nperiod: dya',
    'tokmeter.yaml:4:13: budgets[0].period must be one of hour, day, week, month; got "dya"; did you mean day?',
  )
  f(
    'limitUsd: 1\nperiod: day\nfilter: {}',
    'tokmeter.yaml:5:5: budgets[0].filter is no option; did you mean budgets[0].filters? Options of budgets[0]: name, limitUsd, period, filters, per, thresholds',
  )
  const names = 'one of provider, model, service, environment, region, agent, workflow, user_id and tag:<key>'
  f(
    'limitUsd: 1\nperiod: day\nfilters: { servce: api }',
    `tokmeter.yaml:5:16: budgets[0].filters.servce cannot be a dimension of a budget, which is ${names}; did you mean service?`,
  )
  f(
    'limitUsd: 1\nperiod: day\nper: user',
    `tokmeter.yaml:5:10: budgets[0].per must be ${names}; got "user"; did you mean user_id?`,
  )
  f(
    'limitUsd: 1\nperiod: day\nfilters: { service: [] }',
    'tokmeter.yaml:5:25: budgets[0].filters.service must be up to 10 dimensions, each with a text, or a list of 1 to 100 texts of which one has to match; got a list',
  )
  f(
    'limitUsd: 1\nperiod: day\nthresholds: [50, 0.5]',
    'tokmeter.yaml:5:22: budgets[0].thresholds[1] does not belong into a list of up to 20 whole percentages from 1 to 1000; got 0.5',
  )
})

test('names are given once, and what a budget is told from is kept for its whole period', () => {
  const twice = '- { name: a, limitUsd: 1, period: day }\n'
  expect(() => load(`budgets:\n${twice}${twice}`)).toThrow('tokmeter.yaml:3:11: budgets[1] has the name of budgets[0]')
  const monthly = 'limitUsd: 1\nperiod: month\n'
  const raw =
    'tokmeter.yaml:4:13: budgets[0] is told from single operations of a whole month: store.retention.raw must be at least 31d'
  expect(mistakesOf(`${monthly}per: user_id`)).toEqual([raw])
  expect(mistakesOf(`${monthly}filters: { "tag:team": red }`)).toEqual([raw])
  expect(mistakesOf(`${monthly}per: service`)).toEqual([])
  expect(mistakesOf('limitUsd: 1\nperiod: week\nper: user_id')).toEqual([])
  expect(mistakesOf(`${monthly}per: user_id`, 'store: { retention: { raw: 31d } }\n')).toEqual([])
  const short = 'store: { retention: { 1m: 1d, 5m: 1d, 1h: 2d, 1d: 6d } }\n'
  expect(mistakesOf('limitUsd: 1\nperiod: week', short)).toEqual([
    'tokmeter.yaml:5:13: budgets[0] is told from rollups of a whole week: store.retention.1d must be at least 7d',
  ])
})
