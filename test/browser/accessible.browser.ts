/** Every page, light and dark, judged by axe: WCAG 2.2 A and AA. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Collector } from '../../src/collector/collector.js'
import { collector, configOf, newDirectory, stopAll } from '../collector/running.js'
import { closeBrowser, open, settled } from './browsing.js'
import { known } from './known.js'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

type Axe = { run(context: unknown, options: object): Promise<{ violations: Violation[] }> }
type Violation = {
  readonly id: string
  readonly help: string
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[]
}
type Opened = Awaited<ReturnType<typeof open>>['page']

let running: Collector
let empty: Collector
beforeAll(async () => {
  running = await known({ 'dashboard.traceUrl': 'https://traces.example.com/{traceId}' })
})
afterAll(async () => {
  await closeBrowser()
  await stopAll()
})

async function violations(page: Opened) {
  await page.evaluate(AXE)
  const found = await page.evaluate(async (tags) => {
    const { axe, document } = globalThis as unknown as { axe: Axe; document: unknown }
    return (await axe.run(document, { runOnly: tags })).violations
  }, TAGS)
  return found.map(({ id, help, nodes }) => ({
    id,
    help,
    nodes: nodes.slice(0, 3).map(({ html, failureSummary }) => `${html.slice(0, 200)} ${failureSummary}`),
  }))
}

for (const colorScheme of ['light', 'dark'] as const) {
  test(`every page is accessible, ${colorScheme}`, async () => {
    const { page } = await open(running.url, '', { colorScheme })
    await settled(page)
    for (const one of ['overview', 'cost', 'performance', 'errors', 'models', 'operations', 'alerts', 'system']) {
      for (const query of ['last=24h&model=beta', 'last=24h', 'last=15m']) {
        await page.goto(`${running.url}/#/${one}?${query}`)
        await settled(page)
        expect([one, query, await violations(page)]).toEqual([one, query, []])
      }
    }
  })
}

test('dialogs and lists that open are accessible', async () => {
  const { page } = await open(running.url, '#/operations?last=24h')
  await settled(page)
  await page.locator('tbody button').first().click()
  expect(await violations(page)).toEqual([])
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: /^Show the query/ }).click()
  expect(await violations(page)).toEqual([])
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Filter', exact: true }).click()
  await page.locator('.values-list button').first().waitFor()
  expect(await violations(page)).toEqual([])
})

test('the first run is accessible', async () => {
  await running.stop()
  empty = await collector(configOf(newDirectory()))
  const { page } = await open(empty.url)
  await page.locator('.ways').waitFor()
  expect(await violations(page)).toEqual([])
})
