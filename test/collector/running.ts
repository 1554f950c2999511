/** Whole collectors for tests, on temporary directories and ports of their own. A process has one embedded store at a time: each file stops them by `stopAll`. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { type Collector, startCollector } from '../../src/collector/collector.js'
import { storeSettings } from '../../src/collector/config/store-settings.js'
import { type Config, loadConfig } from '../../src/collector/config.js'
import type { WholeLedger } from '../../src/collector/ledger.js'
import type { Log } from '../../src/collector/log.js'
import { openStore } from '../../src/collector/store/store.js'

const running = new Set<{ stop: () => Promise<unknown> }>()
const directories: string[] = []

export async function stopAll(): Promise<void> {
  for (const one of running) await one.stop()
  running.clear()
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true })
}

export function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'tokmeter-collector-'))
  directories.push(directory)
  return directory
}

export function configOf(data: string, options: { readonly [option: string]: string } = {}): Config {
  const given = { data, 'listen.port': '0', 'queue.commit.maxDelay': '0ms', 'identities.key': 'a key', ...options }
  const flags = Object.entries(given).map(([name, text]) => ({ name: `--${name}`, path: name.split('.'), text }))
  return loadConfig({ flags, environment: {}, directory: data }).config
}

export async function collector(config: Config, log: Log = pino({ level: 'silent' })): Promise<Collector> {
  const made = await startCollector({ config, version: '0.0.0', log })
  running.add(made)
  return made
}

export async function stop(made: Collector): Promise<boolean> {
  running.delete(made)
  return made.stop()
}

export const json = { 'content-type': 'application/json' }
export const post = (url: string, body: unknown, headers: { [name: string]: string } = json) =>
  fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })

export async function ledgerOf({ url }: Collector): Promise<WholeLedger & { readonly imbalances: readonly string[] }> {
  return (await fetch(`${url}/api/v1/ledger`)).json() as never
}

/** Rows of the operations a stopped collector has stored. */
export async function stored(config: Config) {
  const { location, options } = storeSettings(config)
  const store = await openStore(location, options)
  try {
    const sql = `SELECT id, operation, provider, request_model, cost_nano_dollars AS cost FROM ${store.table('operations')} ORDER BY id`
    return await store.query<{ id: string; operation: string; request_model: string; cost: string | number | null }>(
      sql,
    )
  } finally {
    await store.close()
  }
}

export const event = (id: string, model = 'gpt-4o') => ({
  event_id: id,
  event_type: 'llm_request_completed',
  timestamp_ms: Date.now(),
  provider: 'openai',
  model,
  input_tokens: 1000,
  output_tokens: 100,
  duration_ms: 1200,
})
