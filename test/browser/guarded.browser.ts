/** What must never happen: text from outside that becomes markup, and numbers for who has no token. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Collector } from '../../src/collector/collector.js'
import { hashToken } from '../../src/collector/security/tokens.js'
import { collector, configOf, event, newDirectory, stopAll } from '../collector/running.js'
import { cells, closeBrowser, figure, open, section, settled } from './browsing.js'
import { store } from './known.js'

const bearer = { authorization: 'Bearer a-token-for-all' }
const HOSTILE = [
  '<img src=x onerror="window.broken=1">',
  '<script>window.broken=2</script>',
  '"><svg onload=window.broken=3>',
  "javascript:window.broken=4//'",
  '=cmd|calc!A1',
  '{{constructor.constructor("window.broken=5")()}}',
  '\u202Egnihton\u0007',
  'a'.repeat(250),
]

let running: Collector
beforeAll(async () => {
  const tokens = [
    { name: 'all', hash: await hashToken('a-token-for-all'), scopes: ['admin'] as const },
    { name: 'reader', hash: await hashToken('a-token-to-read'), scopes: ['read'] as const },
    { name: 'sender', hash: await hashToken('a-token-to-send'), scopes: ['ingest'] as const },
  ]
  running = await collector({
    ...configOf(newDirectory(), { 'dashboard.traceUrl': 'https://traces.example.com/{traceId}' }),
    tokens,
  })
  const failed = { event_type: 'llm_request_failed', input_tokens: undefined, output_tokens: undefined }
  await store(
    running,
    HOSTILE.flatMap((name, index) => [
      {
        ...event(`good-${index}`, name),
        provider: name,
        service: name,
        environment: name,
        agent_id: name,
        user_id: name,
        conversation_id: name,
        finish_reason: name,
        tags: { hostile: name },
      },
      { ...event(`bad-${index}`, name), ...failed, error_code: name, error_message: name },
    ]),
    bearer,
  )
})
afterAll(async () => {
  await closeBrowser()
  await stopAll()
})

async function loggedIn(hash = '', token = 'a-token-to-read') {
  const opened = await open(running.url, hash)
  const { page, complaints } = opened
  await page.getByLabel('Token').fill(token)
  await page.getByRole('button', { name: 'Log in' }).click()
  await settled(page)
  // That it was asked for a token.
  expect(complaints.every((text) => text.includes('401'))).toBe(true)
  complaints.length = 0
  return opened
}

test('where there are tokens, one that may read is asked for, and a cookie that no script sees stands for it', async () => {
  const { page, complaints } = await open(running.url)
  const login = async (token: string) => {
    await page.getByLabel('Token').fill(token)
    await page.getByRole('button', { name: 'Log in' }).click()
  }
  await login('no token at all')
  await expect.poll(() => page.getByRole('alert').innerText()).toBe('This token is not known here.')
  await login('a-token-to-send')
  await expect.poll(() => page.getByRole('alert').innerText()).toContain('may not read')
  await login('a-token-to-read')
  await settled(page)
  expect(await figure(page, 'Calls')).toBe('16')
  const [cookie] = await page.context().cookies()
  expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict' })
  expect(await page.evaluate(() => (globalThis as unknown as { document: { cookie: string } }).document.cookie)).toBe(
    '',
  )
  await page.reload()
  await settled(page)
  expect(await figure(page, 'Calls')).toBe('16')
  await page.getByRole('button', { name: 'Log out' }).click()
  await page.getByLabel('Token').waitFor()
  expect(await page.context().cookies()).toEqual([])
  // The refusals above, which browsers put on the console.
  expect(complaints.every((text) => /40[13]/.test(text))).toBe(true)
  complaints.length = 0
})

test('by the cookie nothing is written, erased or looked at that needs more than reading', async () => {
  const { page, complaints } = await loggedIn('', 'a-token-for-all')
  const statusOf = (method: string, path: string) =>
    page.evaluate(
      async ([how, where]) =>
        (
          await fetch(where!, {
            method: how!,
            ...(how === 'POST' && { body: '{}', headers: { 'content-type': 'application/json' } }),
          })
        ).status,
      [method, path],
    )
  expect(await statusOf('GET', '/api/v1/ledger')).toBe(200)
  expect(await statusOf('POST', '/api/v1/analytics/events')).toBe(401)
  expect(await statusOf('POST', '/v1/traces')).toBe(401)
  expect(await statusOf('DELETE', `/api/v1/identities/${'0'.repeat(32)}`)).toBe(401)
  expect(await statusOf('DELETE', '/api/v1/budgets/any')).toBe(401)
  expect(await statusOf('GET', '/api/v1/config')).toBe(401)
  complaints.length = 0
})

test('names from outside are text, on every page and in every dialog', async () => {
  const { page } = await loggedIn('#/overview?last=1h')
  for (const one of ['overview', 'cost', 'performance', 'errors', 'models', 'operations', 'alerts', 'system']) {
    for (const view of ['', 'provider', 'user_id']) {
      await page.goto(`${running.url}/#/${one}?last=1h&view=${view}`)
      await settled(page)
    }
    const markup = await page.locator('main img, main script, main svg[onload], main iframe').count()
    expect([one, markup, await page.evaluate(() => (globalThis as { broken?: unknown }).broken)]).toEqual([
      one,
      0,
      undefined,
    ])
  }
  await page.goto(`${running.url}/#/cost?last=1h`)
  await settled(page)
  const names = (await cells(page, 'Spend by model')).map(([name]) => name)
  expect(names).toEqual(expect.arrayContaining([HOSTILE[0], HOSTILE[1], HOSTILE[4]]))
  await page.goto(`${running.url}/#/operations?last=1h`)
  await settled(page)
  for (const row of await section(page, 'Operations').locator('tbody tr').all()) {
    await row.getByRole('button').click()
    const dialog = page.getByRole('dialog')
    expect(await dialog.locator('img, script, svg[onload]').count()).toBe(0)
    await page.keyboard.press('Escape')
  }
  await section(page, 'Operations').locator('tr', { hasText: 'onerror' }).first().getByRole('button').click()
  expect(await page.getByRole('dialog').locator('.facts').innerText()).toContain(HOSTILE[0])
  expect(await page.evaluate(() => (globalThis as { broken?: unknown }).broken)).toBe(undefined)
})

test('a hostile name in the address is text as well, and filters by itself', async () => {
  const hostile = HOSTILE[0]!
  const { page } = await loggedIn(`#/overview?last=1h&model=${encodeURIComponent(hostile)}&nonsense=1&last=99999999d`)
  expect(await page.locator('.chip-value').innerText()).toBe(hostile)
  expect(await figure(page, 'Calls')).toBe('2')
  expect(await page.evaluate(() => (globalThis as { broken?: unknown }).broken)).toBe(undefined)
})
