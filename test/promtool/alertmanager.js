/** Has a real Alertmanager take the alerts of two collectors: it holds each once while it fires, and none when it is over. Needs Debian's package `prometheus-alertmanager`. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../demo/free-port.js'
import { Channels } from '../../src/collector/dist/alert/channel/channels.js'
import { channelOptions } from '../../src/collector/dist/alert/options.js'

const PATIENCE_MS = 60_000
const folder = mkdtempSync(join(tmpdir(), 'tokmeter-alertmanager-'))
const port = await freePort()
const config = join(folder, 'alertmanager.yml')
writeFileSync(config, 'route: { receiver: nobody }\nreceivers: [{ name: nobody }]\n')
const server = spawn(
  'prometheus-alertmanager',
  [
    `--config.file=${config}`,
    `--storage.path=${join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--cluster.listen-address=',
    '--log.level=warn',
  ],
  { stdio: ['ignore', 'inherit', 'inherit'] },
)
const exited = once(server, 'exit')
const url = `http://127.0.0.1:${port}`
/** @type {string[]} */
const troubles = []
const collectors = ['one', 'other'].map(
  () => new Channels({ log: () => {}, onTrouble: (name, message) => troubles.push(`${name}: ${message}`) }),
)
let isRight = false
try {
  await until(async () => (await fetch(`${url}/-/ready`)).ok)
  const options = channelOptions.parse({
    name: 'alertmanager',
    kind: 'alertmanager',
    url,
    privateTargets: ['127.0.0.1'],
    resendEvery: '10s',
  })
  for (const channels of collectors) await channels.configure([options])
  const startedAt = Date.now() - 60_000
  const hostile = '"}\n<b>\u2028'
  const alert = (/** @type {string} */ service, /** @type {'firing' | 'resolved' | 'pending'} */ phase) => ({
    rule: 'Failing',
    severity: /** @type {const} */ ('critical'),
    labels: { service, model: hostile, empty: '' },
    identity: { service },
    course: {
      phase,
      since: phase === 'resolved' ? Date.now() : startedAt,
      at: Date.now(),
      last: /** @type {const} */ ('breached'),
      heldMs: 0,
    },
    value: 0.5,
    threshold: 0.05,
    summary: `${service} fails`,
    annotations: { runbook: 'https://wiki.example.com' },
    startedAt: phase === 'pending' ? undefined : startedAt,
    untold: [],
  })
  for (const channels of collectors)
    channels.sync([alert('api', 'firing'), alert('batch', 'firing'), alert('web', 'pending')])
  const held = await until(async () => {
    const all = await active()
    return all.length === 2 && all
  })
  const [first] = held.filter(({ labels }) => labels.service === 'api')
  const wanted = { alertname: 'Failing', severity: 'critical', service: 'api', model: hostile }
  const isTold = JSON.stringify(Object.entries(first.labels).sort()) === JSON.stringify(Object.entries(wanted).sort())
  const isDated = Date.parse(first.startsAt) === startedAt && first.annotations.summary === 'api fails'
  console.log(
    `${isTold && isDated ? 'ok' : 'FAILED'} two alerts of two collectors are held once each, with their labels, their summary, and since when they fire`,
  )
  for (const channels of collectors) await until(async () => channels.counts()['alertmanager']?.waiting === 0)
  for (const channels of collectors) channels.sync([alert('api', 'resolved'), alert('batch', 'firing')])
  const left = await until(async () => {
    const all = await active()
    return all.length === 1 && all
  })
  const isOver = left[0].labels.service === 'batch'
  console.log(`${isOver ? 'ok' : 'FAILED'} what is over is over there as well`)
  isRight = isTold && isDated && isOver && troubles.length === 0
  if (troubles.length > 0) console.log(troubles.join('\n'))
} finally {
  for (const channels of collectors) await channels.close()
  server.kill('SIGTERM')
  await exited
  rmSync(folder, { recursive: true, force: true })
}
process.exitCode = isRight ? 0 : 1

/** @returns {Promise<any[]>} */
async function active() {
  return /** @type {any} */ (await (await fetch(`${url}/api/v2/alerts?active=true`)).json())
}

/** What `look` finds, as soon as it finds something. @template T @param {() => Promise<T>} look @returns {Promise<any>} */
async function until(look) {
  const end = Date.now() + PATIENCE_MS
  for (;;) {
    const found = await look().catch(() => undefined)
    if (found) return found
    if (Date.now() > end) throw new Error('it did not come to pass in time')
    await sleep(50)
  }
}
