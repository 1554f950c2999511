/**
 * Has Prometheus itself judge the page of a collector that has received what real instrumentations, the demo and strangers send: its
 * promtool checks it, and a server scrapes it and is asked for every number. Needs Debian's package `prometheus`.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { progress } from '../../bench/line.js'
import { startEmulator } from '../../demo/emulator.js'
import { readMetricsPage } from '../../demo/metrics-page.js'
import { everyCall } from '../../demo/plan.js'
import { CLIENTS } from '../live/clients.js'
import { startCollector } from '../live/collector.js'
import { installClient, runClient } from '../live/suite.js'
import { HOSTILE } from './hostile.js'
import { judge } from './judge.js'
import { startPrometheus, until } from './prometheus.js'

/** All that is made of operations: the collector's metrics of itself go on while Prometheus looks. */
const COMPARED = /^(gen_ai_|tokmeter_operation_)/

const emulator = await startEmulator({ logCapacity: 1 })
const collector = await startCollector(['--set', 'semconv=both'])
await sendEverything()
const page = await collector.page()
const isClean = judge(page)
const isScraped = await scrape()
await collector.stop()
collector.remove()
await emulator.close()
process.exitCode = isClean && isScraped ? 0 : 1

async function sendEverything() {
  for (const client of CLIENTS) {
    const failure = await installClient(client)
    if (failure !== undefined) throw new Error(`${client.name} cannot be installed: ${failure}`)
    progress(`${client.name} …`)
    await runClient(client, { collectorUrl: collector.url, providerUrl: emulator.url })
  }
  progress('the demo …')
  const calls = everyCall()
  await runDemo(calls)
  progress('strangers …')
  const body = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: HOSTILE.flatMap(spansNamed) }] }] })
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(`${collector.url}/v1/traces`, { method: 'POST', headers, body })
  if (answer.status !== 200) throw new Error(`strangers are answered with ${answer.status}: ${await answer.text()}`)
  await collector.until(({ inQueue }) => inQueue === 0)
}

/** The demo's program, which makes its calls once and exports them when it is told to end. @param {object[]} calls */
async function runDemo(calls) {
  const app = spawn(
    process.execPath,
    ['--import', 'tokmeter/register', fileURLToPath(new URL('../../demo/app.js', import.meta.url))],
    {
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
      env: {
        ...process.env,
        CALLS: JSON.stringify(calls),
        EMULATOR_URL: emulator.url,
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        OTEL_SERVICE_NAME: 'demo',
      },
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    },
  )
  const exited = once(app, 'exit')
  const { accepted } = await collector.ledger()
  await Promise.race([once(app, 'message'), exited])
  app.kill('SIGTERM')
  await exited
  const came = (await collector.ledger()).accepted - accepted
  if (came !== calls.length) throw new Error(`of ${calls.length} calls of the demo ${came} came`)
}

/** Operations of every kind, all names the same. @param {string} name @param {number} index */
function spansNamed(name, index) {
  const stringValue = name
  const now = BigInt(Date.now()) * 1_000_000n
  return ['chat', 'embeddings', 'execute_tool', 'invoke_agent', 'invoke_workflow', name].map((operation, kind) => ({
    traceId: 'a'.repeat(32),
    spanId: (index * 10 + kind + 1).toString(16).padStart(16, '0'),
    name: 'stranger',
    startTimeUnixNano: String(now),
    endTimeUnixNano: String(now + 5_000_000n),
    attributes: [
      { key: 'gen_ai.operation.name', value: { stringValue: operation } },
      ...[
        'gen_ai.provider.name',
        'gen_ai.request.model',
        'gen_ai.response.model',
        'gen_ai.tool.name',
        'gen_ai.agent.name',
        'gen_ai.workflow.name',
        'server.address',
        'error.type',
      ].map((key) => ({ key, value: { stringValue } })),
      { key: 'gen_ai.usage.input_tokens', value: { intValue: '10' } },
    ],
  }))
}

/** Whether a Prometheus server scrapes it without a word, and has every number that is on the page. */
async function scrape() {
  const server = await startPrometheus({
    scrape_configs: [{ job_name: 'tokmeter', static_configs: [{ targets: [new URL(collector.url).host] }] }],
  })
  try {
    const target = await until(async () => {
      const { activeTargets } = await server.ask('/api/v1/targets')
      return activeTargets.find(({ lastScrape, health }) => health !== 'unknown' && !lastScrape.startsWith('0001'))
    })
    // A target is told to be scraped a moment before its samples are there.
    /** @type {any[]} */
    let series = []
    await until(async () => {
      series = await server.query('{__name__=~"gen_ai_.*|tokmeter_operation_.*"}')
      return target.lastError !== '' || series.length > 0 ? series : undefined
    })
    const differences = compare(series)
    if (target.lastError !== '') differences.unshift(`the scrape failed: ${target.lastError}`)
    if (server.said !== '') differences.push(`Prometheus says: ${server.said}`)
    const judged = differences.length === 0 ? 'every number as on the page' : differences.slice(0, 20).join('\n')
    console.log(`prometheus: ${series.length} series scraped and asked for, ${judged}`)
    return differences.length === 0
  } finally {
    await server.stop()
  }
}

/** @param {any[]} series As the query answers. @returns {string[]} Differences from the page. */
function compare(series) {
  /** @type {Map<string, number>} */
  const wanted = new Map()
  for (const { name, labels, value } of readMetricsPage(page)) {
    if (COMPARED.test(name)) wanted.set(keyOf(name, labels), value)
  }
  const differences = []
  for (const { metric, value } of series) {
    const { __name__: name, job: _job, instance: _instance, ...labels } = metric
    const key = keyOf(name, labels)
    const expected = wanted.get(key)
    if (expected !== Number(value[1])) differences.push(`${key} is ${value[1]}, not ${expected}`)
    wanted.delete(key)
  }
  differences.push(...[...wanted.keys()].map((key) => `${key} is missing`))
  return differences
}

/** A label that is empty is none to Prometheus. @param {string} name @param {Record<string, string>} labels */
function keyOf(name, labels) {
  const told = Object.entries(labels).filter(([, text]) => text !== '')
  return `${name} ${JSON.stringify(told.sort(([one], [other]) => (one < other ? -1 : 1)))}`
}
