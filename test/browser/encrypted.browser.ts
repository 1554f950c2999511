/** The dashboard over TLS: the cookie of a session goes over nothing else. */
import { afterAll, expect, test } from 'vitest'
import { hashToken } from '../../src/collector/security/tokens.js'
import { collector, configOf, event, newDirectory, stopAll } from '../collector/running.js'
import { makeCertificates } from '../collector/security/certificates.js'
import { closeBrowser, figure, open, settled } from './browsing.js'

afterAll(async () => {
  await closeBrowser()
  await stopAll()
})

test('who logs in over TLS gets a cookie that browsers send over TLS alone, and sees the numbers by it', async () => {
  const { cert, key } = makeCertificates()
  const tokens = [{ name: 'all', hash: await hashToken('a-token-for-all'), scopes: ['admin'] as const }]
  const options = { 'listen.tls.cert': cert, 'listen.tls.key': key }
  const running = await collector({ ...configOf(newDirectory(), options), tokens })
  expect(running.url).toMatch(/^https:/)
  const { page, complaints } = await open(running.url, '', { ignoreHTTPSErrors: true })
  await page.getByLabel('Token').fill('a-token-for-all')
  await page.getByRole('button', { name: 'Log in' }).click()
  await expect.poll(() => page.locator('h1').innerText()).toBe('Waiting for the first operation')
  const [cookie, ...others] = await page.context().cookies()
  expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict', secure: true, domain: '127.0.0.1' })
  expect(others).toEqual([])
  expect(await page.evaluate(() => (globalThis as unknown as { document: { cookie: string } }).document.cookie)).toBe(
    '',
  )
  const headers = { authorization: 'Bearer a-token-for-all' }
  const sent = await page.request.post(`${running.url}/api/v1/analytics/events`, { headers, data: event('first') })
  expect(sent.status()).toBe(202)
  await expect.poll(() => page.locator('h1').innerText()).toBe('Overview')
  await settled(page)
  expect(await figure(page, 'Calls')).toBe('1')
  await expect.poll(() => page.locator('.live-state').innerText()).toBe('live')
  // That it was asked for a token, before.
  expect(complaints.every((text) => text.includes('401'))).toBe(true)
  complaints.length = 0
})
