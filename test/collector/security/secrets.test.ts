/** Every secret is a canary here: whatever goes wrong, none of them is heard of again. */
import { request } from 'node:http'
import { Writable } from 'node:stream'
import { afterEach, expect, test, vi } from 'vitest'
import { changesBetween } from '../../../src/collector/config/changes.js'
import type { Config, TargetConfig } from '../../../src/collector/config.js'
import { createLog } from '../../../src/collector/log.js'
import { hashToken } from '../../../src/collector/security/tokens.js'
import { OtlpServer } from '../../sdk/otlp-server.js'
import { send } from '../receive/http-exchange.js'
import { collector, configOf, event, json, newDirectory, stopAll } from '../running.js'

afterEach(stopAll)

const CANARY = /canary/i
const canary = (name: string) => `canary-${name}-0123456789abcdef`

const target = (name: string, url: string, fields: Partial<TargetConfig> = {}): TargetConfig => ({
  name,
  url,
  headers: { authorization: `Bearer ${canary('header')}`, 'x-api-key': canary('key-of-target') },
  signals: ['traces', 'logs'],
  timeout: 1000,
  requestsInFlight: 1,
  retry: { initial: 10, max: 20, multiplier: 2 },
  maxBytes: 1_000_000,
  tls: {},
  ...fields,
})

function logging(format: 'json' | 'pretty') {
  let text = ''
  const output = new Writable({
    write(chunk, _, done) {
      text += String(chunk)
      done()
    },
  })
  return { log: createLog({ level: 'trace', format, isColored: false, output }), text: () => text }
}

test.each(['json', 'pretty'] as const)(
  'no secret is in an answer, or in a %s line of the log, whatever fails',
  async (format) => {
    const data = newDirectory()
    const refusing = await OtlpServer.listen(() => 400)
    const failing = await OtlpServer.listen(() => 503)
    const base = configOf(data, {
      'identities.key': canary('identity-key'),
      'store.url': `http://user:${canary('in-the-url')}@127.0.0.1:9/?password=${canary('in-the-query')}`,
      'store.password': canary('password'),
    })
    const away = `http://user:${canary('target-url')}@127.0.0.1:9/`
    const config: Config = {
      ...base,
      shutdownTimeout: 2000,
      tokens: [{ name: 'all', hash: await hashToken(canary('token')), scopes: ['admin'] }],
      forward: [target('refusing', refusing.url), target('failing', failing.url), target('away', away)],
    }
    const { log, text } = logging(format)
    const made = await collector(config, log)
    const answers: string[] = []
    const ask = async (method: string, path: string, headers: { [name: string]: string } = {}, body = '') => {
      const { status, headers: got, body: answer } = await send(made.url, { method, path, headers, body })
      answers.push(`${method} ${status} ${JSON.stringify(got)} ${answer}`)
      return status
    }
    const bearer = { authorization: `Bearer ${canary('token')}` }
    const known = { ...json, ...bearer }
    const logs = JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { stringValue: 'a' } }] }] }] })
    expect(await ask('POST', '/v1/logs', known, logs)).toBe(200)
    for (const path of ['/health', '/ready', '/metrics', '/api/v1/ledger', '/api/v1/config', '/nothing']) {
      await ask('GET', path, known)
      await ask('GET', `${path}?token=${canary('query')}&access_token=${canary('query')}`, {
        authorization: 'Bearer no',
      })
      await ask('GET', path, { authorization: `Bearer ${canary('wrong-token')}` })
      await ask('GET', path, { authorization: `Basic ${canary('basic')}`, cookie: canary('cookie') })
    }
    expect(await ask('DELETE', `/api/v1/identities/${'0'.repeat(32)}`, bearer)).toBe(503)
    await ask('DELETE', `/api/v1/identities/${canary('in-the-path')}`, bearer)
    // What is wrong in a body is told by its field, or in few words.
    const secret = canary('sk-in-the-body')
    for (const body of [
      `{"${secret}`,
      `[${secret}]`,
      JSON.stringify({ ...event('a'), input_tokens: `sk-${'0'.repeat(40)}` }),
      `\xff${secret}`,
    ]) {
      for (const path of ['/v1/traces', '/api/v1/analytics/events']) {
        await ask('POST', path, known, body)
        await ask('POST', path, { ...known, 'content-type': `text/${canary('type')}` }, body)
        await ask('POST', path, { ...known, 'content-encoding': canary('encoding') }, body)
      }
    }
    // One that leaves before its body is whole.
    await new Promise<void>((resolve) => {
      const leaving = request(`${made.url}/v1/logs`, {
        method: 'POST',
        headers: { ...known, 'content-length': '1000' },
      })
      leaving.on('error', () => resolve())
      leaving.write('{')
      setImmediate(() => leaving.destroy())
    })
    await vi.waitFor(() => {
      for (const told of ['a target rejected', 'forwarding failed', 'operations cannot be stored'])
        expect(text()).toContain(told)
    })
    const next: Config = { ...config, forward: [target('bad', 'https://a', { tls: { ca: data } })] }
    const failed = await made.reload(changesBetween(config, next)).catch((error: Error) => error)
    log.error({ err: failed, config, headers: config.forward[0]?.headers }, 'everything at once')
    await stopAll()
    await Promise.all([refusing.close(), failing.close()])
    expect(answers.filter((answer) => CANARY.test(answer))).toEqual([])
    expect(
      text()
        .split('\n')
        .filter((line) => CANARY.test(line)),
    ).toEqual([])
  },
)
