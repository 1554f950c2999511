/** The dashboard as it is used: filtered, zoomed, exported, by keyboard, in the dark, on a phone. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Collector } from '../../src/collector/collector.js'
import { stopAll } from '../collector/running.js'
import { cells, closeBrowser, figure, open, section, settled } from './browsing.js'
import { known, moment } from './known.js'

let running: Collector
beforeAll(async () => {
  running = await known()
})
afterAll(async () => {
  await closeBrowser()
  await stopAll()
})

async function at(hash: string, options = {}) {
  const { page } = await open(running.url, hash, options)
  await settled(page)
  return page
}

test('filters stand in the address, hold on every page, and go with a link', async () => {
  const page = await at('#/overview?last=24h')
  await section(page, 'Spend over time').getByRole('button', { name: /^beta/ }).click()
  await expect.poll(() => figure(page, 'Calls')).toBe('4')
  expect(page.url()).toContain('#/overview?last=24h&model=beta')
  await page.getByRole('link', { name: 'Errors' }).first().click()
  await settled(page)
  expect(page.url()).toContain('#/errors?last=24h&model=beta')
  expect(await figure(page, 'Error rate')).toBe('25.0%')
  const other = await at(page.url().slice(running.url.length + 1))
  expect(await figure(other, 'Error rate')).toBe('25.0%')
  await page.getByRole('button', { name: 'Remove the filter Model beta' }).click()
  await expect.poll(() => figure(page, 'Error rate')).toBe('9.1%')
  await page.goBack()
  await expect.poll(() => figure(page, 'Error rate')).toBe('25.0%')
})

test('a filter is added from the values there are', async () => {
  const page = await at('#/overview?last=24h')
  await page.getByRole('button', { name: 'Filter', exact: true }).click()
  await page.getByLabel('Filter by').selectOption('service')
  await page.getByLabel('Search values').fill('CHA')
  await page.locator('.values-list button').click()
  await expect.poll(() => figure(page, 'Calls')).toBe('7')
  expect(page.url()).toContain('service=chat')
})

test('dragging over a chart zooms all pages into that time', async () => {
  const page = await at('#/overview?last=24h')
  const over = section(page, 'Calls and failures').locator('.u-over')
  await over.scrollIntoViewIfNeeded()
  const box = (await over.boundingBox())!
  const middle = box.y + box.height / 2
  await page.mouse.move(box.x + box.width * 0.5, middle)
  await page.mouse.down()
  await page.mouse.move(box.x + box.width * 0.75, middle, { steps: 5 })
  await page.mouse.up()
  await expect.poll(() => page.url()).toContain('from=')
  const { from, to } = Object.fromEntries(new URLSearchParams(page.url().split('?')[1]))
  const length = (Date.parse(to!) - Date.parse(from!)) / 3_600_000
  expect(length).toBeGreaterThanOrEqual(6)
  expect(length).toBeLessThan(7)
  await settled(page)
  // What was zoomed into ended six hours ago, and the calls are of two hours ago.
  expect(await figure(page, 'Calls')).toBe('0')
})

test('a range is chosen by its moments', async () => {
  const page = await at('#/overview?last=24h')
  await page.getByRole('button', { name: 'Custom range' }).click()
  const local = (time: number) => new Date(time).toISOString().slice(0, 16)
  await page.getByLabel('From').fill(local(moment + 3_600_000))
  await page.getByLabel('To', { exact: true }).fill(local(moment - 3_600_000))
  await page.getByRole('button', { name: 'Apply' }).click()
  expect(page.url()).toContain('last=24h')
  await page.getByLabel('From').fill(local(moment - 60_000))
  await page.getByLabel('To', { exact: true }).fill(local(moment + 3_600_000))
  await page.getByRole('button', { name: 'Apply' }).click()
  await expect.poll(() => page.url()).toContain('from=')
  await expect.poll(() => figure(page, 'Calls')).toBe('11')
})

test('every panel exports what it shows, and tells how to ask for it', async () => {
  const saved = async (page: Awaited<ReturnType<typeof at>>, title: string) => {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: `Export ${title} as CSV` }).click(),
    ])
    return { name: download.suggestedFilename(), text: readFileSync(await download.path(), 'utf8') }
  }
  const cost = await at('#/cost?last=24h')
  const { name, text } = await saved(cost, 'Spend by model')
  expect(name).toBe('spend-by-model.csv')
  expect(text.split('\r\n')).toEqual([
    'model,cost,calls,each,tokens',
    'beta,0.15,4,0.049999999999999996,6600',
    'alpha,0.06,6,0.01,6600',
    'gamma-unpriced,,1,,550',
    '',
  ])
  const pages = ['overview', 'cost', 'performance', 'errors', 'models', 'operations', 'alerts', 'system']
  for (const one of pages) {
    const page = await at(`#/${one}?last=24h`)
    const titles = await page.locator('section.panel').evaluateAll((all) => all.map((panel) => panel.ariaLabel))
    expect(titles.length).toBeGreaterThan(0)
    for (const title of titles as string[]) {
      expect([one, title, (await saved(page, title)).text.split('\r\n').length > 1]).toEqual([one, title, true])
      await page.getByRole('button', { name: `Show the query of ${title}` }).click()
      expect(await page.getByRole('dialog').locator('code').last().innerText()).toMatch(/^curl -s 'http:\/\/127/)
      await page.keyboard.press('Escape')
    }
  }
})

test('the query of a panel, asked in a shell, gives its numbers', async () => {
  const page = await at('#/overview?last=24h')
  await page.getByRole('button', { name: 'Show the query of Spend by service' }).click()
  const command = await page.getByRole('dialog').locator('code').last().innerText()
  // The collector that is asked runs in this process: it must not be waited for.
  const { stdout } = await promisify(execFile)('sh', ['-c', command])
  const answer = JSON.parse(stdout)
  expect(answer.rows.map(({ service, cost }: { service: string; cost: number }) => [service, cost])).toEqual([
    ['bot', 0.15],
    ['chat', 0.06],
  ])
})

test('all of it is used by keyboard: pages, filters, and the values of a chart', async () => {
  const page = await at('#/overview?last=24h')
  await page.keyboard.press('Tab')
  expect(await page.locator(':focus').innerText()).toBe('Skip to the numbers')
  await page.keyboard.press('Enter')
  expect(await page.locator('main:focus').count()).toBe(1)
  const plot = section(page, 'Spend over time').locator('.plot')
  await plot.focus()
  await page.keyboard.press('End')
  const spoken = section(page, 'Spend over time').locator('[aria-live]')
  expect(await spoken.innerText()).toMatch(/: beta \$0\.00, alpha \$0\.00/)
  for (let step = 0; step < 12; step++) {
    if ((await spoken.innerText()).includes('beta $0.150')) break
    await page.keyboard.press('ArrowLeft')
  }
  expect(await spoken.innerText()).toMatch(/beta \$0\.150, alpha \$0\.060, gamma-unpriced –$/)
  expect(await section(page, 'Spend over time').locator('.tooltip').isVisible()).toBe(true)
  await page.getByRole('link', { name: 'Cost', exact: true }).focus()
  await page.keyboard.press('Enter')
  await expect.poll(() => page.locator('h1').innerText()).toBe('Cost')
})

test('light and dark follow the system, and what was chosen stays', async () => {
  const page = await at('#/overview?last=24h', { colorScheme: 'dark' })
  const theme = () => page.locator('html').getAttribute('data-theme')
  expect(await theme()).toBe('dark')
  await page.getByRole('button', { name: 'Use the light theme' }).click()
  expect(await theme()).toBe('light')
  await page.reload()
  await settled(page)
  expect(await theme()).toBe('light')
})

test('on a phone nothing is wider than the screen', async () => {
  for (const one of ['overview', 'cost', 'performance', 'errors', 'models', 'operations', 'alerts', 'system']) {
    const page = await at(`#/${one}?last=24h`, { viewport: { width: 375, height: 740 } })
    const width = await page.locator('body').evaluate((body) => body.scrollWidth)
    expect([one, width <= 375]).toEqual([one, true])
  }
})

test('who turns a page every second, as pages refresh, asks a small part of what one may ask in a minute', async () => {
  const page = await at('#/overview?last=15m')
  let [asked, refused, limit] = [0, 0, 0]
  page.on('response', (response) => {
    const most = response.headers()['x-ratelimit-limit']
    if (most === undefined) return
    asked++
    limit = Number(most)
    if (response.status() === 429) refused++
  })
  const byPage: number[] = []
  for (const one of ['cost', 'performance', 'errors', 'models', 'operations', 'alerts', 'system', 'overview']) {
    asked = 0
    await page.goto(`${running.url}/#/${one}?last=15m`)
    await settled(page)
    byPage.push(asked)
  }
  expect(Math.min(...byPage)).toBeGreaterThan(0)
  // Each second another page, and each of them six times anew: three people behind one address may do so.
  const inAMinute = (60 / byPage.length + 6) * byPage.reduce((sum, one) => sum + one)
  expect(3 * inAMinute).toBeLessThan(limit)
  expect(refused).toBe(0)
})

test('a collector that stops is told, and when it is back the page goes on', async () => {
  const { page, complaints } = await open(running.url, '#/overview?last=1h')
  await settled(page)
  await page.route('**/api/**', (route) => route.abort())
  await page.getByRole('button', { name: '24h', exact: true }).click()
  await expect.poll(() => page.getByRole('alert').first().innerText()).toContain('The collector cannot be reached.')
  await page.unroute('**/api/**')
  await page.getByRole('button', { name: '6h', exact: true }).click()
  await expect.poll(() => figure(page, 'Calls')).toBe('11')
  await settled(page)
  expect(await cells(page, 'Spend by service')).toHaveLength(2)
  // What the browser says of requests that failed.
  expect(complaints.every((text) => text.includes('ERR_FAILED'))).toBe(true)
  complaints.length = 0
})
