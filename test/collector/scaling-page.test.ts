/** docs/scaling.md and the files it names: tables that follow from the figures, configurations that are valid and fit each other. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { ASSUMPTIONS, FIGURES } from '../../docs/scaling-figures.js'
import { billionCoreHours, collectorsFor, rollupBytes, rounded, withScalingTables } from '../../docs/scaling-tables.js'
import { replaceBetween } from '../../docs/tables.js'
import { COMMANDS } from '../../src/collector/cli/commands.js'
import { runCommandLine } from '../../src/collector/cli/run.js'
import { loadConfig } from '../../src/collector/config.js'
import { foundation, MIGRATIONS } from '../../src/collector/store/schema.js'
import { DEFAULT_RETENTION_DAYS } from '../../src/collector/store/store.js'
import { createTerminal } from './cli/terminal.js'

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const page = read('docs/scaling.md')
const file = fileURLToPath(new URL('../../collector-config/scaling/tokmeter.yaml', import.meta.url))
const hash = `sha256:${'a'.repeat(64)}`
const environment = {
  TOKMETER_INGEST_HASH: hash,
  TOKMETER_READ_HASH: `sha256:${'b'.repeat(64)}`,
  CLICKHOUSE_PASSWORD: 'secret',
  TOKMETER_SHARED_KEY: 'a key',
}

test('the tables of the page follow from the figures (npm run docs writes them)', () => {
  expect(withScalingTables(page, replaceBetween)).toBe(page)
})

test('the arithmetic is what it is said to be', () => {
  const figures = { ...FIGURES, storedPerSecond: 20_000 }
  const assumptions = { ...ASSUMPTIONS, utilisation: 0.5, combinations: 10, mainCombinations: 4 }
  expect([1, 10_000, 10_001].map((rate) => collectorsFor(rate, figures, assumptions))).toEqual([1, 1, 2])
  const cpu = { ...figures, collectorMicroseconds: 36, engineMicroseconds: 18 }
  expect(billionCoreHours(cpu, { ...assumptions, replicas: 1 })).toBe(30)
  expect(billionCoreHours(cpu, { ...assumptions, replicas: 2 })).toBe(40)
  const storedBytes = {
    operations: 1,
    operations_1m: 1,
    operations_5m: 1,
    operations_1h: 1,
    operations_1h_main: 1,
    operations_1d: 1,
    operations_1d_main: 1,
  }
  const daily = 10 * (1440 + 288 + 24 + 1) + 4 * (24 + 1)
  const kept = 10 * (1440 * 40 + 288 * 40 + 24 * 400 + 1825) + 4 * (24 * 400 + 1825)
  expect(rollupBytes({ ...figures, storedBytes }, assumptions)).toEqual({ daily, kept })
  expect([0.123, 1234, 9.96].map(rounded)).toEqual(['0.12', '1,200', '10'])
})

test('its days of retention are the defaults', () => {
  expect(DEFAULT_RETENTION_DAYS).toEqual({ raw: 30, '1m': 40, '5m': 40, '1h': 400, '1d': 1825 })
})

test('the page names no file that is not there', () => {
  const linked = [...page.matchAll(/\]\((?!http)([^)#]+)\)/g)].map(
    (match) => new URL(match[1]!, 'file:///docs/').pathname,
  )
  expect(linked.length).toBeGreaterThan(4)
  for (const path of linked.filter((one) => !one.endsWith('/'))) expect(read(path.slice(1)).length).toBeGreaterThan(0)
  for (const [, path = ''] of page.matchAll(/`((?:test|bench)\/[\w./-]+)`/g))
    expect(read(path).length).toBeGreaterThan(0)
})

test('check-config has nothing against the configuration of one of several collectors', async () => {
  const { terminal, written } = createTerminal()
  const before = { ...process.env }
  Object.assign(process.env, environment)
  try {
    const code = await runCommandLine(['check-config', file], { commands: COMMANDS, version: '0', terminal })
    expect([code, written.errors]).toEqual([0, ''])
  } finally {
    process.env = before
  }
})

test('collectors, load balancers and servers call each other by the same names', () => {
  const { config, warnings } = loadConfig({ file, environment, directory: '/no/where' })
  expect(warnings).toEqual([])
  const nginx = read('collector-config/scaling/nginx.conf')
  const servers = [...nginx.matchAll(/server (collector-\d):(\d+) /g)].map(([, name, port]) => `http://${name}:${port}`)
  expect(servers).toEqual([1, 2, 3].map((index) => `http://collector-${index}:${config.listen.port}`))
  const { exporters } = parse(read('collector-config/scaling/otel-by-trace.yaml'))
  expect(exporters.load_balancing.resolver.static.hostnames).toEqual(servers)
  const [, idle = ''] = /keepalive_timeout (\d+)s/.exec(nginx) ?? []
  expect(Number(idle) * 1000).toBeLessThan(config.listen.limits.keepAliveTimeout)
  const [, body = ''] = /client_max_body_size (\d+)m/.exec(nginx) ?? []
  expect(Number(body) * 2 ** 20).toBe(config.listen.limits.body)

  const servant = read('collector-config/scaling/clickhouse.xml')
  const { cluster = '' } = config.store
  expect(servant).toContain(`<${cluster}>`)
  const placement = { database: config.store.database, cluster }
  const sql = [
    ...foundation(placement),
    ...MIGRATIONS.flatMap((migration) => migration.statements(placement, DEFAULT_RETENTION_DAYS)),
  ].join('\n')
  const macros = new Set([...sql.matchAll(/\{(\w+)\}/g)].map(([, name]) => name))
  // Those two are the server's own.
  for (const name of ['database', 'table']) macros.delete(name)
  expect([...macros].sort()).toEqual(['replica', 'shard'])
  for (const macro of macros) expect(servant).toMatch(new RegExp(`<macros>[^]*<${macro}>[^]*</macros>`))
})
