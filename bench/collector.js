/**
 * The whole collector, built, in a process of its own: spans a second that are acknowledged durable and stored, how long an
 * acknowledgement takes at a steady rate, memory at that rate, spans a second forwarded to one target, and the time until it is ready.
 * The sender and the target are other processes on the same machine and take their share of it. Prints a table, or JSON lines.
 *
 *     npm run bench:collector [-- --json] [--short] [--rows N]
 */
import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { Agent, createServer, request } from 'node:http'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { gzipSync } from 'node:zlib'
import { emit, progress } from './line.js'
import { genAiAttributes, protobufTraces, SPANS } from './otlp-bodies.js'

const { values: options } = parseArgs({
  options: { short: { type: 'boolean' }, target: { type: 'boolean' }, json: { type: 'boolean' } },
})
const MAIN = fileURLToPath(new URL('../src/collector/dist/main.js', import.meta.url))

/** Without what was said: that is the sender's to leave out, and most do. @param {number} index */
function attributesOf(index) {
  const { 'gen_ai.input.messages': _input, 'gen_ai.output.messages': _output, ...attributes } = genAiAttributes(index)
  return attributes
}

/** Gzipped requests, each with ids of its own. @param {number} count @param {number} spans */
function requests(count, spans) {
  return Array.from({ length: count }, () => gzipSync(protobufTraces(attributesOf, spans, Date.now()), { level: 1 }))
}

/**
 * Starts a collector; resolves when it is ready.
 * @param {string} data
 * @param {string[]} [settings]
 */
async function start(data, settings = []) {
  const begin = performance.now()
  const args = [
    MAIN,
    '--port',
    '0',
    '--data',
    data,
    '--log-format',
    'json',
    ...settings.flatMap((one) => ['--set', one]),
  ]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  const lines = createInterface({ input: child.stderr })
  const exit = once(child, 'exit')
  const url = await new Promise((resolve, reject) => {
    exit.then(([code]) => reject(new Error(`the collector ended with ${code}`)))
    lines.on('line', (line) => {
      const listening = /listening on (http:[^"\s]+)/.exec(line)
      if (listening !== null) resolve(listening[1])
      else if (!line.includes('"info"')) progress(line)
    })
  })
  while ((await fetch(`${url}/ready`)).status !== 200) await sleep(5)
  const readyMs = performance.now() - begin
  const agent = new Agent({ keepAlive: true, maxSockets: 8 })
  return {
    readyMs,
    /** @param {Buffer} body @returns {Promise<number>} Milliseconds until it was acknowledged. */
    send(body) {
      const begin = performance.now()
      const headers = { 'content-type': 'application/x-protobuf', 'content-encoding': 'gzip' }
      return new Promise((resolve, reject) => {
        const sending = request(`${url}/v1/traces`, { method: 'POST', agent, headers }, (response) => {
          response.resume().on('end', () => {
            if (response.statusCode === 200) resolve(performance.now() - begin)
            else reject(new Error(`answered with ${response.statusCode}`))
          })
        })
        sending.on('error', reject).end(body)
      })
    },
    ledger: async () => /** @type {any} */ ((await fetch(`${url}/api/v1/ledger`)).json()),
    /** Bytes of memory that are resident, and seconds of CPU. */
    usage() {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
      const [user, system] = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1].split(' ').slice(11, 13)
      return {
        resident: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024,
        cpuSeconds: (Number(user) + Number(system)) / 100,
      }
    },
    async stop() {
      agent.destroy()
      child.kill('SIGTERM')
      await exit
    },
  }
}

/** Waits until `isDone` says so of the ledger. @param {{ ledger: () => Promise<any> }} collector @param {(ledger: any) => boolean} isDone */
async function until(collector, isDone) {
  for (;;) {
    const ledger = await collector.ledger()
    if (ledger.imbalances.length > 0) throw new Error(`BUG: ${ledger.imbalances.join('; ')}`)
    if (isDone(ledger)) return ledger
    await sleep(50)
  }
}

/** Sends all of them over eight connections. @param {Awaited<ReturnType<typeof start>>} collector @param {Buffer[]} bodies */
async function sendAll(collector, bodies) {
  let next = 0
  const sender = async () => {
    while (next < bodies.length) await collector.send(bodies[next++])
  }
  await Promise.all(Array.from({ length: 8 }, sender))
}

/** @param {string} data */
async function ingest(data) {
  const count = options.short ? 60 : 600
  progress(`ingest.otlp: ${count} requests of ${SPANS} spans`)
  const collector = await start(data)
  await sendAll(collector, requests(20, SPANS))
  await until(collector, ({ inQueue }) => inQueue === 0)
  const bodies = requests(count, SPANS)
  const before = collector.usage()
  const begin = performance.now()
  await sendAll(collector, bodies)
  const acknowledged = (count * SPANS) / ((performance.now() - begin) / 1000)
  await until(collector, ({ inQueue }) => inQueue === 0)
  const stored = (count * SPANS) / ((performance.now() - begin) / 1000)
  const after = collector.usage()
  emit({
    name: 'ingest.otlp',
    value: stored,
    unit: 'spans/s',
    limits: { atLeast: 20_000 },
    note: `protobuf and gzip, from the first request until the last span is stored; acknowledged at ${Math.round(acknowledged)} spans/s; ${((1e6 * (after.cpuSeconds - before.cpuSeconds)) / (count * SPANS)).toFixed(1)} µs CPU a span, the engine's included`,
  })
  await collector.stop()
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
  const { resident } = collector.usage()
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
    note: 'resident at the end of that load',
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
  const collector = await start(data)
  const { stored } = await collector.ledger()
  emit({
    name: 'start',
    value: collector.readyMs / 1000,
    unit: 's',
    limits: { atMost: 2 },
    note: `from the command until /ready answers with 200, with ${stored} operations stored`,
  })
  await collector.stop()
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

if (options.target) takeEverything()
else {
  if (!existsSync(MAIN)) throw new Error('the bench runs on the built output, which is not there: npm run build')
  progress(`Node ${process.version}, ${cpus()[0]?.model.trim() ?? 'unknown CPU'}, ${cpus().length} cores`)
  const data = mkdtempSync(join(process.env.TMPDIR ?? tmpdir(), 'tokmeter-bench-'))
  try {
    await ingest(data)
    await latency(data)
    await forward(data)
    await restart(data)
  } finally {
    rmSync(data, { recursive: true, force: true })
  }
}
