/**
 * Where the commands of a page are run: a folder that is the repository to them, in which all is built already, an emulator for a provider,
 * and a collector on a port of its own. The shell runs commands as they stand there. That the collector listens on another port than 4318
 * is told to it and to curl by options of theirs: `TOKMETER_LISTEN_PORT`, `connect-to`.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parse, stringify } from 'yaml'
import { startEmulator } from '../../demo/emulator.js'
import { startReceiver } from '../../demo/receiver.js'
import { blocksOf } from './commands.js'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))
/** Sooner than this whatever is waited for has come, or never will. */
const PATIENCE_MS = 90_000
/** Characters of what a command writes that are kept: the last ones. */
const LENGTH_LIMIT = 50_000_000
/** What is as it is in the repository, and what commands may write to. */
const LINKED = ['demo', 'dist', 'examples', 'instrumentation', 'node_modules', 'src', 'test']
const COPIED = ['README.md', 'collector-config', 'docs']

/** @param {import('./commands.js').Block} block */
const isYaml = ({ language }) => language === 'yaml'

/** @typedef {Awaited<ReturnType<typeof setStage>>} Stage */
/** @typedef {{ readonly said: () => string, readonly exit: Promise<number | null>, readonly end: (signal?: NodeJS.Signals) => Promise<number | null> }} Running */

export async function setStage() {
  const folder = mkdtempSync(join(tmpdir(), 'tokmeter-readme-'))
  const [emulator, receiver] = await Promise.all([startEmulator(), startReceiver()])
  for (const name of LINKED) symlinkSync(join(ROOT, name), join(folder, name))
  for (const name of COPIED) cpSync(join(ROOT, name), join(folder, name), { recursive: true })
  const { scripts, ...manifest } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ ...manifest, scripts: { ...scripts, build: 'true' } }))
  // Rules as the pages have them; nobody is to be told.
  const [{ text }] = blocksOf(readFileSync(join(ROOT, 'docs/collector.md'), 'utf8'), '').filter(isYaml)
  writeFileSync(join(folder, 'tokmeter.yaml'), stringify({ alerts: { rules: parse(text).alerts.rules } }))
  const programs = join(folder, 'bin')
  mkdirSync(programs)
  // As npm would link it.
  writeFileSync(join(programs, 'tokmeter'), `#!/bin/sh\nexec node '${join(ROOT, 'src/collector/dist/main.js')}' "$@"\n`)
  chmodSync(join(programs, 'tokmeter'), 0o755)

  const environment = {
    ...process.env,
    PATH: `${programs}:${process.env['PATH']}`,
    CURL_HOME: programs,
    TOKMETER_LISTEN_PORT: '0',
    npm_config_update_notifier: 'false',
    OPENAI_API_KEY: 'none',
    OPENAI_BASE_URL: `${emulator.url}/v1`,
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
  }
  /** @type {Running | undefined} */
  let collector
  let url = ''

  /** @param {string} command @param {Record<string, string>} [variables] @param {string} [input] @returns {Running} */
  function start(command, variables = {}, input = '') {
    const child = spawn('bash', ['-c', command], {
      cwd: folder,
      env: { ...environment, ...variables },
      // A group of its own: what the shell and npm start ends with it.
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    let text = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (part) => (text = (text + part).slice(-LENGTH_LIMIT)))
    child.stdin.on('error', () => {}).end(input)
    const signal = (/** @type {NodeJS.Signals} */ name) => {
      try {
        process.kill(-Number(child.pid), name)
      } catch {
        // It ended by itself.
      }
    }
    const kill = () => signal('SIGKILL')
    process.once('exit', kill)
    // Closed, not just ended: everybody of the group has gone, and what it said last is read.
    const exit = once(child, 'close').then(([code]) => {
      process.off('exit', kill)
      return /** @type {number | null} */ (code)
    })
    return {
      said: () => text,
      exit,
      async end(name = 'SIGTERM') {
        signal(name)
        return exit
      },
    }
  }

  const stage = {
    folder,
    emulator,
    receiver,
    /** Of the collector that runs. */
    url: () => url,
    /** The JSON that the collector answers. @param {string} path @returns {Promise<any>} */
    async ask(path) {
      const response = await fetch(`${url}/api/v1${path}`, { headers: { 'cache-control': 'no-cache' } })
      if (!response.ok) throw new Error(`${path} is answered with ${response.status}: ${await response.text()}`)
      return response.json()
    },
    /** Runs a command to its end, which has to be a good one; what it wrote. @param {string} command @param {{ variables?: Record<string, string>, input?: string }} [options] */
    async output(command, { variables, input } = {}) {
      const running = start(command, variables, input)
      const code = await running.exit
      if (code !== 0) throw new Error(`ended with ${code}: ${running.said().slice(-3000)}`)
      return running.said()
    },
    /** Runs a command for as long as `work` takes, and then ends it as Ctrl-C does; what it wrote. @param {string} command @param {(running: Running) => Promise<unknown>} work @param {Record<string, string>} [variables] */
    async during(command, work, variables) {
      const running = start(command, variables)
      const ended = running.exit.then((code) => {
        throw new Error(`ended by itself with ${code}: ${running.said().slice(-3000)}`)
      })
      try {
        await Promise.race([work(running), ended])
      } finally {
        ended.catch(() => {})
        await running.end('SIGINT')
      }
      return running.said()
    },
    /** Starts a collector that has nothing yet, in place of the one before. @param {string} command */
    async startCollector(command) {
      await stage.stopCollector()
      rmSync(join(folder, 'tokmeter-data'), { recursive: true, force: true })
      const running = start(command)
      collector = running
      await until(async () => /listening on http:[^"\s]+/.test(running.said()), running.said)
      ;[, url = ''] = /listening on (http:[^"\s]+)/.exec(running.said()) ?? []
      const { host } = new URL(url)
      const hosts = ['127.0.0.1', 'localhost'].map((name) => `connect-to = "${name}:4318:${host}"`)
      writeFileSync(join(programs, '.curlrc'), [...hosts, 'fail-with-body', 'no-progress-meter', ''].join('\n'))
      await until(async () => (await fetch(`${url}/ready`)).status === 200, running.said)
    },
    async stopCollector() {
      const code = await collector?.end()
      collector = undefined
      return code
    },
    /** Waits until all that was accepted is stored. */
    stored: () => until(async () => (await stage.ask('/ledger')).inQueue === 0),
    until,
    async clear() {
      await stage.stopCollector()
      receiver.close()
      await emulator.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
  return stage
}

/** @param {() => Promise<boolean>} isSo @param {() => string} [said] */
async function until(isSo, said = () => '') {
  const end = Date.now() + PATIENCE_MS
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error(`what was waited for did not come: ${said().slice(-3000)}`)
    await sleep(50)
  }
}
