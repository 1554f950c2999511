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
  const asked = await run('alerts', 'test', ...range, '--url', made.url)
  expect([asked.code, asked.errors]).toEqual([1, ''])
  expect(JSON.parse(asked.output)).toMatchObject({
    looks: 30,
    step_seconds: 60,
    alerts: [busy],
    failures: [
      {
        rule: 'Spent',
        looks: 30,
        message: 'what a budget had spent is not replayed over a running collector: use --stored',
      },
    ],
  })
  await stop(made)
  const stored = await run('alerts', 'test', ...range, '--stored')
  expect([stored.code, stored.errors]).toEqual([0, ''])
  const { alerts, failures } = JSON.parse(stored.output) as { alerts: { rule: string }[]; failures: unknown[] }
  expect(alerts.filter(({ rule }) => rule === 'Busy')).toEqual([busy])
  expect(alerts.filter(({ rule }) => rule === 'Spent')).toMatchObject([{ value: 0.6, resolved_at: null }])
  expect(failures).toEqual([])
  expect((await run('alerts', 'test', ...range, '--stored', '--format', 'table')).output).toContain('Busy')
  expect((await run('rules', '--config', file, '--naming', 'otlp')).output).toContain(
    'gen_ai_client_inference_duration_seconds_count',
  )
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
