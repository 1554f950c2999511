/** Alerts of a whole collector: from an event that comes in to the webhook that is told. */
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, expect, onTestFinished, test } from 'vitest'
import type { Collector } from '../../../src/collector/collector.js'
import { type Config, loadConfig } from '../../../src/collector/config.js'
import { DIMENSION_NAMES } from '../../../src/collector/query/dimensions.js'
import { FIELD_NAMES } from '../../../src/collector/query/measures.js'
import { collector, configOf, event, ledgerOf, newDirectory, post, stop, stopAll } from '../running.js'

afterEach(stopAll)

const get = async (url: string) => (await (await fetch(url)).json()) as never

/** Has the store looked at, as it is every 15 s: reading the configuration anew does. */
async function look(made: Collector, config: Config): Promise<void> {
  await made.reload({ live: [], restart: [], config })
}

async function until<Found>(find: () => Promise<Found | undefined>): Promise<Found> {
  for (;;) {
    const found = await find()
    if (found !== undefined) return found
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

async function receiver() {
  const bodies: { status: string; rule: string; summary: string }[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (part) => {
      body += part
    })
    request.on('end', () => {
      bodies.push(JSON.parse(body))
      response.end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return { bodies, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

test('an alert fires, is told, shown, measured and noted, stays over a restart, and is over when its rule is gone', async () => {
  const { bodies, url: hook } = await receiver()
  const directory = newDirectory()
  const rules = [
    {
      name: 'Busy',
      kind: 'threshold',
      field: 'operations',
      aggregation: 'count',
      threshold: 2,
      window: '15m',
      groupBy: ['model'],
      summary: '{{model}}: {{value}}',
    },
  ]
  const channels = [{ name: 'hook', kind: 'webhook', url: hook, privateTargets: ['127.0.0.1'] }]
  const config = configOf(directory, {
    'alerts.delay': '0s',
    'alerts.rules': JSON.stringify(rules),
    'alerts.channels': JSON.stringify(channels),
  })
  const first = await collector(config)
  const earlier = { timestamp_ms: Date.now() - 180_000 }
  await post(
    `${first.url}/api/v1/analytics/events`,
    ['a', 'b', 'c'].map((id) => ({ ...event(id), ...earlier })),
  )
  await until(async () => ((await ledgerOf(first)).stored === 3 ? true : undefined))
  await look(first, config)
  await until(async () => (bodies.length > 0 ? true : undefined))
  expect(bodies).toMatchObject([
    { status: 'firing', rule: 'Busy', severity: 'warning', labels: { model: 'gpt-4o' }, summary: 'gpt-4o: 3' },
  ])
  const shown = {
    rule: 'Busy',
    state: 'firing',
    value: 3,
    threshold: 2,
    labels: { model: 'gpt-4o' },
    is_unknown: false,
  }
  expect(await get(`${first.url}/api/v1/alerts`)).toMatchObject({ evaluating: true, alerts: [shown] })
  expect(await get(`${first.url}/api/v1/alerts?state=pending`)).toMatchObject({ alerts: [] })
  expect(await get(`${first.url}/api/v1/alerts/rules`)).toMatchObject({
    rules: [{ name: 'Busy', window: '15m', failure: null }],
  })
  expect(await get(`${first.url}/api/v1/notices?kind=alert_firing`)).toMatchObject({
    notices: [{ alert: { rule: 'Busy', value: 3 } }],
  })
  const page = await (await fetch(`${first.url}/metrics`)).text()
  expect(page).toMatch(/^tokmeter_alert_alerts\{.*state="firing".*\} 1$/m)
  expect(page).toMatch(/^tokmeter_alert_notifications_total\{.*channel="hook",outcome="delivered".*\} 1$/m)
  await look(first, config)
  await stop(first)

  const second = await collector(config)
  const alertsOf = async () =>
    (await get(`${second.url}/api/v1/alerts`)) as { alerts: { state: string }[]; evaluated_to: string | null }
  await until(async () => {
    await look(second, config)
    return (await alertsOf()).evaluated_to === null ? undefined : true
  })
  expect(await alertsOf()).toMatchObject({ alerts: [shown] })
  expect(bodies).toHaveLength(1)
  const without = { ...config, alerts: { ...config.alerts, rules: [] } }
  await look(second, without)
  await until(async () => (bodies.length > 1 ? true : undefined))
  expect(bodies[1]).toMatchObject({ status: 'resolved', rule: 'Busy' })
  expect(await alertsOf()).toMatchObject({ alerts: [{ ...shown, state: 'resolved' }] })
})

test('rules in code are evaluated, asked what they ask, and bounded in what they may answer', async () => {
  const directory = newDirectory()
  writeFileSync(
    join(directory, 'tokmeter.config.mjs'),
    `export const alertRules = [{
      name: 'Dear', kind: 'custom', severity: 'critical',
      async evaluate(asker) {
        const { rows } = await asker.rows({
          range: { start: asker.now - 3_600_000, end: asker.now }, measures: [{ field: 'operations', aggregation: 'count' }],
          groupBy: ['model'], filters: [], having: [], limit: 10, offset: 0,
        })
        return rows.map(({ model, count_operations }) => ({ isBreached: count_operations > 0, value: count_operations, threshold: 0, labels: { model } }))
      },
    }, { name: 'Wrong', kind: 'custom', evaluate: () => 'yes' }]`,
  )
  const config = configOf(directory, { 'alerts.delay': '0s' })
  const made = await collector(config)
  await post(`${made.url}/api/v1/analytics/events`, [event('a')])
  await until(async () => ((await ledgerOf(made)).stored === 1 ? true : undefined))
  await look(made, config)
  const { alerts } = await until(async () => {
    const answer = (await get(`${made.url}/api/v1/alerts`)) as { alerts: object[] }
    return answer.alerts.length > 0 ? answer : undefined
  })
  expect(alerts).toMatchObject([{ rule: 'Dear', severity: 'critical', value: 1, labels: { model: 'gpt-4o' } }])
  const { rules } = (await get(`${made.url}/api/v1/alerts/rules`)) as {
    rules: { name: string; failure: string | null }[]
  }
  expect(rules.map(({ name, failure }) => [name, failure?.slice(0, 20) ?? null])).toEqual([
    ['Dear', null],
    ['Wrong', 'evaluate must answer'],
  ])
})

test('every mistake of rules and channels is named with its line', () => {
  const directory = newDirectory()
  const file = join(directory, 'tokmeter.yaml')
  const f = (yaml: string, mistakes: string[]) => {
    writeFileSync(file, yaml)
    let message = ''
    try {
      loadConfig({ file, environment: {}, directory })
    } catch (error) {
      message = (error as Error).message
    }
    expect(message.split('\n').filter((line) => line !== '')).toEqual(mistakes.map((mistake) => `${file}:${mistake}`))
  }
  f('alerts: { rules: [{ name: a, kind: error_rate, threshold: 0.1, window: 5m }] }', [])
  f(
    [
      'alerts:',
      '  rules:',
      '    - { name: a, kind: error_rate, window: 90s, threshold: 0.1 }',
      '    - { name: a, kind: threshold, field: nothing, aggregation: p95, threshold: 1, window: 5m }',
      '    - name: b',
      '      kind: threshold',
      '      groupBy: [colour]',
      '      field: duration_ms',
      '      aggregation: uniq',
      '      threshold: 1',
      '      window: 5m',
      '      budget: chat',
      '    - { name: c, kind: burn_rate }',
      '    - { name: d, kind: absence, window: 1h, lookback: 30m, labels: { "a-b": c } }',
      '    - { name: e, kind: thresold }',
      '  channels:',
      '    - { name: a, kind: webhook }',
    ].join('\n'),
    [
      '3:44: alerts.rules[0].window must be whole minutes: rules look at what is summed up by the minute',
      '4:15: alerts.rules[1] has the name of alerts.rules[0]',
      `4:42: alerts.rules[1].field names nothing that is measured: "nothing"; there are ${FIELD_NAMES.join(', ')}`,
      `7:16: alerts.rules[2].groupBy names no dimension: "colour"; there are ${DIMENSION_NAMES.join(', ')} and tag:<key>`,
      '12:15: alerts.rules[2].budget does not belong to a rule of kind threshold, which has field, aggregation, threshold, window, operator, clear, minOperations',
      '13:7: alerts.rules[3].objective or budget: a rule of kind burn_rate needs one of them, and not both',
      '14:55: alerts.rules[4].lookback must be longer than window: it is where the groups are known from',
      '14:70: alerts.rules[4].labels.a-b cannot be the name of a label: letters, digits and "_"',
      '15:24: alerts.rules[5].kind must be one of threshold, error_rate, budget, burn_rate, anomaly, absence; got "thresold"; did you mean threshold?',
      '17:7: alerts.channels[0].url is missing: a channel of kind webhook needs it',
    ],
  )
})
