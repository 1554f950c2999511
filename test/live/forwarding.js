/**
 * OpenTelemetry's own exporters, and tokmeter's SDK told the endpoint alone, send all signals to a collector that forwards to a second
 * one. What passes on both ways is recorded: bodies arrive as they were sent, byte by byte, and both show the same numbers.
 */
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as zlib from 'node:zlib'
import { CLIENTS } from './clients.js'
import { startCollector } from './collector.js'
import { installClient, runClient, versionsOf } from './suite.js'

/** @typedef {import('./clients.js').Client} Client */

/** Everything that tells one body from another. @typedef {string} Body */

/** @type {Client} */
const EXPORTERS = {
  name: 'exporters',
  folder: 'exporters',
  tested: ['@opentelemetry/exporter-trace-otlp-proto', '@opentelemetry/sdk-trace'],
  sends: '',
  truths: [],
  differences: [],
}
const SENDERS = [...CLIENTS.filter(({ isRegistered }) => isRegistered), EXPORTERS]

/**
 * Passes requests on to a collector, and keeps what was in them.
 * @param {() => string} target
 */
async function startRecorder(target) {
  /** @type {Body[]} */
  const bodies = []
  const server = createServer(async (incoming, response) => {
    const body = Buffer.concat(await incoming.toArray())
    const { 'content-type': type, 'content-encoding': encoding = 'none' } = incoming.headers
    const headers = { ...incoming.headers, host: undefined, 'content-length': String(body.length) }
    delete headers.host
    delete headers['transfer-encoding']
    const passing = request(`${target()}${incoming.url}`, { method: incoming.method, headers }, async (answer) => {
      // A try that was refused is made again: what counts is what was taken.
      if (answer.statusCode === 200 && incoming.method === 'POST') {
        bodies.push([incoming.url, type, encoding, body.toString('base64')].join(' '))
      }
      response.writeHead(answer.statusCode ?? 500, answer.headers)
      response.end(Buffer.concat(await answer.toArray()))
    })
    passing.on('error', () => response.destroy())
    passing.end(body)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  return {
    url: `http://127.0.0.1:${port}`,
    bodies,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

/** What both pages must have alike: all that is made of operations. @param {string} page */
const measured = (page) =>
  page
    .split('\n')
    .filter((line) => /^(gen_ai_|tokmeter_operation_)/.test(line))
    .sort()

/** @param {Body} body */
const kindOf = (body) => body.split(' ').slice(0, 3).join(' ')

/** What no exporter of OpenTelemetry's for JavaScript does: compress by zstd. Returns how many kinds of request that makes. @param {string} url */
async function sendZstd(url) {
  // Node has it from 22.15 on.
  const { zstdCompressSync } = /** @type {{ zstdCompressSync?: (text: string) => Uint8Array<ArrayBuffer> }} */ (
    /** @type {unknown} */ (zlib)
  )
  if (zstdCompressSync === undefined) return 0
  const log = {
    timeUnixNano: String(BigInt(Date.now()) * 1_000_000n),
    eventName: 'gen_ai.client.inference.operation.details',
    attributes: [{ key: 'gen_ai.request.model', value: { stringValue: 'compressed-by-zstd' } }],
  }
  const answer = await fetch(`${url}/v1/logs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'content-encoding': 'zstd' },
    body: zstdCompressSync(JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords: [log] }] }] })),
  })
  if (answer.status !== 200) throw new Error(`zstd is answered with ${answer.status}: ${await answer.text()}`)
  return 1
}

/**
 * @param {string} providerUrl
 * @returns {Promise<{ versions: string[], sends: string, operations: number, differences: string[] }>}
 */
export async function forward(providerUrl) {
  const failure = await installClient(EXPORTERS)
  if (failure !== undefined) {
    return { versions: [], sends: '', operations: 0, differences: [`cannot be installed: ${failure}`] }
  }
  const second = await startCollector()
  const between = await startRecorder(() => second.url)
  const folder = mkdtempSync(join(tmpdir(), 'tokmeter-live-forwarding-'))
  const config = join(folder, 'tokmeter.yaml')
  writeFileSync(config, `forward: [{ name: second, url: "${between.url}" }]\n`)
  const first = await startCollector(['--config', config])
  const before = await startRecorder(() => first.url)
  const differences = []
  for (const client of SENDERS) {
    await runClient(client, { collectorUrl: before.url, providerUrl }).catch((error) => differences.push(error.message))
  }
  const zstd = await sendZstd(before.url)
  const { accepted } = await first.until(({ inQueue, forward }) => inQueue === 0 && forward.second?.inQueue === 0)
  await second.until((ledger) => ledger.inQueue === 0)
  const pages = [measured(await first.page()), measured(await second.page())]
  for (const one of [before, between]) one.close()
  for (const one of [first, second]) await one.stop()
  const stored = [await first.stored(), await second.stored()]
  for (const one of [first, second]) one.remove()
  rmSync(folder, { recursive: true, force: true })

  const sent = before.bodies.toSorted()
  const came = between.bodies.toSorted()
  if (sent.join('\n') !== came.join('\n')) {
    differences.push(`${came.length} bodies were forwarded of ${sent.length}, or not as they came`)
  }
  const kinds = new Set(sent.map(kindOf))
  // Three signals, two encodings, with gzip and without, and zstd.
  if (kinds.size !== 12 + zstd) differences.push(`not every kind of request was sent: ${[...kinds].join(', ')}`)
  if (pages[0]?.length === 0 || pages[0]?.join('\n') !== pages[1]?.join('\n')) {
    differences.push('/metrics of the two collectors are not the same')
  }
  const [here, there] = stored.map((rows) => rows.map((row) => JSON.stringify(row)).sort())
  if (here?.length !== accepted || here.join('\n') !== there?.join('\n')) {
    differences.push(`${here?.length} operations are stored here, ${there?.length} there, of ${accepted} accepted`)
  }
  return {
    versions: versionsOf(EXPORTERS),
    sends: `${sent.length} bodies of ${kinds.size} kinds forwarded byte by byte; ${pages[0]?.length} samples alike on both /metrics`,
    operations: accepted,
    differences,
  }
}
