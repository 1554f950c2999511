/** Channels over real HTTP, to servers of the test. */
import { createHmac } from 'node:crypto'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import type { Alert, Notification } from '../../../src/collector/alert/alert.js'
import { Channels, mistakesOfChannel } from '../../../src/collector/alert/channel/channels.js'
import { DeliveryQueue } from '../../../src/collector/alert/channel/delivery-queue.js'
import { channelOptions } from '../../../src/collector/alert/options.js'

type Received = { readonly path: string; readonly headers: IncomingHttpHeaders; readonly body: string }

const HOUR = 3_600_000
const AT = Date.UTC(2026, 10, 27, 12)

async function receiver(answer: (response: ServerResponse, count: number) => void = (response) => response.end()) {
  const received: Received[] = []
  let wake = () => {}
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (part) => {
      body += part
    })
    request.on('end', () => {
      received.push({ path: request.url ?? '', headers: request.headers, body })
      answer(response, received.length)
      wake()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const until = async (count: number) => {
    while (received.length < count)
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    return received
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received, until }
}

async function channelsOf(given: readonly object[]) {
  const troubles: string[] = []
  const logged: string[] = []
  const channels = new Channels({
    log: ({ summary }) => logged.push(summary),
    onTrouble: (name, message) => troubles.push(`${name}: ${message}`),
    now: () => AT,
  })
  onTestFinished(() => channels.close())
  await channels.configure(given.map((one) => channelOptions.parse(one)))
  return { channels, troubles, logged }
}

const event = (fields: Partial<Notification> = {}): Notification => ({
  id: 'an-id/firing',
  event: 'firing',
  time: AT,
  rule: 'Failing',
  severity: 'critical',
  labels: { service: 'api', team: 'a' },
  value: 0.5,
  threshold: 0.05,
  summary: 'api fails: 0.5',
  annotations: { runbook: 'https://wiki.example.com' },
  startedAt: AT,
  ...fields,
})
const inside = { privateTargets: ['127.0.0.1'] }

test('a webhook is sent a JSON document, signed with the time it is sent', async () => {
  const { url, until } = await receiver()
  const { channels } = await channelsOf([
    {
      name: 'hook',
      kind: 'webhook',
      url: `${url}/alerts?x=1`,
      secret: 'a secret',
      headers: { 'X-Team': 'a' },
      ...inside,
    },
  ])
  const outcome = await new Promise((resolve) => channels.tell('hook', event(), resolve))
  const [{ path, headers, body }] = (await until(1)) as [Received]
  expect([outcome, path, headers['x-team'], headers['content-type'], headers['x-tokmeter-delivery']]).toEqual([
    'delivered',
    '/alerts?x=1',
    'a',
    'application/json',
    'an-id/firing',
  ])
  expect(JSON.parse(body)).toEqual({
    version: 1,
    id: 'an-id/firing',
    status: 'firing',
    rule: 'Failing',
    severity: 'critical',
    labels: { service: 'api', team: 'a' },
    value: 0.5,
    threshold: 0.05,
    summary: 'api fails: 0.5',
    annotations: { runbook: 'https://wiki.example.com' },
    starts_at: '2026-11-27T12:00:00.000Z',
    ends_at: null,
  })
  expect(headers['x-tokmeter-timestamp']).toBe(String(AT / 1000))
  const expected = createHmac('sha256', 'a secret')
    .update(`${AT / 1000}.${body}`)
    .digest('hex')
  expect(headers['x-tokmeter-signature']).toBe(`v1=${expected}`)
})

test('Slack is sent what it shows, and no name of a model can mention anybody or be a link', async () => {
  const { url, until } = await receiver()
  const { channels } = await channelsOf([{ name: 'chat', kind: 'slack', url, ...inside }])
  channels.tell(
    'chat',
    event({ summary: '<!channel> & <https://evil.example|safe>', labels: { model: '<@U1>' } }),
    () => {},
  )
  const [{ body }] = (await until(1)) as [Received]
  expect(JSON.parse(body)).toMatchObject({
    text: 'FIRING Failing: &lt;!channel&gt; &amp; &lt;https://evil.example|safe&gt;',
    attachments: [
      { color: '#c0392b', fields: [{ value: 'critical' }, { title: 'model', value: '&lt;@U1&gt;' }, {}, {}] },
    ],
  })
})

test('redirects are not followed, and a host inside is not reached unless it is allowed', async () => {
  const inner = await receiver()
  const outer = await receiver((response) => response.writeHead(307, { location: inner.url }).end())
  const { channels, troubles } = await channelsOf([
    { name: 'redirected', kind: 'webhook', url: outer.url, ...inside },
    { name: 'inside', kind: 'webhook', url: inner.url },
    { name: 'named', kind: 'webhook', url: inner.url.replace('127.0.0.1', 'localhost') },
  ])
  const outcomes = await Promise.all(
    ['redirected', 'inside', 'named'].map((name) => new Promise((resolve) => channels.tell(name, event(), resolve))),
  )
  expect(outcomes).toEqual(['rejected', 'rejected', 'rejected'])
  expect(inner.received).toEqual([])
  expect(outer.received).toHaveLength(1)
  expect(troubles.sort()).toEqual([
    'inside: rejected: 127.0.0.1 is not of the public internet, or hands out credentials; what is meant to be reached inside stands in privateTargets',
    'named: rejected: localhost is not of the public internet, or hands out credentials; what is meant to be reached inside stands in privateTargets',
    'redirected: rejected: 307',
  ])
})

test('what says where it goes or with what is in no message', async () => {
  const { url } = await receiver((response) => response.writeHead(400).end())
  const secret = url.replace('127.0.0.1', 'user:hunter2@127.0.0.1')
  const { channels, troubles } = await channelsOf([
    {
      name: 'a',
      kind: 'webhook',
      url: `${secret}/services/T0/B0/hunter2`,
      headers: { authorization: 'Bearer hunter2' },
      ...inside,
    },
    { name: 'b', kind: 'webhook', url: 'http://127.0.0.1:1/hunter2', secret: 'hunter2', giveUpAfter: '0s', ...inside },
  ])
  await Promise.all(['a', 'b'].map((name) => new Promise((resolve) => channels.tell(name, event(), resolve))))
  expect(troubles.sort()).toEqual(['a: rejected: 400', 'b: dropped: given up: ECONNREFUSED'])
})

test('who is told is chosen by severity and labels, and by whether it wants to know that it is over', async () => {
  const hook = { kind: 'webhook', url: 'https://hooks.example.com' }
  const { channels, logged } = await channelsOf([
    { name: 'all', ...hook },
    { name: 'critical', ...hook, severities: ['critical'] },
    { name: 'team-b', ...hook, labels: { team: 'b' } },
    { name: 'firing', ...hook, resolved: false },
    { name: 'log', kind: 'log' },
    { name: 'alertmanager', kind: 'alertmanager', url: 'https://alertmanager.example.com' },
  ])
  const f = (fields: Partial<Notification>, names: string[]) => expect(channels.namesFor(event(fields))).toEqual(names)
  f({}, ['all', 'critical', 'firing', 'log'])
  f({ severity: 'info' }, ['all', 'firing', 'log'])
  f({ labels: { team: 'b' }, event: 'resolved' }, ['all', 'critical', 'team-b', 'log'])
  channels.tell('log', event(), () => {})
  expect(logged).toEqual(['api fails: 0.5'])
  expect(channels.counts()['log']).toEqual({ delivered: 1, rejected: 0, dropped: 0, failed: 0, waiting: 0 })
})

const alert = (fields: Partial<Alert> = {}): Alert => ({
  rule: 'Failing',
  severity: 'critical',
  labels: { service: 'api' },
  identity: { service: 'api' },
  course: { phase: 'firing', since: AT, at: AT, last: 'breached', heldMs: 0 },
  value: 0.5,
  threshold: 0.05,
  summary: 'api fails',
  annotations: {},
  startedAt: AT - HOUR,
  untold: [],
  ...fields,
})

test('Alertmanager is told what fires as it changes and every minute, and what is over with its end', async () => {
  const { url, until, received } = await receiver()
  let now = AT
  const channels = new Channels({ log: () => {}, onTrouble: () => {}, now: () => now })
  onTestFinished(() => channels.close())
  await channels.configure([channelOptions.parse({ name: 'am', kind: 'alertmanager', url: `${url}/base/`, ...inside })])
  const pending = alert({ startedAt: undefined, course: { ...alert().course, phase: 'pending' } })
  channels.sync([pending])
  channels.sync([alert(), pending])
  const [{ path, body }] = (await until(1)) as [Received]
  expect(path).toBe('/base/api/v2/alerts')
  expect(JSON.parse(body)).toEqual([
    {
      labels: { alertname: 'Failing', severity: 'critical', service: 'api' },
      annotations: { summary: 'api fails', value: '0.5' },
      startsAt: new Date(AT - HOUR).toISOString(),
      // Were it not sent again, it would be over after four times as long as it is sent every time.
      endsAt: new Date(AT + 240_000).toISOString(),
    },
  ])
  const settled = async () => {
    while (channels.counts()['am']!.waiting > 0) await new Promise((resolve) => setImmediate(resolve))
  }
  await settled()
  now += 15_000
  channels.sync([alert({ value: 0.6 })])
  expect(received).toHaveLength(1)
  now += 45_000
  channels.sync([alert()])
  await until(2)
  await settled()
  now += 15_000
  channels.sync([alert({ course: { ...alert().course, phase: 'resolved', since: now } })])
  const [, , { body: over }] = (await until(3)) as [Received, Received, Received]
  expect(JSON.parse(over)).toMatchObject([{ endsAt: new Date(now).toISOString() }])
})

/** A queue whose time is that of the test: it waits for nothing, and remembers how long it would have. */
function queueOf(answers: readonly (number | string)[], options: { giveUpAfterMs?: number; maxWaiting?: number } = {}) {
  let now = 0
  const waits: number[] = []
  const left = [...answers]
  const queue = new DeliveryQueue<string>({
    async send() {
      const answer = left.shift() ?? 200
      if (answer === 'down') throw new Error('ECONNREFUSED')
      const [status, after] = String(answer).split(' ')
      return { status: Number(status), retryAfter: after, excerpt: '' }
    },
    maxWaiting: 10,
    giveUpAfterMs: HOUR,
    onTrouble: () => {},
    clock: () => now,
    random: () => 0.5,
    wait: async (ms) => {
      waits.push(ms)
      now += ms
    },
    ...options,
  })
  onTestFinished(() => queue.close())
  return { queue, waits, offer: (item: string) => new Promise((resolve) => queue.offer(item, resolve)) }
}

test('what fails is tried again, later and later, as long as it is worth it; what is asked for is waited', async () => {
  const taken = queueOf([503, 'down', '429 120', 500])
  expect(await taken.offer('a')).toBe('delivered')
  expect(taken.waits).toEqual([1000, 2000, 120_000, 8000])
  expect(taken.queue.counts).toEqual({ delivered: 1, rejected: 0, dropped: 0, failed: 4 })
  expect(await queueOf([400]).offer('a')).toBe('rejected')
  expect(await queueOf([401]).offer('a')).toBe('rejected')
  const given = queueOf(Array(100).fill(503), { giveUpAfterMs: 10_000 })
  expect(await given.offer('a')).toBe('dropped')
  expect(given.waits).toEqual([1000, 2000, 4000])
})

test('more than may wait is dropped and counted', async () => {
  const { queue, offer } = queueOf([], { maxWaiting: 2 })
  const all = await Promise.all(['a', 'b', 'c', 'd'].map(offer))
  expect(all).toEqual(['delivered', 'delivered', 'dropped', 'dropped'])
  expect(queue.counts).toMatchObject({ delivered: 2, dropped: 2 })
})

test('an event that is on its way is not sent twice, and one of a channel that is gone is not waited for', async () => {
  let release = () => {}
  const { url, until, received } = await receiver((response) => {
    release = () => response.end()
  })
  const { channels } = await channelsOf([{ name: 'hook', kind: 'webhook', url, ...inside }])
  const first = new Promise((resolve) => channels.tell('hook', event(), resolve))
  channels.tell('hook', event(), () => {})
  await until(1)
  release()
  expect(await first).toBe('delivered')
  expect(received).toHaveLength(1)
  await channels.configure([])
  expect(await new Promise((resolve) => channels.tell('hook', event(), resolve))).toBe('dropped')
})

test('what is wrong with a channel is named', () => {
  const f = (given: object, mistakes: string[]) =>
    expect(
      [...mistakesOfChannel(channelOptions.parse({ name: 'x', ...given }))].map(
        ({ option, message }) => `${option} ${message}`,
      ),
    ).toEqual(mistakes)
  f({ kind: 'log' }, [])
  f({ kind: 'webhook' }, ['url is missing: a channel of kind webhook needs it'])
  f({ kind: 'log', url: 'https://x.example' }, ['url does not belong to a channel of kind log'])
  f({ kind: 'slack', url: 'https://x.example', secret: 's' }, [
    'secret does not belong to a channel of kind slack: only webhooks are signed',
  ])
  f({ kind: 'alertmanager', url: 'http://127.0.0.1:9093' }, [
    'url leads to a host that is not of the public internet: name it in privateTargets where that is meant',
  ])
  f({ kind: 'alertmanager', url: 'http://127.0.0.1:9093', privateTargets: ['127.0.0.0/8'] }, [])
  f({ kind: 'log', privateTargets: ['10.0.0.0/99'] }, [
    'privateTargets does not take it: "10.0.0.0/99" is no host name, address or range such as 10.0.0.0/8',
  ])
})
