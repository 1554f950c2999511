/** A real Prometheus server of Debian's package `prometheus`, on a directory and a port of its own. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { stringify } from 'yaml'
import { freePort } from '../../demo/free-port.js'

const PATIENCE_MS = 60_000

/** @param {Record<string, any>} config as its file has it */
export async function startPrometheus({ global = { scrape_interval: '15s', scrape_timeout: '15s' }, ...config }) {
  const folder = mkdtempSync(join(tmpdir(), 'tokmeter-prometheus-'))
  const port = await freePort()
  const file = join(folder, 'prometheus.yml')
  writeFileSync(file, stringify({ global, ...config }))
  const server = spawn(
    'prometheus',
    [
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=warn',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  let said = ''
  server.stderr.on('data', (part) => {
    said += part
  })
  const exited = once(server, 'exit')
  /** @param {string} path @returns {Promise<any>} */
  const ask = async (path) => {
    const { status, data, error } = /** @type {any} */ (await (await fetch(`http://127.0.0.1:${port}${path}`)).json())
    if (status !== 'success') throw new Error(`${path}: ${error}`)
    return data
  }
  await until(async () => (await fetch(`http://127.0.0.1:${port}/-/ready`)).ok || undefined)
  return {
    ask,
    /** The series of an expression, at this moment. @param {string} expression @returns {Promise<any[]>} */
    query: async (expression) => (await ask(`/api/v1/query?query=${encodeURIComponent(expression)}`)).result,
    /** What it complained of. */
    get said() {
      return said.trim()
    },
    async stop() {
      server.kill('SIGTERM')
      await exited
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** What `look` finds, as soon as it finds something. @template T @param {() => Promise<T | undefined>} look @returns {Promise<T>} */
export async function until(look) {
  const end = Date.now() + PATIENCE_MS
  for (;;) {
    const found = await look().catch(() => undefined)
    if (found !== undefined) return found
    if (Date.now() > end) throw new Error('what is waited for did not come in time')
    await sleep(100)
  }
}
