/** The dashboard's files as they are served: whole, compressed, kept for as long as they may be, and let to do nothing they need not. */
import { readFileSync } from 'node:fs'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { fastify } from 'fastify'
import { beforeAll, expect, test } from 'vitest'
import { requireTokens } from '../../../src/collector/security/access.js'
import { Tokens } from '../../../src/collector/security/tokens.js'
import { readBuiltFiles } from '../../../src/collector/show/built-files.js'
import { createPages } from '../../../src/collector/show/pages.js'
import type { DashboardSettings } from '../../../src/collector/show/settings.js'
import type { SystemState } from '../../../src/collector/show/system-state.js'

/** Bytes a browser loads in all, compressed as they are sent. */
const MOST_BYTES = 150_000

const files = readBuiltFiles()
// What they tell is of a whole collector, and looked at there.
const settings = () => ({}) as DashboardSettings
const system = () => ({}) as SystemState
const app = fastify()
const get = (url: string, headers: { readonly [name: string]: string } = {}) => app.inject({ url, headers })

beforeAll(() => {
  const hash = `sha256:${'0'.repeat(64)}`
  const tokens = new Tokens([{ name: 'somebody', hash, scopes: ['admin'] }])
  requireTokens(app, () => tokens)
  app.register(createPages({ settings, system }))
})

test('the whole dashboard is at most 150 kB, compressed as it is sent', () => {
  const loaded = files.filter(({ name }) => !name.endsWith('.txt'))
  expect(loaded.map(({ name }) => name.replace(/-[\w-]{8}\./, '.')).sort()).toEqual(
    expect.arrayContaining(['assets/index.css', 'assets/index.js', 'index.html']),
  )
  const bytes = loaded.reduce((sum, { bodies }) => sum + (bodies.gzip ?? bodies.identity)!.length, 0)
  expect(bytes).toBeLessThanOrEqual(MOST_BYTES)
})

test('the page is served without a token, by a policy that allows nothing inline and nothing from elsewhere', async () => {
  const page = await get('/')
  expect(page.statusCode).toBe(200)
  expect(page.headers['content-type']).toBe('text/html; charset=utf-8')
  expect(page.headers['cache-control']).toBe('no-cache')
  expect(page.headers['content-security-policy']).toBe(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; " +
      "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
  )
  expect(page.headers['x-content-type-options']).toBe('nosniff')
  expect(page.body).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|https?:\/\//)
})

test('every file that the page names is there, under a name of its content, and may be kept for ever', async () => {
  const { body } = await get('/')
  const named = [...body.matchAll(/(?:src|href)="\.(\/assets\/[^"]+)"/g)].map(([, path]) => path!)
  expect(named.length).toBeGreaterThan(2)
  for (const path of named) {
    const answer = await get(path)
    expect([path, answer.statusCode]).toEqual([path, 200])
    expect(answer.headers['cache-control']).toBe('public, max-age=31536000, immutable')
  }
})

test('a file is sent in the smallest encoding that is accepted, and is the same in each', async () => {
  const { name, bodies } = files.find((file) => file.name.endsWith('.js'))!
  const f = async (accepted: string, encoding: string | undefined) => {
    const answer = await get(`/${name}`, { 'accept-encoding': accepted })
    expect([accepted, answer.headers['content-encoding']]).toEqual([accepted, encoding])
    expect(answer.headers['vary']).toBe('accept-encoding')
    const raw = answer.rawPayload
    const plain = encoding === 'br' ? brotliDecompressSync(raw) : encoding === 'gzip' ? gunzipSync(raw) : raw
    expect(plain.equals(bodies.identity!)).toBe(true)
    return raw.length
  }
  const br = await f('gzip, deflate, br', 'br')
  const gzip = await f('gzip', 'gzip')
  const identity = await f('identity', undefined)
  await f('br;q=0, gzip;q=0.5', 'gzip')
  await f('', undefined)
  expect([br < gzip, gzip < identity]).toEqual([true, true])
})

test('who has a file already is not sent it again', async () => {
  const { headers } = await get('/')
  const again = await get('/', { 'if-none-match': String(headers['etag']) })
  expect([again.statusCode, again.body]).toEqual([304, ''])
})

test('only what was built is there', async () => {
  for (const path of ['/index.html', '/assets/', '/assets/../index.html', '/assets/%2e%2e/index.html', '/main.tsx'])
    expect([path, (await get(path)).statusCode]).toEqual([path, 401])
})

test('without a build the page says how to get one', async () => {
  const bare = fastify().register(createPages({ settings, system, files: [] }))
  const answer = await bare.inject('/')
  expect([answer.statusCode, answer.json().error.message]).toEqual([
    404,
    'the dashboard was not built: npm run build does it',
  ])
})

test('licences of what is in the bundle stand beside it', () => {
  const text = files.find(({ name }) => name === 'assets/licences.txt')!.bodies.identity!.toString()
  const { devDependencies } = JSON.parse(readFileSync('src/collector/package.json', 'utf8'))
  for (const name of ['preact', 'uplot', '@fontsource-variable/inter']) {
    expect(Object.keys(devDependencies)).toContain(name)
    expect(text).toContain(`${name}\n=`)
  }
  expect(text).toContain('SIL OPEN FONT LICENSE')
})
