import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { stringify } from 'yaml'
import { effectiveConfig } from '../../../src/collector/config/effective.js'
import { withoutCredentials } from '../../../src/collector/config/option-kinds.js'
import { ConfigError, loadConfig } from '../../../src/collector/config.js'

const secrets = ['hunter2-password', 'hunter2-key', 'hunter2-header', 'hunter2-url', 'hunter2-query', 'b'.repeat(64)]
const flag = (path: string, text: string) => ({ name: '--set', path: path.split('.'), text })
const flags = [
  flag('store.url', 'https://admin:hunter2-url@clickhouse:8443/?key=hunter2-query'),
  flag('store.password', 'hunter2-password'),
  flag('identities.key', 'hunter2-key'),
  flag('tokens', `[{ name: ci, hash: "sha256:${'b'.repeat(64)}", scopes: [read] }]`),
  flag('forward', '[{ url: "http://u:hunter2-url@tempo:4318", headers: { authorization: hunter2-header } }]'),
]

test('what is in force is shown in the notation of the file, defaults included', () => {
  const { config } = loadConfig({ directory: '/no/where', environment: {} })
  expect(effectiveConfig(config)).toMatchObject({
    listen: { host: '127.0.0.1', port: 4318, tls: {}, limits: { body: '64MiB', requestTimeout: '1m' } },
    queue: { maxBytes: '1GiB', commit: { maxDelay: '20ms', maxBatches: 1000 }, deduplicationWindow: '1d' },
    store: { path: 'tokmeter-data/store', retention: { raw: '30d', '1h': '400d', '1d': '5y' } },
    forward: [],
    identities: { hash: true },
  })
})

test('it is a configuration again, of the same meaning', () => {
  const { config } = loadConfig({ directory: '/no/where', environment: {}, flags: [flag('identities.key', 'k')] })
  const directory = mkdtempSync(join(tmpdir(), 'tokmeter-effective-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const file = join(directory, 'tokmeter.yaml')
  writeFileSync(file, stringify(effectiveConfig(config)))
  const reread = loadConfig({ file, directory, environment: {} }).config
  expect(reread).toEqual({ ...config, identities: { hash: true, key: '***' } })
})

test('no secret is shown', () => {
  const { config } = loadConfig({ directory: '/no/where', environment: {}, flags })
  const shown = effectiveConfig(config)
  expect(shown).toMatchObject({
    store: { url: 'https://***@clickhouse:8443/?key=***', password: '***' },
    identities: { key: '***' },
    tokens: [{ name: 'ci', hash: '***', scopes: ['read'] }],
    forward: [{ url: 'http://***@tempo:4318/', headers: { authorization: '***' } }],
  })
  const text = JSON.stringify(shown)
  for (const secret of secrets) expect(text).not.toContain(secret)
})

test('no secret stands in a message, wherever it was put', () => {
  const f = (...wrong: ReturnType<typeof flag>[]) => {
    try {
      loadConfig({ directory: '/no/where', environment: {}, flags: wrong })
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError)
      for (const secret of secrets) expect((error as Error).message).not.toContain(secret)
      return (error as Error).message
    }
    return ''
  }
  expect(f(flag('tokens', '[{ name: ci, hash: hunter2-key, scopes: [read] }]'))).toContain('that is not shown')
  expect(f(flag('tokens', '[{ name: ci, hash: [hunter2-key], scopes: [read] }]'))).toContain('got a list')
  expect(f(flag('forward', '[{ url: "ftp://u:hunter2-url@x?a=hunter2-query" }]'))).toContain('forward[0].url must be')
  expect(f(flag('forward', '[{ url: "http://x", headers: { a: "hunter2-header\\n" } }]'))).toContain('not shown')
  expect(f(flag('forward', '[{ url: "http://x", headers: hunter2-header }]'))).toContain('not shown')
  expect(f(flag('store.url', 'admin:hunter2-url@clickhouse'))).toContain('store.url must be')
  expect(f(flag('identities', 'hunter2-key'))).toContain('identities must be a section')
})

test('a URL keeps what is no secret', () => {
  const f = (url: string, shown: string) => expect(withoutCredentials(url)).toBe(shown)
  f('http://tempo:4318', 'http://tempo:4318')
  f('http://tempo:4318/path', 'http://tempo:4318/path')
  f('http://user@tempo/', 'http://***@tempo/')
  f('http://user:password@tempo/', 'http://***@tempo/')
  f('http://tempo/?a=1&a=2&b=3', 'http://tempo/?a=***&b=***')
})
