/** The built collector in a process of its own, as a user runs it, with its own data directory and port. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../../src/collector/dist/main.js', import.meta.url))

/** Sooner than this whatever is waited for has come, or never will. */
const PATIENCE_MS = 60_000

/**
 * @typedef {object} LiveCollector
 * @property {string} url
 * @property {() => Promise<any>} ledger
 * @property {() => Promise<string>} page What it shows at `/metrics`.
 * @property {(isDone: (ledger: any) => boolean) => Promise<any>} until Resolves with the ledger when `isDone` says so of it.
 * @property {() => Promise<void>} stop
 * @property {() => Promise<any[]>} stored The operations it has stored, after it was stopped: what `tokmeter export` writes.
 * @property {() => void} remove Removes its data.
 */

/**
 * Starts a collector; resolves when it is ready.
 * @param {string[]} [args] Further ones of the command line.
 * @returns {Promise<LiveCollector>}
 */
export async function startCollector(args = []) {
  const data = mkdtempSync(join(tmpdir(), 'tokmeter-live-'))
  const child = spawn(
    process.execPath,
    [MAIN, '--port', '0', '--data', data, '--log-format', 'json', '--set', 'identities.key=live', ...args],
    { stdio: ['ignore', 'ignore', 'pipe'], cwd: data },
  )
  // Closed, not just ended: what it said last is read by then.
  const exit = once(child, 'close')
  // Whoever fails does not leave it behind.
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  let said = ''
  const url = await new Promise((resolve, reject) => {
    createInterface({ input: child.stderr }).on('line', (line) => {
      said = `${said}${line}\n`.slice(-5000)
      const listening = /listening on (http:[^"\s]+)/.exec(line)
      if (listening !== null) resolve(listening[1])
    })
    exit.then(([code]) => {
      process.off('exit', kill)
      reject(new Error(`the collector ended with ${code}: ${said}`))
    })
  }).catch((error) => {
    rmSync(data, { recursive: true, force: true })
    throw error
  })

  /** @param {string} path */
  const ask = async (path) => {
    const answer = await fetch(`${url}${path}`)
    if (!answer.ok) throw new Error(`${path} is answered with ${answer.status}: ${await answer.text()}`)
    return answer
  }
  const ledger = async () => {
    const told = /** @type {any} */ (await (await ask('/api/v1/ledger')).json())
    if (told.imbalances.length > 0) throw new Error(`the ledger does not balance: ${told.imbalances.join('; ')}`)
    return told
  }
  const until = async (isDone) => {
    const end = Date.now() + PATIENCE_MS
    for (;;) {
      const told = await ledger()
      if (isDone(told)) return told
      if (Date.now() > end) throw new Error(`what was waited for did not come: ${JSON.stringify(told)}\n${said}`)
      await sleep(20)
    }
  }
  while ((await fetch(`${url}/ready`)).status !== 200) await sleep(10)

  return {
    url,
    ledger,
    until,
    page: async () => (await ask('/metrics')).text(),
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
      const [code] = await exit
      if (code !== 0) throw new Error(`the collector ended with ${code}: ${said}`)
    },
    async stored() {
      const file = join(data, 'stored.jsonl')
      const exporting = spawn(process.execPath, [MAIN, 'export', file, '--data', data, '--force'], {
        stdio: ['ignore', 'ignore', 'pipe'],
        cwd: data,
      })
      let errors = ''
      exporting.stderr.on('data', (part) => {
        errors = (errors + part).slice(-2000)
      })
      const [code] = await once(exporting, 'close')
      if (code !== 0) throw new Error(`the export ended with ${code}: ${errors}`)
      const lines = readFileSync(file, 'utf8').split('\n')
      return lines.filter((line) => line !== '').map((line) => JSON.parse(line))
    },
    remove: () => rmSync(data, { recursive: true, force: true }),
  }
}
