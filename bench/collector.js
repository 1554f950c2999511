/**
 * The whole collector, built, in a process of its own: spans a second that are acknowledged durable and stored, how long an
 * acknowledgement takes at a steady rate, memory at that rate, spans a second forwarded to one target, and the time until it is ready.
 * The sender and the target are other processes on the same machine and take their share of it. Prints JSON lines.
 *
 *     node bench/collector.js [names…] [--short] [--rows N]
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { requests, sendAll, start, until } from './collector-process.js'
import { emit, progress } from './line.js'
import { SPANS } from './otlp-bodies.js'

const { values: options, positionals } = parseArgs({
  options: { short: { type: 'boolean' }, target: { type: 'boolean' }, rows: { type: 'string' } },
  allowPositionals: true,
})
const rows = Number(options.rows ?? (options.short ? 100_000 : 10_000_000))
if (!Number.isInteger(rows) || rows < 1) throw new RangeError(`--rows must be a number of rows; got ${options.rows}`)

/** @param {string} name */
const isWanted = (name) => positionals.length === 0 || positionals.includes(name)

/** Runs `bench/collector-rows.js` on a store that nobody has open, and resolves with what it tells. @param {string[]} args */
async function onStore(...args) {
  const child = fork(fileURLToPath(new URL('collector-rows.js', import.meta.url)), args, {
    stdio: ['ignore', 2, 2, 'ipc'],
  })
  const exit = once(child, 'exit')
  const told = await Promise.race([once(child, 'message'), exit.then(() => undefined)])
  if (told === undefined) throw new Error('the store could not be worked on')
  await exit
  return told[0]
}

/** @param {string} data */
async function ingest(data) {
  const count = options.short ? 60 : 600
  const spans = count * SPANS
  progress(`ingest.otlp: ${count} requests of ${SPANS} spans`)
  const collector = await start(data)
  await sendAll(collector, requests(20, SPANS))
  await until(collector, ({ inQueue }) => inQueue === 0)
  const bodies = requests(count, SPANS)
  const { cpu: before } = collector.usage()
  const begin = performance.now()
  await sendAll(collector, bodies)
  const acknowledged = spans / ((performance.now() - begin) / 1000)
  await until(collector, ({ inQueue }) => inQueue === 0)
  const stored = spans / ((performance.now() - begin) / 1000)
  const { cpu: after } = collector.usage()
  await collector.stop()
  const { perSecond } = await onStore('bulk', join(data, 'store'), String(spans))
  const spent = (/** @type {'main' | 'engine' | 'others'} */ of) =>
    ((1e6 * (after[of] - before[of])) / spans).toFixed(1)
  emit({
    name: 'ingest.otlp',
    value: stored,
    unit: 'spans/s',
    rival: 'INSERT … SELECT of the same rows in the engine, rollups included',
    rivalValue: perSecond,
    ratio: stored / perSecond,
    limits: { atLeast: 20_000 },
    note: `protobuf and gzip, from the first request until the last span is stored; acknowledged at ${Math.round(acknowledged)} spans/s; µs CPU a span: JavaScript ${spent('main')}, engine ${spent('engine')}, others ${spent('others')}`,
  })
}

/** @param {string} data */
async function latency(data) {
  const seconds = options.short ? 5 : 30
  const [rate, spans] = [5000, 100]
  progress(`ingest.latency: ${rate} spans/s for ${seconds} s`)
  const collector = await start(data)
  const bodies = requests((seconds * rate) / spans, spans)
  await sendAll(collector, requests(20, spans))
  const times = []
  const begin = performance.now()
  await Promise.all(
    bodies.map(async (body, index) => {
      await sleep((1000 * index * spans) / rate)
      times.push(await collector.send(body))
    }),
  )
  const took = (performance.now() - begin) / 1000
  times.sort((one, other) => one - other)
  const { resident, mostResident } = collector.usage()
  const { stored } = await collector.ledger()
  emit({
    name: 'ingest.latency',
    value: times[Math.floor(0.99 * times.length)],
    unit: 'ms',
    limits: { atMost: 100 },
    note: `p99 of ${times.length} acknowledgements of ${spans} spans at ${Math.round((times.length * spans) / took)} spans/s; median ${times[times.length >> 1].toFixed(1)} ms, longest ${times.at(-1)?.toFixed(0)} ms`,
  })
  emit({
    name: 'memory',
    value: resident / 1e6,
    unit: 'MB',
    limits: { atMost: 600 },
    note: `resident at the end of that load with ${rows + stored} operations stored; at most ${(mostResident / 1e6).toFixed(0)} MB at any time`,
  })
  await collector.stop()
}

/** @param {string} data */
async function forward(data) {
  const target = fork(fileURLToPath(import.meta.url), ['--target'], { stdio: ['ignore', 2, 2, 'ipc'] })
  const [port] = await once(target, 'message')
  const count = options.short ? 60 : 400
  progress(`forward: ${count} requests of ${SPANS} spans to one target`)
  const collector = await start(data, [`forward=[{"name":"there","url":"http://127.0.0.1:${port}"}]`])
  const bodies = requests(count, SPANS)
  const begin = performance.now()
  await sendAll(collector, bodies)
  const { forward: targets } = await until(
    collector,
    ({ forward: { there } }) => there.accepted > 0 && there.inQueue === 0,
  )
  const took = (performance.now() - begin) / 1000
  if (targets.there.sent !== count * SPANS)
    throw new Error(`BUG: ${targets.there.sent} of ${count * SPANS} spans were sent`)
  emit({
    name: 'forward',
    value: (count * SPANS) / took,
    unit: 'spans/s',
    limits: { atLeast: 20_000 },
    note: 'received, acknowledged and sent to one target, while they are stored as well',
  })
  await collector.stop()
  target.disconnect()
}

/** @param {string} data */
async function restart(data) {
  const times = []
  for (let time = 0; time < (options.short ? 1 : 3); time++) {
    const collector = await start(data)
    times.push(collector.readyMs / 1000)
    await collector.stop()
  }
  emit({
    name: 'start',
    value: times.sort((one, other) => one - other)[times.length >> 1],
    unit: 's',
    limits: { atMost: 2 },
    note: `from the command until /ready answers with 200, with ${rows} operations stored; median of ${times.length}`,
  })
}

/** What is forwarded is taken here. */
function takeEverything() {
  const server = createServer((incoming, response) => {
    incoming.resume().on('end', () => response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end())
  })
  server.listen(0, '127.0.0.1', () =>
    process.send?.(/** @type {import('node:net').AddressInfo} */ (server.address()).port),
  )
  process.on('disconnect', () => process.exit())
}

/** Does `work` with a directory of its own. @param {(data: string) => Promise<void>} work */
async function withData(work) {
  const data = mkdtempSync(join(process.env.TMPDIR ?? tmpdir(), 'tokmeter-bench-'))
  try {
    await work(data)
  } finally {
    rmSync(data, { recursive: true, force: true })
  }
}

if (options.target) takeEverything()
else {
  if (isWanted('ingest.otlp')) await withData(ingest)
  if (isWanted('forward')) await withData(forward)
  if (['start', 'ingest.latency', 'memory'].some(isWanted)) {
    await withData(async (data) => {
      // Made by a collector, so that everything is where it has it.
      await (await start(data)).stop()
      await onStore('fill', join(data, 'store'), String(rows))
      if (isWanted('start')) await restart(data)
      if (isWanted('ingest.latency') || isWanted('memory')) await latency(data)
    })
  }
}
