/** A new configuration is taken whole or not at all, and what is kept of the history changes with it. */
import { copyFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterEach, expect, test, vi } from 'vitest'
import type { Collector } from '../../src/collector/collector.js'
import { changesBetween } from '../../src/collector/config/changes.js'
import type { Config, TargetConfig } from '../../src/collector/config.js'
import { OtlpServer } from '../sdk/otlp-server.js'
import { collector, configOf, event, json, ledgerOf, newDirectory, post, stopAll } from './running.js'
import { hasOpenssl, makeCertificates } from './security/certificates.js'

afterEach(stopAll)

const targetTo = (name: string, url: string): TargetConfig => ({
  name,
  url,
  headers: {},
  signals: ['logs'],
  timeout: 1000,
  requestsInFlight: 1,
  retry: { initial: 10, max: 100, multiplier: 2 },
  maxBytes: 1_000_000,
  tls: {},
})

/** One request, whoever certifies the server; resolves with status, body, and the serial number of the server's certificate. */
function ask(url: string, method: string, body = ''): Promise<{ status: number; text: string; serial: string }> {
  return new Promise((resolve, reject) => {
    const asking = request(
      url,
      { method, headers: json, rejectUnauthorized: false, agent: false },
      async (response) => {
        const { serialNumber: serial } = (response.socket as import('node:tls').TLSSocket).getPeerCertificate()
        const chunks = await response.toArray()
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString(), serial })
      },
    )
    asking.on('error', reject)
    asking.end(body)
  })
}

async function costs({ url }: Collector): Promise<string> {
  const { text } = await ask(`${url}/metrics`, 'GET')
  const line = text.split('\n').find((one) => one.startsWith('tokmeter_operation_cost_sum'))
  return line?.split(' ')[1] ?? 'none'
}

test.runIf(hasOpenssl)('a configuration that cannot be applied in one part changes nothing of the others', async () => {
  const { cert, key } = makeCertificates()
  const other = makeCertificates()
  const directory = newDirectory()
  const prices = join(directory, 'prices.json')
  const priced = (inputPerMillion: number) =>
    writeFileSync(prices, JSON.stringify({ prices: [{ model: 'mine', inputPerMillion, outputPerMillion: 0 }] }))
  priced(1000)
  const [before, after] = [await OtlpServer.listen(), await OtlpServer.listen()]
  const base = configOf(directory, { 'prices.file': prices })
  const config: Config = {
    ...base,
    listen: { ...base.listen, tls: { cert, key } },
    forward: [targetTo('before', before.url)],
  }
  const level = pino({ level: 'silent' })
  const made = await collector(config, level)
  const shown = async () => (await ask(`${made.url}/api/v1/config`, 'GET')).text
  const serial = async () => (await ask(`${made.url}/health`, 'GET')).serial
  const [shownBefore, serialBefore] = [await shown(), await serial()]

  // Everything else changes too, and is good.
  const { hashToken } = await import('../../src/collector/security/tokens.js')
  const good: Config = {
    ...config,
    tokens: [{ name: 'a', hash: await hashToken('a-secret'), scopes: ['read'] }],
    forward: [targetTo('after', after.url)],
    log: { ...config.log, level: 'fatal' },
    store: { ...config.store, retention: { ...config.store.retention, raw: 86_400_000 } },
  }
  const missing = join(directory, 'missing.pem')
  const garbage = join(directory, 'garbage.pem')
  writeFileSync(garbage, 'not a certificate')
  priced(2000)
  const f = async (bad: Partial<Config>, message: string | RegExp) => {
    await expect(made.reload(changesBetween(config, { ...good, ...bad }))).rejects.toThrow(message)
    expect([await shown(), await serial(), level.level]).toEqual([shownBefore, serialBefore, 'silent'])
  }
  await f({ tokens: [{ name: 'a', hash: 'no hash', scopes: ['read'] }] }, 'the hash of the token "a" must be')
  const toTls = (tls: TargetConfig['tls']) => ({ forward: [{ ...targetTo('after', after.url), tls }] })
  await f(toTls({ ca: missing }), `cannot read tls.ca of the target after from ${missing}`)
  await f(toTls({ cert: garbage, key: other.key }), `cannot use ${garbage}, ${other.key} for the target after`)
  await f(toTls({ ca: garbage }), `cannot use ${garbage} for the target after`)
  await f({ prices: { file: missing } }, missing)
  writeFileSync(prices, '{"prices": [')
  await f({}, prices)
  priced(2000)
  rmSync(cert)
  await f({}, `cannot read the certificate of TLS from ${cert}`)
  writeFileSync(cert, 'not a certificate')
  await f({}, `cannot use ${cert} with ${key}`)

  // What was in force works on: one price, one target.
  const logs = { resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { stringValue: 'hello' } }] }] }] }
  expect((await ask(`${made.url}/v1/logs`, 'POST', JSON.stringify(logs))).status).toBe(200)
  await vi.waitFor(() => expect(before.requests).toHaveLength(1), { timeout: 5000 })
  const events = `${made.url}/api/v1/analytics/events`
  expect((await ask(events, 'POST', JSON.stringify(event('a', 'mine')))).status).toBe(202)
  expect(await costs(made)).toBe('1')
  expect(after.requests).toHaveLength(0)

  // And when everything is right, everything is taken: the certificate and the prices too, under the same names.
  copyFileSync(other.cert, cert)
  copyFileSync(other.key, key)
  await made.reload(changesBetween(config, { ...good, tokens: [] }))
  expect((await ask(`${made.url}/v1/logs`, 'POST', JSON.stringify(logs))).status).toBe(200)
  await vi.waitFor(() => expect(after.requests).toHaveLength(1), { timeout: 5000 })
  expect((await ask(events, 'POST', JSON.stringify(event('b', 'mine')))).status).toBe(202)
  expect([await costs(made), level.level, before.requests.length]).toEqual(['3', 'fatal', 1])
  expect(await serial()).not.toBe(serialBefore)
  await Promise.all([before.close(), after.close()])
})

test('less of the history is kept from the next configuration on, at once', async () => {
  const config = configOf(newDirectory())
  const made = await collector(config)
  const daysAgo = (days: number) => ({ ...event(`of ${days} days ago`), timestamp_ms: Date.now() - days * 86_400_000 })
  await post(`${made.url}/api/v1/analytics/events`, [daysAgo(0), daysAgo(10), daysAgo(20)])
  await vi.waitFor(async () => expect((await ledgerOf(made)).stored).toBe(3), { timeout: 10_000 })
  const keeping = (days: number): Config => ({
    ...config,
    store: { ...config.store, retention: { ...config.store.retention, raw: days * 86_400_000 } },
  })
  const changes = changesBetween(config, keeping(15))
  expect([changes.live, changes.restart]).toEqual([['store.retention.raw'], []])
  await made.reload(changes)
  const rows = async () => {
    const page = await (await fetch(`${made.url}/metrics`)).text()
    const line = (table: string) =>
      page.split('\n').find((one) => one.startsWith(`tokmeter_store_rows{table="${table}"`))
    return [line('operations'), line('operations_1h')].map((found) => found?.split(' ')[1])
  }
  await vi.waitFor(async () => expect(await rows()).toEqual(['2', '3']), { timeout: 10_000 })
})
