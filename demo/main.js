/**
 * The demo: a program that calls language models through the real clients, measured from outside.
 *
 *     npm run demo              until Ctrl-C, with a live table
 *     npm run demo -- --once    a fixed run; exits 0 only if every number on /metrics is what the recordings say
 *
 * The provider is the emulator on this machine, so nothing leaves it and nothing is spent.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startEmulator } from './emulator.js'
import { freePort } from './free-port.js'
import { readMetricsPage } from './metrics-page.js'
import { everyCall } from './plan.js'
import { startReceiver } from './receiver.js'
import { createLiveTable, renderTable } from './table.js'
import { verifyPage } from './verify.js'

const HELP = `npm run demo -- [options]

  --once         a fixed run of every recording; exits 0 only if every number on /metrics is right
  --seconds N    end after N seconds (default: at Ctrl-C)
  --port N       port of /metrics (default: 9464; with --once any free one)
  --print        with --once: print the page of metrics too
  --help         this text
`

const { values: options } = parseArgs({
  options: {
    once: { type: 'boolean', default: false },
    seconds: { type: 'string' },
    port: { type: 'string' },
    print: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

if (!existsSync(new URL('../dist/instrumentation/register.js', import.meta.url))) {
  console.error('The package is not built yet: npm run build')
  process.exit(1)
}
if (options.help) console.log(HELP)
else await (options.once ? runOnce() : runLive())

async function runOnce() {
  const calls = everyCall()
  const demo = await startAll(await freePort(), { CALLS: JSON.stringify(calls) })
  await once(demo.app, 'message')
  const page = await (await fetch(demo.metricsUrl)).text()
  await demo.stopApp()
  const { compared, differences } = verifyPage(page, calls)
  if (options.print) console.log(page)
  console.log(
    renderTable(
      { rows: demo.receiver.rows(), dropped: dropped(page), elapsedMs: demo.elapsedMs() },
      { width: 120, isPlain: true },
    ).join('\n'),
  )
  console.log(
    `\n${calls.length} calls by the real clients; ${compared} numbers on /metrics compared with the recordings.`,
  )
  console.log(`By OTLP: ${demo.receiver.received.events} events, ${demo.receiver.received.metrics} exports of metrics.`)
  for (const { key, wanted, got } of differences)
    console.log(`DIFFERS  ${key}: must be ${wanted ?? 'absent'}, is ${got ?? 'absent'}`)
  const events = demo.receiver.received.events === calls.length
  if (!events) console.log(`DIFFERS  events by OTLP: must be ${calls.length}`)
  const right = differences.length === 0 && events
  console.log(right ? 'Every number is right.' : `${differences.length} numbers differ.`)
  await demo.close()
  process.exitCode = right ? 0 : 1
}

async function runLive() {
  const demo = await startAll(Number(options.port ?? 9464) || (await freePort()), {})
  const table = createLiveTable()
  console.log(`Metrics for Prometheus: ${demo.metricsUrl}    Ctrl-C ends the demo.\n`)
  const look = async () => {
    const page = await fetch(demo.metricsUrl).then(
      (response) => response.text(),
      () => '',
    )
    return { rows: demo.receiver.rows(), dropped: page === '' ? 0 : dropped(page), elapsedMs: demo.elapsedMs() }
  }
  let last = await look()
  const timer = setInterval(async () => {
    last = await look()
    table.update(last)
  }, 500)
  await Promise.race([
    once(process, 'SIGINT'),
    once(process, 'SIGTERM'),
    once(demo.app, 'exit'),
    ...(options.seconds === undefined
      ? []
      : [new Promise((resolve) => setTimeout(resolve, Number(options.seconds) * 1000))]),
  ])
  clearInterval(timer)
  last = await look()
  await demo.stopApp()
  table.end({ ...last, rows: demo.receiver.rows() })
  await demo.close()
}

/** Starts the emulator, the receiver and the measured program. @param {number} port @param {Record<string, string>} environment */
async function startAll(port, environment) {
  const [emulator, receiver] = await Promise.all([startEmulator(), startReceiver()])
  const startedAt = performance.now()
  const app = fork(fileURLToPath(new URL('app.js', import.meta.url)), {
    execArgv: ['--import', 'tokmeter/register'],
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    env: {
      ...process.env,
      EMULATOR_URL: emulator.url,
      OTEL_SERVICE_NAME: 'tokmeter-demo',
      OTEL_METRICS_EXPORTER: 'prometheus,otlp',
      OTEL_EXPORTER_PROMETHEUS_PORT: String(port),
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      ...environment,
    },
    // Ctrl-C reaches the whole group; the program is to end when the demo says so.
    detached: true,
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
  })
  // What the clients say of deprecated models would tear the table; it is shown only if the program fails.
  let complaints = ''
  app.stderr?.on('data', (text) => {
    complaints = (complaints + text).slice(-10_000)
  })
  const exited = once(app, 'exit').then(([code]) => {
    if (code) console.error(complaints)
  })
  return {
    app,
    receiver,
    metricsUrl: `http://127.0.0.1:${port}/metrics`,
    elapsedMs: () => performance.now() - startedAt,
    async stopApp() {
      if (app.exitCode === null && app.signalCode === null) app.kill('SIGTERM')
      await exited
    },
    async close() {
      receiver.close()
      await emulator.close()
    },
  }
}

/** @param {string} page */
function dropped(page) {
  return readMetricsPage(page)
    .filter(({ name }) => name === 'tokmeter_sdk_operations_dropped_total')
    .reduce((sum, { value }) => sum + value, 0)
}
