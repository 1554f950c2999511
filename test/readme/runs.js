/** Commands of the pages that are run as they stand there, each with what has to come of it. In `test/readme/elsewhere.js` are the others. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../../demo/free-port.js'
import { readMetricsPage } from '../../demo/metrics-page.js'
import { must } from '../package/checking.js'
import { ROOT } from './stage.js'

/** @typedef {import('./stage.js').Stage} Stage */
/** `command`: all of it, or how it begins, where it is long. @typedef {{ command: string, run: (stage: Stage, command: string) => Promise<unknown> }} Run */

const MODEL = 'gpt-4.1-nano'
const CALL = `new OpenAI().chat.completions.create({ model: '${MODEL}', messages: [{ role: 'user', content: 'Say hello.' }] })`
const MODULE = `import OpenAI from 'openai'\nawait ${CALL}\n`
const COMMONJS = `const OpenAI = require('openai')\n${CALL}\n`

/** Counts of calls on a page of metrics; none while nobody listens there. @param {string} url */
async function calls(url) {
  const page = await fetch(`${url}/metrics`).then(
    (response) => response.text(),
    () => '',
  )
  return readMetricsPage(page).filter(({ name }) => name === 'gen_ai_client_inference_duration_count')
}

/** @param {Stage} stage @param {string} command */
const json = async (stage, command) => JSON.parse(await stage.output(command))
/** A command of `tokmeter` that asks a collector, told where it is. @param {Stage} stage @param {string} command */
const asking = (stage, command) => stage.output(`${command} --url ${stage.url()}`)

/** That what a command writes has these words. @param {RegExp} words @returns {Run['run']} */
const says = (words) => async (stage, command) => {
  const said = await stage.output(command)
  must(words.test(said), said)
}
/** The same of one that asks a collector. @param {RegExp} words @returns {Run['run']} */
const answers = (words) => async (stage, command) => {
  const said = await asking(stage, command)
  must(words.test(said), said)
}

/** A program that is called app.js. @param {Stage} stage @param {string} text @param {string} folder */
function writeApp({ folder: home }, text, folder = '.') {
  mkdirSync(join(home, folder), { recursive: true })
  writeFileSync(join(home, folder, 'app.js'), text)
}

/** Fills the collector, and calls until calls of now are stored. @param {Stage} stage @param {string} command */
async function demo(stage, command) {
  const said = await stage.during(`${command} --url ${stage.url()}`, () =>
    stage.until(async () => {
      const { operations } = await stage.ask('/operations?service=live-demo&last=1h&limit=1')
      return operations.length > 0
    }),
  )
  must(said.includes(`Open ${stage.url()}/ to look at it.`), said)
  await stage.stored()
}

/** What is written from the code stands in the repository as it is written. @param {Stage} stage @param {string} command @param {string[]} files */
async function writesWhatIsThere(stage, command, files) {
  await stage.output(command)
  for (const file of files)
    must(readFileSync(join(stage.folder, file), 'utf8') === readFileSync(join(ROOT, file), 'utf8'), `changes ${file}`)
}

/** @type {Run[]} */
export const RUNS = [
  {
    command: 'npm run demo',
    async run(stage, command) {
      const port = await freePort()
      const url = `http://127.0.0.1:${port}`
      const isMeasured = async () => (await calls(url)).length > 3
      const said = await stage.during(`${command} -- --port ${port}`, () => stage.until(isMeasured))
      must(said.includes(`Metrics for Prometheus: ${url}/metrics`), said)
    },
  },
  {
    command: 'node --import tokmeter/register app.js',
    async run(stage, command) {
      for (const [folder, text] of [
        ['.', MODULE],
        ['commonjs', COMMONJS],
      ]) {
        const { events, metrics } = stage.receiver.received
        writeApp(stage, text, folder)
        if (folder !== '.') writeFileSync(join(stage.folder, folder, 'package.json'), '{}')
        await stage.output(`cd ${folder} && ${command}`)
        must(stage.receiver.received.events === events + 1, `events by OTLP from ${folder}: not one`)
        must(stage.receiver.received.metrics > metrics, `no metrics by OTLP from ${folder}`)
      }
    },
  },
  {
    command: 'OTEL_METRICS_EXPORTER=prometheus node --import tokmeter/register app.js',
    async run(stage, command) {
      writeApp(stage, `${MODULE}setInterval(() => {}, 60_000)\n`)
      const port = await freePort()
      const isCounted = async () => {
        const [counted] = await calls(`http://127.0.0.1:${port}`)
        return counted?.value === 1 && counted.labels.gen_ai_request_model === MODEL
      }
      await stage.during(command, () => stage.until(isCounted), { OTEL_EXPORTER_PROMETHEUS_PORT: String(port) })
    },
  },
  { command: 'npm start', run: (stage, command) => stage.startCollector(command) },
  { command: 'npm run tokmeter -- demo', run: demo },
  {
    command: 'tokmeter demo',
    async run(stage, command) {
      await stage.startCollector('npm start')
      await demo(stage, command)
    },
  },
  {
    command: 'curl http://127.0.0.1:4318/metrics',
    async run(stage, command) {
      const page = readMetricsPage(await stage.output(command))
      const { accepted } = await stage.ask('/ledger')
      const names = new Set(page.map(({ name }) => name))
      for (const name of ['gen_ai_client_inference_duration_count', 'tokmeter_operation_cost_sum'])
        must(names.has(name), `${accepted} operations, and no ${name}`)
    },
  },
  {
    command: 'curl http://127.0.0.1:4318/api/v1/ledger',
    async run(stage, command) {
      const ledger = await json(stage, command)
      must(ledger.stored > 0 && ledger.imbalances.length === 0, JSON.stringify(ledger))
    },
  },
  {
    command: "curl 'http://127.0.0.1:4318/api/v1/metrics/summary?last=7d'",
    async run(stage, command) {
      const summary = await json(stage, command)
      must(summary.usage.total_requests > 0 && summary.cost.total_cost > 0, JSON.stringify(summary))
    },
  },
  {
    command: 'curl -s localhost:4318/api/v1/analytics/events',
    async run(stage, command) {
      await stage.output(command)
      await stage.stored()
      const { accepted, stored } = await stage.ask('/ledger')
      must(accepted === 1 && stored === 1, `${accepted} accepted, ${stored} stored`)
    },
  },
  {
    command: "curl -s 'localhost:4318/api/v1/costs?last=1h'",
    async run(stage, command) {
      const costs = await json(stage, command)
      must(costs.total_cost === 0.0035 && costs.request_count === 1, JSON.stringify(costs))
    },
  },
  {
    command: 'npm run tokmeter -- query costs last=7d granularity=1d',
    run: answers(/"total_cost": 0\.0035,/),
  },
  { command: 'npm run tokmeter -- report weekly', run: answers(/"total_cost": 0\.0035,/) },
  { command: 'npm run tokmeter -- alerts test --last 7d', run: answers(/"looks": 2016,/) },
  { command: 'npm run tokmeter -- rules --format prometheus', run: says(/- alert: Failing$/m) },
  {
    command: 'npm run docs',
    run: (stage, command) => writesWhatIsThere(stage, command, ['README.md', 'docs/scaling.md']),
  },
  {
    command: 'npm run config',
    run: (stage, command) => writesWhatIsThere(stage, command, ['collector-config/prometheus/page/alerts.yml']),
  },
  {
    command: 'npm run conformance -- --url',
    async run(stage, command) {
      const said = await stage.output(command.replace(/--url \S+/, `--url ${stage.url()}`))
      must(!/^FAIL/m.test(said), said)
    },
  },
  { command: 'tokmeter --help', run: says(/^ {2}collect /m) },
  {
    command: 'tokmeter <command> --help',
    async run(stage, command) {
      const names = [...(await stage.output('tokmeter --help')).matchAll(/^ {2}([a-z-]+) {2,}/gm)].map(
        ([, name]) => name,
      )
      must(names.length > 8, `only ${names}`)
      for (const name of names) {
        const said = await stage.output(command.replace('<command>', name))
        must(/^Usage: tokmeter /m.test(said) && said.includes(name), said)
      }
    },
  },
  { command: 'tokmeter query --help', run: says(/costs/) },
  {
    command: 'tokmeter hash-token',
    async run(stage, command) {
      const said = await stage.output(command, { input: 'abc' })
      // SHA-256 of "abc", as FIPS 180 has it.
      must(said === 'sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n', said)
    },
  },
  {
    command: "curl -s 'localhost:4318/api/v1/costs?last=7d&granularity=1d'",
    async run(stage, command) {
      const { time_series: days, total_cost: whole } = await json(stage, command)
      const sum = days.reduce((/** @type {number} */ all, /** @type {any} */ day) => all + (day.total_cost ?? 0), 0)
      must(days.length === 8 && whole > 0 && Math.abs(sum - whole) < 1e-9, JSON.stringify({ whole, sum, days }))
    },
  },
  {
    command: "curl -s 'localhost:4318/api/v1/performance?model=gpt-4o&last=24h'",
    run: says(/"percentile_error":/),
  },
  { command: 'curl -s localhost:4318/api/v1/query', run: says(/"sum_cost_usd":[\d.]+,"p95_duration_ms":[\d.]+/) },
  { command: 'tokmeter query costs last=7d', run: answers(/"total_cost": [1-9]/) },
  { command: 'tokmeter query top dimension=service --format csv', run: answers(/^rank,value,cost,/) },
  {
    command: 'curl -N localhost:4318/api/v1/live',
    async run(stage, command) {
      await stage.during(command, ({ said }) => stage.until(async () => said().includes('event: snapshot\ndata: {')))
    },
  },
  { command: 'curl -X PUT localhost:4318/api/v1/budgets/each-user', run: says(/"limit_usd":5,"period":"day"/) },
  { command: 'tokmeter query budgets --format table', run: answers(/each-user/) },
  { command: 'tokmeter alerts test --config tokmeter.yaml --last 7d', run: answers(/"looks": 2016,/) },
  { command: 'tokmeter rules --format prometheus --naming page', run: says(/- alert: Failing$/m) },
  { command: 'tokmeter report weekly', run: answers(/"total_cost": [1-9]/) },
  { command: 'tokmeter report daily --date 2026-01-31 --format csv', run: answers(/^2026-01-31T23:00:00.000Z,/m) },
  {
    command: "curl -s 'localhost:4318/api/v1/reports/monthly?date=2026-01&service=checkout'",
    run: says(/"period":"monthly"/),
  },
  { command: 'tokmeter check-config', run: says(/tokmeter\.yaml: no mistakes$/m) },
]

/** The one that is for a command: the longest that it is, or begins with. @template {{ command: string }} One @param {readonly One[]} all @param {string} command @returns {One | undefined} */
export function forCommand(all, command) {
  const fitting = all.filter((one) => `${command} `.startsWith(`${one.command} `))
  return fitting.sort((one, other) => other.command.length - one.command.length)[0]
}
