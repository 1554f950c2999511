/** A collector, built, in a process of its own: started, sent to, looked at, stopped. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { progress } from './line.js'
import { genAiAttributes, protobufTraces } from './otlp-bodies.js'

const MAIN = fileURLToPath(new URL('../src/collector/dist/main.js', import.meta.url))

/** Without what was said: that is the sender's to leave out, and most do. @param {number} index */
function attributesOf(index) {
  const { 'gen_ai.input.messages': _input, 'gen_ai.output.messages': _output, ...attributes } = genAiAttributes(index)
  return attributes
}

/** Gzipped requests, each with ids of its own. @param {number} count @param {number} spans */
export function requests(count, spans) {
  return Array.from({ length: count }, () => gzipSync(protobufTraces(attributesOf, spans, Date.now()), { level: 1 }))
}

/** Seconds of CPU that a `stat` file of /proc tells, and the name in it; of a thread that has ended, none. @param {string} path */
function cpuIn(path) {
  let stat = ''
  try {
    stat = readFileSync(path, 'utf8')
  } catch {
    return { name: '', seconds: 0 }
  }
  const end = stat.lastIndexOf(')')
  const [user, system] = stat
    .slice(end + 2)
    .split(' ')
    .slice(11, 13)
  return { name: stat.slice(stat.indexOf('(') + 1, end), seconds: (Number(user) + Number(system)) / 100 }
}

/** Seconds of CPU of a process: of its JavaScript, of the threads of the engine, and of all others. @param {number} pid */
function cpuOf(pid) {
  const seconds = { main: 0, engine: 0, others: 0 }
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const { name, seconds: spent } = cpuIn(`/proc/${pid}/task/${thread}/stat`)
    if (thread === String(pid)) seconds.main += spent
    // Those of Node's pool and of V8 are called as the program, and last as long as it.
    else if (/^(node|v8|libuv|V8)/.test(name)) seconds.others += spent
  }
  // The engine's come and go: what they took is in the sum of the process only, once they are gone.
  seconds.engine = cpuIn(`/proc/${pid}/stat`).seconds - seconds.main - seconds.others
  return seconds
}

/**
 * Starts a collector; resolves when it is ready.
 * @param {string} data
 * @param {string[]} [settings]
 */
export async function start(data, settings = []) {
  if (!existsSync(MAIN)) throw new Error('the bench runs on the built output, which is not there: npm run build')
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
  // Not to be left behind by a bench that fails, or is stopped.
  const end = () => child.kill('SIGKILL')
  process.once('exit', end)
  if (process.listenerCount('SIGTERM') === 0) process.once('SIGTERM', () => process.exit(143))
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
    url,
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
    /** @param {string} path @param {RequestInit} [init] */
    get: (path, init) => fetch(`${url}${path}`, init),
    ledger: async () => /** @type {any} */ ((await fetch(`${url}/api/v1/ledger`)).json()),
    /** Bytes of memory that are resident, now and at most, and seconds of CPU. */
    usage() {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
      const bytes = (/** @type {string} */ name) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) * 1024
      return { resident: bytes('VmRSS'), mostResident: bytes('VmHWM'), cpu: cpuOf(Number(child.pid)) }
    },
    async stop() {
      agent.destroy()
      child.kill('SIGTERM')
      await exit
      process.off('exit', end)
    },
  }
}

/** Waits until `isDone` says so of the ledger. @param {{ ledger: () => Promise<any> }} collector @param {(ledger: any) => boolean} isDone */
export async function until(collector, isDone) {
  for (;;) {
    const ledger = await collector.ledger()
    if (ledger.imbalances.length > 0) throw new Error(`BUG: ${ledger.imbalances.join('; ')}`)
    if (isDone(ledger)) return ledger
    await sleep(50)
  }
}

/** Sends all of them over eight connections. @param {Awaited<ReturnType<typeof start>>} collector @param {Buffer[]} bodies */
export async function sendAll(collector, bodies) {
  let next = 0
  const sender = async () => {
    while (next < bodies.length) await collector.send(bodies[next++])
  }
  await Promise.all(Array.from({ length: 8 }, sender))
}
