/** The first run, and what comes while somebody looks. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Collector } from '../../src/collector/collector.js'
import { collector, configOf, event, newDirectory, stopAll } from '../collector/running.js'
import { cells, closeBrowser, figure, open, section, settled } from './browsing.js'
import { store } from './known.js'

let running: Collector
beforeAll(async () => {
  running = await collector(configOf(newDirectory()))
})
afterAll(async () => {
  await closeBrowser()
  await stopAll()
})

test('an empty collector says what leads to it, by its own address, and becomes the dashboard with the first operation', async () => {
  const { page } = await open(running.url)
  await expect.poll(() => page.locator('h1').innerText()).toBe('Waiting for the first operation')
  const way = (title: string) => section(page, title).locator('code').innerText()
  expect(await way('A Node application')).toBe(
    `npm install tokmeter\nexport OTEL_EXPORTER_OTLP_ENDPOINT=${running.url}\nnode --import tokmeter/register app.js`,
  )
  expect(await way('Claude Code')).toContain(`OTEL_EXPORTER_OTLP_ENDPOINT=${running.url}`)
  expect(await way('Codex')).toContain(`endpoint = "${running.url}/v1/logs"`)
  expect(await way('Gemini CLI')).toContain(`GEMINI_TELEMETRY_OTLP_ENDPOINT=${running.url}`)
  expect(await way('An OpenTelemetry Collector')).toContain(`endpoint: ${running.url}`)
  // As whoever copies it would run it.
  const { stdout } = await promisify(execFile)('sh', ['-c', await way('One event, by hand')])
  expect(JSON.parse(stdout)).toMatchObject({ status: 'accepted', accepted: 1 })
  await expect.poll(() => page.locator('h1').innerText()).toBe('Overview')
  await settled(page)
  expect(await figure(page, 'Calls')).toBe('1')
})

test('operations appear as they come, those of the filter alone, and the minute is counted', async () => {
  const { page } = await open(running.url, '#/overview?last=1h&model=gpt-4o-mini')
  await settled(page)
  await expect.poll(() => page.locator('.live-state').innerText()).toBe('live')
  // What is over long ago is no call of this minute, though it comes in it.
  const past = { ...event('past'), timestamp_ms: Date.now() - 2 * 3_600_000 }
  await store(running, [past, event('other'), event('wanted', 'gpt-4o-mini')])
  await expect
    .poll(async () => (await cells(page, 'Latest operations')).map(([, model]) => model))
    .toEqual(['gpt-4o-mini openai'])
  await expect.poll(() => page.locator('.live dd').first().innerText()).toMatch(/^[23]$/)
})

test('a stream that broke is come back to', async () => {
  const { page, complaints } = await open(running.url, '#/overview?last=1h')
  await settled(page)
  await expect.poll(() => page.locator('.live-state').innerText()).toBe('live')
  await page.context().setOffline(true)
  await page.route('**/api/v1/live**', (route) => route.abort())
  await page.reload().catch(() => {})
  await page.context().setOffline(false)
  await page.goto(`${running.url}/#/overview?last=1h`)
  await page.reload()
  await settled(page)
  expect(await page.locator('.live-state').innerText()).toBe('reconnecting')
  await page.unroute('**/api/v1/live**')
  await expect.poll(() => page.locator('.live-state').innerText()).toBe('live')
  complaints.length = 0
})
