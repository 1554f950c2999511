/** Every page, against operations of which every number is known. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Collector } from '../../src/collector/collector.js'
import { stopAll } from '../collector/running.js'
import { cells, closeBrowser, figure, open, section, settled } from './browsing.js'
import { known } from './known.js'

let running: Collector
beforeAll(async () => {
  running = await known({ 'dashboard.traceUrl': 'https://traces.example.com/trace/{traceId}?span={spanId}' })
})
afterAll(async () => {
  await closeBrowser()
  await stopAll()
})

async function at(hash: string) {
  const { page } = await open(running.url, hash)
  await settled(page)
  return page
}

test('the overview tells what was spent, how it went, and how that was before', async () => {
  const page = await at('#/overview?last=24h')
  expect(await figure(page, 'Spend')).toBe('$0.210')
  expect(await figure(page, 'Calls')).toBe('11')
  expect(await figure(page, 'Tokens')).toBe('13.8k')
  expect(await figure(page, 'Error rate')).toBe('9.1%')
  // The value of nearest rank, told from the middle of its bucket.
  expect(await figure(page, 'Latency p95')).toBe('2.00 s')
  expect(await figure(page, 'Time to first chunk p95')).toBe('202 ms')
  // The mean of those whose cost is known.
  expect(await figure(page, 'Cost per 1,000 calls')).toBe('$23.33')
  expect(await figure(page, 'Coverage')).toBe('81.8%')
  expect(await section(page, 'Spend').locator('.delta').innerText()).toMatch(/×10\.5/)
  expect(await section(page, 'Spend').locator('.coverage').innerText()).toBe('81.8% priced')
  expect(await section(page, 'Tokens').locator('.coverage').innerText()).toBe('90.9% with usage')
  expect(await section(page, 'Spend over time').locator('.legend-item').allInnerTexts()).toEqual([
    'beta\n$0.150',
    'alpha\n$0.060',
    'gamma-unpriced\n–',
  ])
  expect(await cells(page, 'Spend by service')).toEqual([
    ['bot', '$0.150', '71.4%'],
    ['chat', '$0.060', '28.6%'],
  ])
  const latest = await cells(page, 'Latest operations')
  expect(latest).toHaveLength(11)
  expect(latest.filter(([, model]) => model?.startsWith('gamma-unpriced'))[0]?.slice(1)).toEqual([
    'gamma-unpriced acme',
    'chat',
    'chat',
    '500',
    '50',
    '–',
    '–',
    '1.00 s',
    'ok',
  ])
})

test('the cost page shares out what was spent, by whatever is chosen', async () => {
  const page = await at('#/cost?last=24h')
  // The mean of those whose cost is known.
  expect(await figure(page, 'Cost per call')).toBe('$0.023')
  expect(await figure(page, 'Cost per user')).toBe('$0.150')
  expect(await cells(page, 'Spend by model')).toEqual([
    ['beta', '$0.150', '71.4%', '4', '$0.050', '6,600'],
    ['alpha', '$0.060', '28.6%', '6', '$0.010', '6,600'],
    ['gamma-unpriced', '–', '–', '1', '–', '550'],
  ])
  expect(await section(page, 'Tokens by type').locator('.legend-item').allInnerTexts()).toEqual([
    'input\n8,000',
    'input from cache\n4,500',
    'output\n1,100',
    'reasoning\n150',
  ])
  expect((await cells(page, 'Prompt caches'))[0]).toEqual(['beta', '75.0%', '6,000', '–', '$22.73'])
  await page.getByRole('button', { name: 'Provider', exact: true }).click()
  await settled(page)
  expect(page.url()).toContain('view=provider')
  expect((await cells(page, 'Spend by provider')).map(([name, cost]) => [name, cost])).toEqual([
    ['anthropic', '$0.150'],
    ['openai', '$0.060'],
    ['acme', '–'],
  ])
  expect(await section(page, 'This month').innerText()).toContain('Spent so far')
  expect(await section(page, 'Budgets').innerText()).toContain('There are no budgets.')
})

test('the performance page tells latencies as a whole, as they are distributed, and by model', async () => {
  const page = await at('#/performance?last=24h')
  expect(await figure(page, 'Latency p50')).toBe('1.00 s')
  expect(await section(page, 'How long calls took').locator('canvas').getAttribute('aria-label')).toContain('11 in all')
  expect(await cells(page, 'By model')).toEqual([
    ['alpha', '6', '1.00 s', '1.00 s', '1.00 s', '202 ms', '202 ms', '100 tok/s', '0%'],
    ['beta', '4', '2.00 s', '2.00 s', '2.00 s', '–', '–', '123 tok/s', '25.0%'],
    ['gamma-unpriced', '1', '1.00 s', '1.00 s', '1.00 s', '–', '–', '50 tok/s', '0%'],
  ])
})

test('the errors page tells what failed, of which type, and where', async () => {
  const page = await at('#/errors?last=24h')
  expect(await figure(page, 'Error rate')).toBe('9.1%')
  expect(await figure(page, 'Failed calls')).toBe('1')
  expect(await figure(page, 'Kinds of errors')).toBe('1')
  // Nobody told of any.
  expect(await figure(page, 'Retries')).toBe('–')
  expect(await cells(page, 'Types')).toEqual([['RateLimitError', '1', '100%']])
  expect(await cells(page, 'By provider')).toEqual([['anthropic', '25.0%', '1']])
  expect(await cells(page, 'By model')).toEqual([['beta', '25.0%', '1']])
  const [latest] = await cells(page, 'Latest failures')
  expect(latest?.[1]).toBe('beta anthropic')
  expect(latest?.at(-1)).toBe('RateLimitError Too many requests')
})

test('the models page puts models beside each other, and says what suits which', async () => {
  const page = await at('#/models?last=24h')
  const suits = await section(page, 'What suits which').innerText()
  expect(suits).toMatch(/Fastest\s+alpha/)
  expect(suits).toMatch(/Cheapest\s+alpha\s+\$0\.010 a call/)
  expect((await cells(page, 'Comparison')).map((row) => row.slice(0, 3))).toEqual([
    ['alpha', '6', '100%'],
    ['beta', '4', '75.0%'],
    ['gamma-unpriced', '1', '100%'],
  ])
  // 100 points for success and 75 for three of four, the mean durations of one and two seconds, used today.
  const health = (await cells(page, 'Health')).map((row) => row.slice(0, 3))
  expect(health.map(([name, , success]) => [name, success])).toEqual([
    ['alpha', '100'],
    ['beta', '75'],
    ['gamma-unpriced', '100'],
  ])
  expect(await section(page, 'Price and speed').innerText()).toContain('1 model has no place here')
})

test('the operations page finds single operations, tells all of one, and leads to its trace', async () => {
  const page = await at('#/operations?last=24h')
  expect(await cells(page, 'Operations')).toHaveLength(11)
  await page.getByRole('button', { name: 'Failed', exact: true }).click()
  await settled(page)
  await expect.poll(() => cells(page, 'Operations')).toHaveLength(1)
  await page.getByRole('button', { name: 'Succeeded', exact: true }).click()
  await expect.poll(() => cells(page, 'Operations')).toHaveLength(10)
  await section(page, 'Operations').locator('tr', { hasText: 'beta' }).first().getByRole('button').click()
  const dialog = page.getByRole('dialog')
  const facts = (await dialog.locator('.facts > div').allInnerTexts()).map((text) => text.split(/\n+/))
  expect(facts).toEqual(
    expect.arrayContaining([
      ['Input tokens', '2,000'],
      ['of them from cache', '1,500'],
      ['of them to cache', '–'],
      ['Output tokens', '200'],
      ['of them reasoning', '50'],
      ['Cost', '$0.050'],
      ['Price from', 'provider'],
      ['Agent', 'planner'],
      ['Duration', '2.00 s'],
      ['Time to first chunk', '–'],
    ]),
  )
  expect(await dialog.getByRole('link', { name: 'Look at the trace' }).getAttribute('href')).toBe(
    `https://traces.example.com/trace/${'ab'.repeat(16)}?span=${'cd'.repeat(8)}`,
  )
})

test('the alerts page tells that nothing fires, and what happened', async () => {
  const page = await at('#/alerts?last=24h')
  expect(await section(page, 'Alerts').innerText()).toContain('Nothing fires, nothing is pending.')
  expect(await section(page, 'Rules').innerText()).toContain('There are no rules.')
  expect(await section(page, 'Budgets').innerText()).toContain('There are no budgets.')
})

test('the system page tells the ledger, the store and how many names there are', async () => {
  const page = await at('#/system?last=24h')
  expect(await figure(page, 'Stored')).toBe('13')
  expect(await figure(page, 'Lost after they were accepted')).toBe('0')
  expect(await section(page, 'The ledger').innerText()).toContain('The books balance.')
  const distinct = Object.fromEntries((await cells(page, 'Distinct values')).map(([name, number]) => [name, number]))
  expect(distinct).toMatchObject({
    model: '3',
    provider: '3',
    service: '2',
    agent: '1',
    error_type: '1',
    environment: '1',
  })
  expect(await section(page, 'Forwarding').innerText()).toContain('Nothing is forwarded.')
  // All that is known here ended long before it came.
  const facts = section(page, 'Beyond a limit').locator('.facts')
  await expect.poll(() => facts.innerText()).toMatch(/Came over a minute late in the last hour[^\n]*\s+13\s/)
})

test('a range without anything says so, and what to do', async () => {
  const page = await at('#/overview?last=15m')
  const empty = section(page, 'Spend over time')
  expect(await empty.innerText()).toContain('Nothing in the last 15 minutes.')
  // Nothing was spent; of nothing no rate is known.
  expect(await figure(page, 'Spend')).toBe('$0.00')
  expect(await figure(page, 'Error rate')).toBe('–')
  await empty.getByRole('button', { name: 'Look at the last 30 days' }).click()
  await settled(page)
  await expect.poll(() => figure(page, 'Calls')).toBe('13')
})
