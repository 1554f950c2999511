/** The whole collector over real HTTP, with its real queue and engine: what goes in comes out of every end of it, once. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import type { Collector } from '../../src/collector/collector.js'
import { changesBetween } from '../../src/collector/config/changes.js'
import { storeSettings } from '../../src/collector/config/store-settings.js'
import { type Config, loadConfig } from '../../src/collector/config.js'
import { createLineReader } from '../../src/collector/import-lines.js'
import { imbalances } from '../../src/collector/ledger.js'
import { openStore } from '../../src/collector/store/store.js'
import { start } from '../../src/index.js'
import { OtlpServer } from '../sdk/otlp-server.js'
import { collector, configOf, event, json, ledgerOf, newDirectory, post, stop, stopAll, stored } from './running.js'

afterEach(stopAll)

async function metricsOf({ url }: Collector): Promise<string[]> {
  const page = await (await fetch(`${url}/metrics`)).text()
  return page.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
}

const payload = JSON.parse(
  readFileSync(new URL('./normalise/payloads/contrib-openai-traces.json', import.meta.url), 'utf8'),
)

test('what is acknowledged is stored once, however often it is sent, and counted on the page and in the ledger', async () => {
  const config = configOf(newDirectory())
  const first = await collector(config)
  expect((await fetch(`${first.url}/health`)).status).toBe(200)
  expect((await fetch(`${first.url}/ready`)).status).toBe(200)

  const traces = await post(`${first.url}/v1/traces`, payload)
  expect([traces.status, await traces.json()]).toEqual([200, {}])
  const events = `${first.url}/api/v1/analytics/events`
  expect((await post(events, [event('e-1'), event('e-2')])).status).toBe(202)
  expect((await post(events, event('e-1'))).status).toBe(200)
  expect((await post(events, { ...event('e-3'), input_tokens: -1 })).status).toBe(400)
  expect((await post(`${first.url}/v1/traces`, payload)).status).toBe(200)

  const { accepted, duplicate, rejected, ...ledger } = await ledgerOf(first)
  expect(ledger.imbalances).toEqual([])
  const spans = (accepted - 3) / 2
  expect(spans).toBeGreaterThan(0)
  expect({ duplicate, rejected }).toEqual({ duplicate: spans + 1, rejected: 1 })
  const counted = (await metricsOf(first)).filter((line) => line.startsWith('gen_ai_client_inference_duration_count'))
  expect(counted.find((line) => line.includes('request_model="gpt-4o"') && !line.includes('server_address'))).toMatch(
    / 2$/,
  )
  const answered = (await metricsOf(first)).filter((line) => line.startsWith('http_server_request_duration_count{'))
  const to = (route: string) =>
    answered
      .filter((line) => line.includes(`http_route="${route}"`))
      .map((line) => [/status_code="(\d+)"/.exec(line)![1], line.replace(/.* /, '')])
  expect(to('/v1/traces')).toEqual([['200', '2']])
  expect(to('/api/v1/analytics/events').sort()).toEqual([
    ['200', '1'],
    ['202', '1'],
    ['400', '1'],
  ])
  expect(await stop(first)).toBe(true)

  const rows = await stored(config)
  expect(rows).toHaveLength(spans + 2)
  // 1,000 tokens at 2.5 and 100 at 10 dollars a million.
  expect(rows.filter(({ id }) => id.startsWith('e-')).map(({ id, cost }) => [id, Number(cost)])).toEqual([
    ['e-1', 3_500_000],
    ['e-2', 3_500_000],
  ])

  const second = await collector(config)
  expect((await post(`${second.url}/api/v1/analytics/events`, event('e-2'))).status).toBe(200)
  expect(await ledgerOf(second)).toMatchObject({ stored: spans + 2, duplicate: spans + 2, inQueue: 0, imbalances: [] })
})

test('the SDK and the collector count the same', async () => {
  const config = configOf(newDirectory())
  const made = await collector(config)
  const sdk = start({ otlp: { url: made.url }, prometheus: false, registerGlobally: false, serviceName: 'chat-api' })
  for (let index = 0; index < 20; index++) {
    sdk.record({
      operation: 'chat',
      provider: 'openai',
      requestModel: 'gpt-4o',
      durationMs: 100 + index,
      usage: { inputTokens: 100, outputTokens: index },
      ...(index % 5 === 0 && { error: { type: 'timeout' } }),
    })
  }
  const { totals } = sdk.stats()
  await sdk.shutdown()
  expect(await ledgerOf(made)).toMatchObject({ accepted: 20, rejected: 0, imbalances: [] })
  const lines = await metricsOf(made)
  const total = (name: string) =>
    lines.filter((line) => line.startsWith(`${name}{`)).reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
  expect(total('gen_ai_client_inference_duration_count')).toBe(20)
  expect(total('gen_ai_client_inference_usage_input_tokens_total')).toBe(totals.inputTokens)
  expect(total('gen_ai_client_inference_usage_output_tokens_total')).toBe(totals.outputTokens)
  expect(total('tokmeter_operation_cost_sum')).toBeCloseTo(totals.costNanoDollars / 1e9, 12)
  await stop(made)
  const rows = await stored(config)
  expect(rows.reduce((sum, { cost }) => sum + Number(cost), 0)).toBe(totals.costNanoDollars)
})

test('bodies go on to the targets as they came, those that are no GenAI too, and the ledger says how many', async () => {
  const target = await OtlpServer.listen()
  const file = join(newDirectory(), 'tokmeter.yaml')
  writeFileSync(file, `forward: [{ name: there, url: "${target.url}", retry: { initial: 10ms } }]\n`)
  const data = newDirectory()
  const flags = [
    { name: '--data', path: ['data'], text: data },
    { name: '--port', path: ['listen', 'port'], text: '0' },
  ]
  const made = await collector(loadConfig({ file, flags, environment: {}, directory: data }).config)
  const foreign = { resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { stringValue: 'hello' } }] }] }] }
  expect((await post(`${made.url}/v1/traces`, payload)).status).toBe(200)
  expect((await post(`${made.url}/v1/logs`, foreign)).status).toBe(200)
  await vi.waitFor(() => expect(target.requests).toHaveLength(2), { timeout: 5000 })
  const bodies = Object.fromEntries(target.requests.map(({ path, body }) => [path, body.toString()]))
  expect(bodies).toEqual({ '/v1/traces': JSON.stringify(payload), '/v1/logs': JSON.stringify(foreign) })
  await vi.waitFor(async () => expect((await ledgerOf(made)).forward['there']).toMatchObject({ inQueue: 0 }))
  const { forward, ...ledger } = await ledgerOf(made)
  expect(forward['there']?.sent).toBe(forward['there']?.accepted)
  expect(imbalances({ ...ledger, forward })).toEqual([])
  await target.close()
})

test('what is read out of a file is counted apart from what comes in, and both together are what is stored', async () => {
  const config = configOf(newDirectory())
  const file = join(newDirectory(), 'operations.jsonl')
  const lines = [event('a'), event('b'), payload, { operation: 'chat', startTime: Date.now() }, 'no operation']
  writeFileSync(file, lines.map((line) => JSON.stringify(line)).join('\n'))
  const { location, options } = storeSettings(config)
  const store = await openStore(location, options)
  const { operations, rejected } = await store.importFile({ path: file, toOperations: createLineReader(config) })
  await store.close()
  expect([operations > 3, rejected]).toEqual([true, 1])

  const made = await collector(config)
  await vi.waitFor(async () => expect(await ledgerOf(made)).toMatchObject({ imported: operations }), {
    timeout: 10_000,
  })
  await post(`${made.url}/api/v1/analytics/events`, [event('c'), event('d')])
  await vi.waitFor(async () => expect((await ledgerOf(made)).stored).toBe(2), { timeout: 10_000 })
  expect(await ledgerOf(made)).toMatchObject({ received: 2, accepted: 2, imported: operations, imbalances: [] })
  expect(await metricsOf(made)).toContainEqual(
    expect.stringMatching(new RegExp(`^tokmeter_ledger_imported_total.* ${operations}$`)),
  )
  await stop(made)
  expect(await stored(config)).toHaveLength(operations + 2)
})

test('what no store takes waits in the queue, and is stored when there is one', async () => {
  const data = newDirectory()
  // Nobody listens there.
  const away = await collector(configOf(data, { 'store.url': 'http://127.0.0.1:9' }))
  expect((await post(`${away.url}/api/v1/analytics/events`, [event('a'), event('b')])).status).toBe(202)
  const ready = await fetch(`${away.url}/ready`)
  expect([
    ready.status,
    ((await ready.json()) as { reasons: { check: string }[] }).reasons.map(({ check }) => check),
  ]).toEqual([503, ['store']])
  const erasing = await fetch(`${away.url}/api/v1/identities/${'0'.repeat(32)}`, { method: 'DELETE' })
  expect([erasing.status, erasing.headers.get('retry-after'), await erasing.json()]).toEqual([
    503,
    '5',
    { error: { code: 'UNAVAILABLE', message: expect.stringMatching(/^nothing was erased: what waits in the queue/) } },
  ])
  expect(await ledgerOf(away)).toMatchObject({ accepted: 2, stored: 0, inQueue: 2, imbalances: [] })
  await stop(away)
  const config = configOf(data)
  const there = await collector(config)
  await stop(there)
  expect((await stored(config)).map(({ id }) => id)).toEqual(['a', 'b'])
})

test('one identity is erased, by its hash, from what is stored and what is on its way there', async () => {
  const config = configOf(newDirectory())
  const made = await collector(config)
  const of = (id: string, user: string) => ({ ...event(id), user_id: user })
  await post(`${made.url}/api/v1/analytics/events`, [of('a', 'ann'), of('b', 'bob'), of('c', 'ann')])
  const { createIdentityHash } = await import('tokmeter/core')
  const erase = async (hash: string) => {
    const answer = await fetch(`${made.url}/api/v1/identities/${hash}`, { method: 'DELETE' })
    return [answer.status, await answer.json()]
  }
  expect(await erase('ann')).toMatchObject([400, { error: { code: 'BAD_REQUEST' } }])
  expect(await erase(createIdentityHash('a key')('ann'))).toEqual([200, { erased: 2 }])
  await stop(made)
  expect((await stored(config)).map(({ id }) => id)).toEqual(['b'])
})

test('a new configuration is taken while it runs: tokens, and who is forwarded to', async () => {
  const config = configOf(newDirectory())
  const made = await collector(config)
  const target = await OtlpServer.listen()
  const { hashToken } = await import('../../src/collector/security/tokens.js')
  const next: Config = {
    ...config,
    tokens: [{ name: 'reader', hash: await hashToken('secret-of-the-reader'), scopes: ['read'] }],
    forward: [
      {
        name: 'there',
        url: target.url,
        headers: {},
        signals: ['traces'],
        timeout: 1000,
        requestsInFlight: 1,
        retry: { initial: 10, max: 100, multiplier: 2 },
        maxBytes: 1_000_000,
        tls: {},
      },
    ],
  }
  await made.reload(changesBetween(config, next))
  expect((await fetch(`${made.url}/api/v1/ledger`)).status).toBe(401)
  const authorization = 'Bearer secret-of-the-reader'
  expect((await fetch(`${made.url}/api/v1/ledger`, { headers: { authorization } })).status).toBe(200)
  expect((await fetch(`${made.url}/api/v1/config`, { headers: { authorization } })).status).toBe(403)
  expect((await post(`${made.url}/v1/traces`, payload, { ...json, authorization })).status).toBe(403)
  await made.reload(changesBetween(next, { ...next, tokens: [] }))
  expect((await post(`${made.url}/v1/traces`, payload)).status).toBe(200)
  await vi.waitFor(() => expect(target.requests).toHaveLength(1), { timeout: 5000 })
  const shown = JSON.stringify(await (await fetch(`${made.url}/api/v1/config`)).json())
  expect(shown).toContain(target.url)
  await target.close()
})

test('it is not started where others could reach it without a token, nor on data that another one has open', async () => {
  const data = newDirectory()
  const open = { ...configOf(data), listen: { ...configOf(data).listen, host: '0.0.0.0' } }
  await expect(collector(open)).rejects.toThrow(/without tokens/)
  const made = await collector(configOf(data))
  await expect(collector(configOf(data))).rejects.toThrow(/another|in use|locked/i)
  expect((await fetch(`${made.url}/health`)).status).toBe(200)
})
