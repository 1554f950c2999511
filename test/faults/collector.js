/** The built collector as a process of its own: started, asked, killed, ended. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

export const MAIN = fileURLToPath(new URL('../../src/collector/dist/main.js', import.meta.url))

/** Lines of the log that are kept. */
const KEPT_LINES = 2000
/** Of the log: `error`, in pino's numbers. */
const ERROR = 50

/** Nothing of the surroundings configures the collector. */
export const environment = () => ({ PATH: process.env.PATH ?? '', TMPDIR: process.env.TMPDIR ?? '/tmp' })

/** @typedef {ReturnType<typeof startCollector>} Collector */

/** Those that run, by their data directories. @type {Map<import('node:child_process').ChildProcess, string>} */
const running = new Map()

/** Kills the collectors whose data are inside a directory: a fault that broke off has left them. @param {string} directory */
export function killInside(directory) {
  for (const [child, data] of running) if (data.startsWith(directory)) child.kill('SIGKILL')
}

process.on('exit', () => killInside('/'))

/**
 * Starts a collector on a data directory.
 * @param {object} options
 * @param {string} options.data
 * @param {string[]} [options.settings] Options of the configuration: `queue.maxBytes=2GiB`.
 * @param {string[]} [options.nodeOptions]
 * @param {string[]} [options.under] The program that runs it, with its arguments.
 */
export function startCollector({ data, settings = [], nodeOptions = [], under = [] }) {
  const chosen = settings.flatMap((one) => ['--set', one])
  const words = [...under, process.execPath, ...nodeOptions, MAIN, '--port', '0', '--data', data]
  const [program = '', ...args] = [...words, '--log-format', 'json', ...chosen]
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], cwd: dirname(data), env: environment() })
  /** @type {{ level: number, msg: string, [field: string]: any }[]} */
  const log = []
  /** What is no log: of the engine, or of Node before it ends. @type {string[]} */
  const cries = []
  let url = ''
  let hasEnded = false
  running.set(child, data)
  const exit = once(child, 'exit').then(([code, signal]) => {
    hasEnded = true
    running.delete(child)
    return { code, signal }
  })
  createInterface({ input: child.stderr }).on('line', (line) => {
    const listening = /"msg":"listening on (http:[^"]+)"/.exec(line)
    if (listening !== null) url = listening[1]
    try {
      log.push(JSON.parse(line))
      if (log.length > KEPT_LINES) log.shift()
    } catch {
      if (cries.length < 100) cries.push(line)
    }
  })

  return {
    log,
    exit,
    /** Empty until it listens. */
    get url() {
      return hasEnded ? '' : url
    },
    get hasEnded() {
      return hasEnded
    },
    get pid() {
      return /** @type {number} */ (child.pid)
    },
    /** Errors in the log, but for those whose message is expected. @param {RegExp} [expected] */
    errors(expected) {
      return log.filter(({ level, msg }) => level >= ERROR && expected?.test(msg) !== true).map((line) => said(line))
    },
    /** Resolves when it listens. */
    async listening() {
      await until('the collector listens', () => {
        if (hasEnded) throw new Error(`the collector ended: ${[...log.map(said), ...cries].slice(-5).join('; ')}`)
        return url !== ''
      })
    },
    /** @returns {Promise<any>} */
    async ledger() {
      return (await fetch(`${url}/api/v1/ledger`)).json()
    },
    async metrics() {
      return (await fetch(`${url}/metrics`)).text()
    },
    /** @returns {Promise<{ status: number, reasons: string[] }>} */
    async ready() {
      const answer = await fetch(`${url}/ready`)
      const { reasons = [] } = /** @type {any} */ (await answer.json())
      return { status: answer.status, reasons: reasons.map(({ check, reason }) => `${check}: ${reason}`) }
    },
    /** The most memory that ever was resident, in megabytes. */
    highestMemory() {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
      return Math.round((Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) * 1024) / 1e6)
    },
    /** @param {NodeJS.Signals} signal */
    signal: (signal) => child.kill(signal),
    async kill() {
      child.kill('SIGKILL')
      await exit
    },
    /** Ends it as an administrator does. Throws when it did not end well. */
    async stop() {
      child.kill('SIGTERM')
      const { code, signal } = await exit
      if (code !== 0) throw new Error(`the collector ended with ${code ?? signal}: ${cries.slice(-5).join('; ')}`)
    },
  }
}

/** @param {{ level: number, msg: string, [field: string]: any }} line */
function said({ msg, err }) {
  return err === undefined ? msg : `${msg}: ${err.message ?? JSON.stringify(err)}`
}

/**
 * Looks again and again until it is so.
 * @param {string} what @param {() => boolean | Promise<boolean>} look @param {number} [withinMs]
 */
export async function until(what, look, withinMs = 120_000) {
  const end = performance.now() + withinMs
  while (!(await look())) {
    if (performance.now() > end) throw new Error(`waited ${withinMs / 1000} s in vain until ${what}`)
    await sleep(20)
  }
}

/** Waits until all that was accepted is stored; the ledger then, which balances. @param {Collector} collector */
export async function allStored(collector, withinMs = 300_000) {
  let ledger
  await until(
    'all is stored',
    async () => {
      ledger = await collector.ledger()
      return ledger.inQueue === 0
    },
    withinMs,
  )
  return ledger
}
