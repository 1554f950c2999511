/** `tokmeter alerts test` and `tokmeter rules`, as they are called: over a running collector, and over what it has left. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { createAlerts } from '../../../src/collector/cli/alerts.js'
import { rules } from '../../../src/collector/cli/rules.js'
import { runCommandLine } from '../../../src/collector/cli/run.js'
import { openStore } from '../../../src/collector/store/store.js'
import { collector, configOf, event, ledgerOf, newDirectory, post, stop, stopAll } from '../running.js'

afterEach(stopAll)

async function run(...args: string[]) {
  let output = ''
  let errors = ''
  const terminal = {
    input: process.stdin,
    output: { write: (text: string) => (output += text) },
    errors: { write: (text: string) => (errors += text) },
  }
  const commands = [createAlerts({ openStore: ({ location, options }) => openStore(location, options) }), rules]
  const code = await runCommandLine(args, { commands, version: '0', terminal })
  return { code, output, errors }
}

test('what would have fired is told by a running collector, and by its store when it is stopped, with budgets as they were', async () => {
  const directory = newDirectory()
  const file = join(directory, 'tokmeter.yaml')
  writeFileSync(
    file,
    `data: ${directory}
budgets: [{ name: small, limitUsd: 1, period: month }]
alerts:
  rules:
    - { name: Busy, kind: threshold, field: operations, aggregation: count, threshold: 2, window: 5m, groupBy: [model], summary: "{{model}}: {{value}}" }
    - { name: Spent, kind: budget, budget: small, threshold: 0.5 }
`,
  )
  const made = await collector(configOf(directory))
  const minute = Math.floor(Date.now() / 60_000) - 30
  const at = (minutes: number) => new Date((minute + minutes) * 60_000).toISOString()
  const events = ['a', 'b', 'c'].map((id) => ({
    ...event(id),
    timestamp_ms: minute * 60_000 + 5000,
    cost_micros: 200_000,
  }))
  await post(`${made.url}/api/v1/analytics/events`, events)
  while ((await ledgerOf(made)).stored < 3) await new Promise((resolve) => setTimeout(resolve, 20))
  const range = ['--config', file, '--from', at(-10), '--to', at(20)]

  const busy = {
    rule: 'Busy',
    severity: 'warning',
    labels: { model: 'gpt-4o' },
    value: 3,
    summary: 'gpt-4o: 3',
    // The minute of the calls is in the windows that end one to five minutes after it began.
    fired_at: at(1),
    resolved_at: at(6),
  }
  // Not what is spent later in the month: only what was spent by then.
  const spent = { rule: 'Spent', labels: {}, value: 0.6, fired_at: at(1), resolved_at: null }
  const asked = await run('alerts', 'test', ...range, '--url', made.url)
  expect([asked.code, asked.errors]).toEqual([0, ''])
  expect(JSON.parse(asked.output)).toMatchObject({ looks: 30, step_seconds: 60, alerts: [busy, spent], failures: [] })
  await stop(made)
  const stored = await run('alerts', 'test', ...range, '--stored')
  expect([stored.code, stored.errors, stored.output]).toEqual([0, '', asked.output])
  expect((await run('alerts', 'test', ...range, '--stored', '--format', 'table')).output).toContain('Busy')
  expect((await run('rules', '--config', file, '--naming', 'otlp')).output).toContain(
    'gen_ai_client_inference_duration_seconds_count',
  )
})

test('rules of every kind, budgets and what is unusual included, are replayed over a collector as over its store', async () => {
  const directory = newDirectory()
  const file = join(directory, 'tokmeter.yaml')
  writeFileSync(
    file,
    `data: ${directory}
budgets:
  - { name: hourly, limitUsd: 0.5, period: hour, per: service }
alerts:
  rules:
    - { name: Slow, kind: threshold, field: duration_ms, aggregation: p95, threshold: 1500, window: 10m, groupBy: [model] }
    - { name: Failing, kind: error_rate, threshold: 0.2, window: 15m, minOperations: 3 }
    - { name: Gone, kind: absence, window: 1h, lookback: 6h, groupBy: [service] }
    - { name: Burning, kind: burn_rate, objective: 0.99 }
    - { name: Fast, kind: burn_rate, budget: hourly, windows: [{ long: 30m, short: 5m, factor: 1 }] }
    - { name: Spent, kind: budget, budget: hourly, threshold: 0.5 }
    - { name: Made, kind: budget, budget: made, threshold: 0.1 }
    - { name: Odd, kind: anomaly, groupBy: [model], least: info }
    - { name: Somebody, kind: threshold, field: user_id, aggregation: uniq, threshold: 1, window: 30m }
`,
  )
  const made = await collector(configOf(directory))
  // Eight hours ago, at the full hour.
  const start = (Math.floor(Date.now() / 3_600_000) - 8) * 3_600_000
  const events = Array.from({ length: 120 }, (_, index) => ({
    ...event(`e-${index}`, index % 3 === 0 ? 'gpt-4o-mini' : 'gpt-4o'),
    timestamp_ms: start + index * 90_000 + 20_000,
    duration_ms: 500 + 20 * (index % 100),
    service: index % 2 === 0 ? 'api' : 'batch',
    user_id: `user-${index % 5}`,
    cost_micros: 1000 * (index % 40),
    ...(index % 60 > 45 && { event_type: 'llm_request_failed', error_code: '503' }),
  }))
  expect((await post(`${made.url}/api/v1/analytics/events`, events)).status).toBe(202)
  const put = await fetch(`${made.url}/api/v1/budgets/made`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ limit_usd: 2, period: 'day', filters: { model: 'gpt-4o' } }),
  })
  expect(put.status).toBe(200)
  while ((await ledgerOf(made)).stored < events.length) await new Promise((resolve) => setTimeout(resolve, 20))
  const to = new Date(start + 7 * 3_600_000).toISOString()
  const range = ['--config', file, '--from', new Date(start - 90_000).toISOString(), '--to', to, '--step', '5m']
  const asked = await run('alerts', 'test', ...range, '--url', made.url)
  await stop(made)
  const stored = await run('alerts', 'test', ...range, '--stored')
  expect([stored.code, stored.errors, stored.output]).toEqual([0, '', asked.output])
  const { alerts, failures, window } = JSON.parse(asked.output) as {
    alerts: { rule: string; fired_at: string }[]
    failures: unknown[]
    window: unknown
  }
  expect(failures).toEqual([])
  // From the first multiple of the step on.
  expect(window).toEqual({ start_time: new Date(start).toISOString(), end_time: to })
  const fired = ['Slow', 'Failing', 'Gone', 'Burning', 'Fast', 'Spent', 'Made', 'Odd', 'Somebody']
  expect([...new Set(alerts.map(({ rule }) => rule))].sort()).toEqual(fired.sort())
  // No hour is known to be unusual before it is over.
  for (const { rule, fired_at } of alerts) if (rule === 'Odd') expect(fired_at).toMatch(/T\d\d:00:00/)
})

test('wrong use is told', async () => {
  const f = async (args: string[], message: string) => {
    const { code, errors } = await run(...args)
    expect([code, errors.split('\n')[0]]).toEqual([2, `tokmeter: ${message}`])
  }
  await f(['alerts'], 'say what is to be done: tokmeter alerts test')
  await f(['alerts', 'test', '--step', '90s'], '--step must be whole minutes from 1m to 5m; got 90s')
  await f(
    ['alerts', 'test', '--last', '365d', '--step', '1m'],
    'this makes more than 20000 looks: replay a shorter range',
  )
  await f(['alerts', 'test', '--format', 'csv'], '--format must be table or json; got csv')
  await f(['rules', '--naming', 'x'], '--naming must be page or otlp; got x')
})
