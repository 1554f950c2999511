import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'
import { COMMANDS } from '../../../src/collector/cli/commands.js'
import { placeOfVariable } from '../../../src/collector/config/places.js'
import { loadConfig } from '../../../src/collector/config.js'

const CONFIG = new URL('../../../collector-config/', import.meta.url)
const read = (name: string) => readFileSync(new URL(name, CONFIG), 'utf8')
const defaults = loadConfig({ directory: '/no/where', environment: {} }).config
const isThere = (program: string) => spawnSync(program, ['--version']).error === undefined

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), 'tokmeter-deployment-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  return path
}

/** `text` with its `${NAME}` and `${NAME:?message}` replaced, as compose does it. */
const interpolated = (text: string, variables: { [name: string]: string }) =>
  text.replace(/\$\{(\w+)(?::\?[^}]*)?\}/g, (_, name: string) => variables[name] ?? expect.fail(`${name} is not set`))

const token = { TOKMETER_TOKEN: 'a-token', TOKMETER_TOKEN_HASH: `sha256:${'a'.repeat(64)}` }
const variables = { ...token, GRAFANA_PASSWORD: 'a-password' }

type Compose = {
  readonly services: {
    readonly [name: string]: {
      readonly ports: readonly string[]
      readonly environment?: { readonly [name: string]: string }
      readonly healthcheck?: { readonly test: readonly string[] }
      readonly build?: { readonly dockerfile_inline: string }
      readonly stop_grace_period?: string
      readonly volumes: readonly string[]
    }
  }
  readonly configs: { readonly prometheus: { readonly content: string } }
  readonly volumes: object
}

const compose = () => parse(interpolated(read('compose.yaml'), variables)) as Compose

test('the container has a configuration that is valid, and asks for a token', () => {
  const { environment = {} } = compose().services['tokmeter']!
  const { config, warnings } = loadConfig({ directory: '/no/where', environment })
  expect(warnings).toEqual([])
  expect(config).toMatchObject({
    listen: { host: '0.0.0.0', port: defaults.listen.port },
    tokens: [{ name: 'compose', hash: token.TOKMETER_TOKEN_HASH, scopes: ['ingest', 'read'] }],
    data: '/data',
  })
})

test('ports, paths and versions of the containers agree with the defaults', () => {
  const { services, configs, volumes } = compose()
  const { tokmeter, prometheus } = services
  const { port } = defaults.listen
  expect(tokmeter?.ports).toEqual([`127.0.0.1:${port}:${port}`])
  expect(prometheus?.ports).toEqual(['127.0.0.1:9090:9090'])
  expect(tokmeter?.healthcheck?.test.join(' ')).toContain(`http://127.0.0.1:${port}/ready`)
  const sources = Object.values(services).flatMap((one) => one.volumes.map((each) => each.split(':')[0]!))
  expect(Object.keys(volumes)).toEqual(sources.filter((source) => !source.startsWith('.')))
  for (const source of sources.filter((one) => one.startsWith('.')))
    expect(existsSync(new URL(source, CONFIG)), source).toBe(true)
  for (const { ports } of Object.values(services)) for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/)
  const { version } = JSON.parse(readFileSync(new URL('../../../src/collector/package.json', import.meta.url), 'utf8'))
  expect(tokmeter?.build?.dockerfile_inline).toContain(`@tokmeter/collector@${version.replace(/\.\d+$/, '')} `)
  expect(Number.parseInt(String(tokmeter?.stop_grace_period), 10) * 1000).toBeGreaterThan(defaults.shutdownTimeout)
  const [scrape] = parse(configs.prometheus.content).scrape_configs
  expect(scrape).toEqual({
    job_name: 'tokmeter',
    metrics_path: defaults.metrics.path,
    authorization: { credentials: token.TOKMETER_TOKEN },
    static_configs: [{ targets: [`tokmeter:${port}`] }],
  })
})

test('the health check of the container runs, and knows a collector that is not there', () => {
  const [, , , script = ''] = compose().services['tokmeter']!.healthcheck!.test
  const url = 'http://127.0.0.1:1/ready'
  const { status, stderr } = spawnSync('node', ['--eval', script.replace(/http:[^']*/, url)], { encoding: 'utf8' })
  expect([status, stderr]).toEqual([1, ''])
})

test.runIf(isThere('promtool'))('promtool has nothing against the configuration of Prometheus', () => {
  const file = join(directory(), 'prometheus.yml')
  writeFileSync(file, compose().configs.prometheus.content)
  symlinkSync(fileURLToPath(new URL('prometheus/page', CONFIG)), join(dirname(file), 'page'))
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'config', file], { encoding: 'utf8' })
  expect([status, stderr]).toEqual([0, ''])
  expect(stdout).toContain('is valid')
})

/** The settings of the unit, each with all its values. */
function settingsOf(unit: string): { [name: string]: string[] } {
  const settings: { [name: string]: string[] } = {}
  for (const [, name = '', value = ''] of unit.matchAll(/^(\w+)=(.*)$/gm))
    settings[name] = [...(settings[name] ?? []), value]
  return settings
}

test('the unit runs the collector with variables it knows, and gives it the time it needs to stop', () => {
  const settings = settingsOf(read('tokmeter.service'))
  expect(settings['ExecStart']).toEqual(['/usr/bin/tokmeter collect'])
  const variables = Object.fromEntries(settings['Environment']!.map((one) => one.split('=') as [string, string]))
  const ours = Object.keys(variables).filter((name) => name.startsWith('TOKMETER_') && name !== 'TOKMETER_CONFIG')
  expect(ours.filter((name) => placeOfVariable(name) === undefined)).toEqual([])
  expect(variables['TOKMETER_DATA']).toBe(`/var/lib/${settings['StateDirectory']}`)
  expect(Number(settings['TimeoutStopSec']) * 1000).toBeGreaterThan(defaults.shutdownTimeout)
  expect(Number(settings['LimitNOFILE'])).toBeGreaterThan(2 * defaults.listen.limits.connections)
  // systemd tries again at most so often: RestartSec must not keep that from ever being reached.
  const tries = Number(settings['StartLimitBurst']) * Number(settings['RestartSec'])
  expect(tries).toBeLessThan(Number(settings['StartLimitIntervalSec']))
})

test.runIf(isThere('systemd-analyze'))('systemd has nothing against the unit, and finds it well shut in', () => {
  const file = join(directory(), 'tokmeter.service')
  writeFileSync(file, read('tokmeter.service').replace('/usr/bin/tokmeter', '/bin/true'))
  const analyze = (...args: string[]) => spawnSync('systemd-analyze', [...args, file], { encoding: 'utf8' })
  const { status, stderr } = analyze('verify', '--man=no')
  expect([status, stderr]).toEqual([0, ''])
  // 10 is exposed, 0 is safe; most services of a distribution are at 9. The threshold is in tenths.
  expect(analyze('security', '--offline=yes', '--no-pager', '--threshold=20').status).toBe(0)
})

type OtelCollector = {
  readonly receivers: {
    readonly [name: string]: { readonly protocols: { readonly [protocol: string]: { readonly endpoint: string } } }
  }
  readonly exporters: { readonly [name: string]: { readonly endpoint?: string } }
  readonly processors: object
  readonly service: { readonly pipelines: { readonly [name: string]: { readonly [kind: string]: readonly string[] } } }
}

test('a stock collector sends to where tokmeter listens, and tokmeter to where it listens', () => {
  const text = read('otel-collector.yaml')
  const { receivers, exporters } = parse(text) as OtelCollector
  const { host, port } = defaults.listen
  expect(exporters['otlp_http/tokmeter']?.endpoint).toBe(`http://${host}:${port}`)
  const [, example = ''] = /^# {3}(forward: .*)$/m.exec(text) ?? []
  const environment = { TOKMETER_FORWARD: JSON.stringify(parse(example).forward) }
  const [target] = loadConfig({ directory: '/no/where', environment }).config.forward
  expect(target?.url).toBe(`http://${receivers['otlp/behind']?.protocols['http']?.endpoint}`)
  const endpoints = Object.values(receivers).flatMap(({ protocols }) =>
    Object.values(protocols).map((one) => one.endpoint),
  )
  expect(new Set([...endpoints, `${host}:${port}`]).size).toBe(endpoints.length + 1)
})

test('its pipelines use what there is, and none leads back', () => {
  const { service, ...parts } = parse(read('otel-collector.yaml')) as OtelCollector
  const used = Object.entries(service.pipelines).flatMap(([, pipeline]) => Object.entries(pipeline))
  for (const [kind, names] of used)
    for (const name of names) expect(Object.keys(parts[kind as 'receivers'])).toContain(name)
  for (const kind of ['receivers', 'processors', 'exporters'] as const) {
    const named = new Set(used.filter(([one]) => one === kind).flatMap(([, names]) => names))
    expect([...named].sort()).toEqual(Object.keys(parts[kind]).sort())
  }
  for (const { receivers = [], exporters = [] } of Object.values(service.pipelines))
    if (receivers.includes('otlp/behind')) expect(exporters).not.toContain('otlp_http/tokmeter')
  const pipelines = ['traces', 'metrics', 'logs'].flatMap((signal) => [`${signal}/before`, `${signal}/behind`])
  expect(Object.keys(service.pipelines).sort()).toEqual(pipelines.sort())
})

test('no file names a command or an option of the command line that does not exist', () => {
  const known = new Set([...COMMANDS.map(({ name }) => name), 'collect'])
  const options = new Set(['config', 'port', 'set', ...COMMANDS.flatMap((one) => Object.keys(one.options))])
  for (const name of ['tokmeter.yaml', 'tokmeter.service', 'compose.yaml', 'otel-collector.yaml']) {
    const text = read(name)
    const commands = [
      ...text.matchAll(/(?:`tokmeter|npx @tokmeter\/collector|bin\/tokmeter) ([a-z][a-z-]+)((?: --[a-z-]+)*)/g),
    ]
    for (const [, command = '', given = ''] of commands) {
      expect(known).toContain(command)
      for (const option of given.split(' --').slice(1)) expect(options).toContain(option)
    }
  }
})
