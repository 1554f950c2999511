/**
 * Has a real Prometheus that scrapes the real collector and the real SDK answer every query of every dashboard and every rule, under the
 * traffic of the demo and of agents; and compares what the dashboards sum with what the collector answers. Needs Debian's package `prometheus`.
 *
 * That Prometheus (2.42) cannot receive OTLP yet: for the dashboards of the other naming it scrapes the collector's page a second time
 * with the names translated as Prometheus translates them.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { start } from 'tokmeter'
import { progress } from '../../bench/line.js'
import { DASHBOARDS } from '../../collector-config/generate/generated-files.js'
import { METRICS, NAMINGS, prometheusName } from '../../collector-config/generate/metric-names.js'
import { startEmulator } from '../../demo/emulator.js'
import { freePort } from '../../demo/free-port.js'
import { startCollector } from '../live/collector.js'
import { startPrometheus, until } from './prometheus.js'

/**
 * What is drawn at random comes when it comes: a query is asked again until it has data, while the traffic goes on. This long at most,
 * for all of them together.
 */
const PATIENCE_MS = 90_000
const root = fileURLToPath(new URL('../..', import.meta.url))
const failures = /** @type {string[]} */ ([])

const emulator = await startEmulator({ logCapacity: 1 })
const collector = await startCollector(['--set', 'budgets=[{ name: all, limitUsd: 10, period: month, per: service }]'])
const translated = await serveTranslated()
const appPort = await freePort()
const prometheus = await startPrometheus({
  global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
  rule_files: ['recording', 'alerts'].map((name) => join(root, `collector-config/prometheus/page/${name}.yml`)),
  scrape_configs: [
    { job_name: 'tokmeter', static_configs: [{ targets: [new URL(collector.url).host] }] },
    { job_name: 'tokmeter-otlp', static_configs: [{ targets: [translated.host] }] },
    { job_name: 'shop', static_configs: [{ targets: [`127.0.0.1:${appPort}`] }] },
  ],
})
const app = startApp()
const endAgents = startAgents()
progress('traffic …')
const deadline = Date.now() + PATIENCE_MS

let asked = 0
for (const naming of NAMINGS) {
  const job = naming === 'page' ? 'tokmeter' : 'tokmeter-otlp'
  for (const make of DASHBOARDS) {
    const { title, rows } = make(naming)
    for (const panel of rows.flatMap(({ panels }) => panels)) {
      for (const { expr } of panel.queries) {
        asked++
        // The SDK's own metrics are those of the program.
        const of = expr.includes('tokmeter_sdk_') ? 'shop' : job
        if (naming === 'otlp' && of === 'shop') continue
        await look(`${title}: ${panel.title} (${naming})`, inWords(expr, of), panel.mayBeEmpty === true)
      }
    }
  }
}
for (const { rules } of (await prometheus.ask('/api/v1/rules')).groups)
  for (const { name, type, health, lastError } of rules) {
    asked++
    if (health !== 'ok') failures.push(`the rule ${name} is ${health}: ${lastError}`)
    if (type === 'recording') await look(`the rule ${name}`, name, false)
  }
console.log(`dashboards: ${asked} queries asked of a real Prometheus`)

app.kill('SIGTERM')
await once(app, 'exit')
await endAgents()
await collector.until(({ inQueue }) => inQueue === 0)
await compareSums()

await prometheus.stop()
await collector.stop()
collector.remove()
translated.close()
await emulator.close()
for (const failure of failures) console.log(`FAILED ${failure}`)
console.log(`${asked - failures.length} passed, ${failures.length} failed`)
process.exitCode = failures.length === 0 ? 0 : 1

/** @param {string} what @param {string} expression @param {boolean} mayBeEmpty */
async function look(what, expression, mayBeEmpty) {
  const hasData = async () => (await prometheus.query(expression)).some(({ value }) => value[1] !== 'NaN')
  try {
    while (!(await hasData()) && !mayBeEmpty) {
      if (Date.now() > deadline) {
        failures.push(`${what}: no data from ${expression}`)
        return
      }
      await sleep(250)
    }
  } catch (error) {
    failures.push(`${what}: ${/** @type {Error} */ (error).message}`)
  }
}

/** An expression of a dashboard as Grafana asks it. @param {string} expr @param {string} job */
function inWords(expr, job) {
  return expr
    .replaceAll('$__rate_interval', '1m')
    .replaceAll('$__range', '5m')
    .replaceAll('$job', job)
    .replace(/\$\w+/g, '.*')
}

/** What the dashboards sum over a range, since the start, must be what the collector answers: the same operations, two ways. */
async function compareSums() {
  const start_time = new Date(Date.now() - 3_600_000).toISOString()
  const response = await fetch(`${collector.url}/api/v1/query`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      start_time,
      group_by: ['model'],
      filters: [
        { dimension: 'operation', operator: 'not_in', value: ['invoke_agent', 'invoke_workflow', 'execute_tool'] },
      ],
      metrics: [
        { field: 'cost_usd', aggregation: 'sum', alias: 'cost' },
        // The dashboards count calls by their durations: one that was under way when its program ended has none.
        { field: 'duration_ms', aggregation: 'count', alias: 'calls' },
      ],
    }),
  })
  const answered = /** @type {any} */ (await response.json())
  const panelOf = (/** @type {string} */ dashboard, /** @type {string} */ title) => {
    const found = DASHBOARDS.map((make) => make('page')).find(({ uid }) => uid === dashboard)
    const panel = found?.rows.flatMap(({ panels }) => panels).find((one) => one.title === title)
    if (panel === undefined) throw new Error(`there is no panel ${title}`)
    // An increase is told by extrapolation; since the start it is what is there.
    return inWords(panel.queries[0].expr, 'tokmeter').replace(/increase\(([^[]*)\[[^\]]*\]\)/g, '$1')
  }
  const close = (/** @type {number} */ one, /** @type {number} */ other) =>
    Math.abs(one - other) <= 1e-9 * Math.abs(other)
  const byModel = new Map(answered.rows.map(({ model, cost, calls }) => [model, { cost, calls }]))
  const calls = answered.rows.reduce((sum, row) => sum + row.calls, 0)
  // The page is scraped once a second: what was accepted last is there a moment later.
  let told = Number.NaN
  await until(async () => {
    const [{ value }] = await prometheus.query(panelOf('tokmeter-overview', 'Calls'))
    told = Number(value[1])
    return told === calls ? told : undefined
  }).catch(() => failures.push(`the dashboard has ${told} calls, the collector answers ${calls}`))
  const spent = await prometheus.query(panelOf('tokmeter-cost', 'Spend by model'))
  for (const { metric, value } of spent) {
    const expected = byModel.get(metric.gen_ai_request_model ?? '')?.cost
    if (typeof expected !== 'number' || !close(Number(value[1]), expected))
      failures.push(
        `spend of ${metric.gen_ai_request_model} is ${value[1]} on the dashboard, ${expected} in the answer`,
      )
  }
  const priced = [...byModel.values()].filter(({ cost }) => typeof cost === 'number' && cost > 0).length
  if (spent.length < priced)
    failures.push(`the dashboard has the spend of ${spent.length} models, the answer of ${priced}`)
  console.log(`dashboards: ${calls} calls and the spend of ${spent.length} models are what the collector answers`)
}

/** The demo's program, which goes on making calls until it is told to end. */
function startApp() {
  return spawn(process.execPath, ['--import', 'tokmeter/register', 'demo/app.js'], {
    cwd: root,
    env: {
      ...process.env,
      EMULATOR_URL: emulator.url,
      OTEL_METRICS_EXPORTER: 'otlp,prometheus',
      OTEL_EXPORTER_PROMETHEUS_PORT: String(appPort),
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_SERVICE_NAME: 'shop',
    },
    stdio: 'ignore',
  })
}

/** A program whose agents, workflows and tools are recorded by hand, some of which fail; returns what ends it. */
function startAgents() {
  const sdk = start({ serviceName: 'agents', otlp: { url: collector.url, intervalMs: 1000 } })
  let made = 0
  const timer = setInterval(() => {
    const error = made++ % 4 === 0 ? { type: 'timeout' } : undefined
    const run = { agentName: 'planner', durationMs: 800 }
    sdk.record({ ...run, operation: 'invoke_agent', inferenceCalls: 3, toolCalls: 2 })
    sdk.record({ ...run, operation: 'invoke_workflow', workflowName: 'checkout' })
    sdk.record({ ...run, operation: 'execute_tool', toolName: 'search', ...(error && { error }) })
    sdk.record({ ...run, operation: 'execute_tool', toolName: 'sql', durationMs: 20 })
  }, 200)
  return async () => {
    clearInterval(timer)
    await sdk.shutdown()
  }
}

/** The collector's page with the names that Prometheus gives to what it receives by OTLP. */
async function serveTranslated() {
  const names = new Map(
    METRICS.flatMap((metric) =>
      (metric.kind === 'histogram' ? ['_bucket', '_sum', '_count', ''] : ['']).map((suffix) => [
        `${prometheusName(metric, 'page')}${suffix}`,
        `${prometheusName(metric, 'otlp')}${suffix}`,
      ]),
    ),
  )
  const server = createServer(async (_request, response) => {
    const page = await collector.page()
    const translated = page.replace(
      /^(# \w+ )?([a-zA-Z_:][\w:]*)/gm,
      (_, comment = '', name) => `${comment}${names.get(name) ?? name}`,
    )
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(translated)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  return { host: `127.0.0.1:${port}`, close: () => server.close() }
}
