/** The Alerts page while something fires, waits to fire and is over, and while budgets are partly used and exceeded. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Collector } from '../../src/collector/collector.js'
import type { Config } from '../../src/collector/config.js'
import { collector, configOf, event, newDirectory, stopAll } from '../collector/running.js'
import { cells, closeBrowser, open, section, settled } from './browsing.js'
import { store } from './known.js'

const RULES = [
  { name: 'Busy', kind: 'threshold', field: 'operations', aggregation: 'count', severity: 'critical' },
  // Has to be so for longer than this test takes.
  { name: 'BusyForLong', kind: 'threshold', field: 'operations', aggregation: 'count', for: '1h' },
  { name: 'BusyOnce', kind: 'threshold', field: 'operations', aggregation: 'count', severity: 'info' },
].map((rule) => ({
  threshold: 2,
  window: '15m',
  groupBy: ['model'],
  summary: '{{model}} was called {{value}} times',
  ...rule,
}))
const BUDGETS = [
  { name: 'partly', limitUsd: 200, period: 'month', filters: { model: 'alpha' } },
  { name: 'exceeded', limitUsd: 50, period: 'month', filters: { model: 'beta' } },
  { name: 'services', limitUsd: 100, period: 'month', per: 'service' },
]

let running: Collector
let config: Config
beforeAll(async () => {
  config = configOf(newDirectory(), {
    'alerts.delay': '0s',
    'alerts.rules': JSON.stringify(RULES),
    budgets: JSON.stringify(BUDGETS),
  })
  running = await collector(config)
  const before = { timestamp_ms: Date.now() - 180_000 }
  await store(running, [
    ...[1, 2, 3].map((number) => ({ ...event(`alpha-${number}`, 'alpha'), ...before, cost_micros: 30_000_000 })),
    ...[1, 2].map((number) => ({
      ...event(`beta-${number}`, 'beta'),
      ...before,
      service: 'bot',
      cost_micros: 30_000_000,
    })),
    { ...event('unpriced', 'beta'), ...before, service: 'chat', model: 'beta-unpriced' },
  ])
  await look(config)
  // What it was told of is over when its rule is gone.
  await look({
    ...config,
    alerts: { ...config.alerts, rules: config.alerts.rules.filter(({ name }) => name !== 'BusyOnce') },
  })
})
afterAll(async () => {
  await closeBrowser()
  await stopAll()
})

/** Has the rules looked at, as they are every 15 s: reading the configuration anew does; until it was done. */
async function look(config: Config): Promise<void> {
  const names = config.alerts.rules.map(({ name }) => name).sort()
  const states = async () => {
    const { alerts } = (await (await fetch(`${running.url}/api/v1/alerts`)).json()) as {
      alerts: { rule: string; state: string }[]
    }
    return alerts.filter(({ state }) => state !== 'resolved').map(({ rule }) => rule)
  }
  await running.reload({ live: [], restart: [], config })
  while (String((await states()).sort()) !== String(names)) await sleep(50)
}

test('what fires stands first, then what waits to fire, then what is over, each with its numbers', async () => {
  const { page } = await open(running.url, '#/alerts?last=1h')
  await settled(page)
  const rows = (await cells(page, 'Alerts')).map((row) => row.filter((_, column) => column !== 5))
  const told = ['model alpha', '3', '2', 'alpha was called 3 times']
  expect(rows).toEqual([
    ['firing', 'Busy critical', ...told],
    ['pending', 'BusyForLong warning', ...told],
    ['resolved', 'BusyOnce info', ...told],
  ])
  expect(await section(page, 'Alerts').innerText()).toContain('evaluated up to')
  expect(await cells(page, 'Rules')).toEqual([
    ['Busy', 'threshold', 'at once', 'critical'],
    ['BusyForLong', 'threshold', '1h', 'warning'],
  ])
})

test('the history tells what fired and was resolved, not what only waited', async () => {
  const { page } = await open(running.url, '#/alerts?last=1h')
  await settled(page)
  const alerts = (await cells(page, 'History')).filter(([, what]) => what?.startsWith('alert'))
  expect(alerts.map(([, what, details]) => [what, details]).sort()).toEqual([
    ['alert fires', 'alpha was called 3 times'],
    ['alert fires', 'alpha was called 3 times'],
    ['alert resolved', 'alpha was called 3 times'],
  ])
})

test('budgets tell what is spent of each, the most used first, and of which share of the calls the cost is known', async () => {
  const { page } = await open(running.url, '#/alerts?last=1h')
  await settled(page)
  const rows = (await cells(page, 'Budgets')).map(([name, used, spent, limit, , , gone, risk]) => [
    name,
    used,
    spent,
    limit,
    gone === 'gone' ? gone : '',
    risk,
  ])
  expect(rows).toEqual([
    ['exceeded per month', '120.0%', '$60.00', '$50.00', 'gone', 'exhausted'],
    ['services bot per month', '60.0%', '$60.00', '$100.00', '', 'medium'],
    ['partly per month', '45.0%', '$90.00', '$200.00', '', 'low'],
    ['services chat per month 0% priced', '–', '–', '$100.00', '', 'unknown'],
  ])
  const widths = await section(page, 'Budgets')
    .locator('.used .bar > span')
    .evaluateAll((bars) => bars.map((bar) => (bar as unknown as { style: { width: string } }).style.width))
  expect(widths).toEqual(['100%', '60%', '45%', '0%'])
})
