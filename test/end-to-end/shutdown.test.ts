import { beforeAll, beforeEach, expect, test } from 'vitest'
import { metric } from '../../src/semconv.js'
import { OtlpServer } from '../sdk/otlp-server.js'
import { build, type Ending, run } from './program.js'

let server: OtlpServer

beforeAll(build, 60_000)

beforeEach(async () => {
  server = await OtlpServer.listen()
  return () => server.close()
})

const environment = () => ({ OTEL_EXPORTER_OTLP_ENDPOINT: server.url, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' })
const RECORD = `for (let i = 0; i < 5; i++) tokmeter.record({ operation: 'chat', requestModel: 'gpt-4o', durationMs: 10 })`
const STAY = `setInterval(() => {}, 1000); console.log('ready')`

/** How a program ends that records five operations, and is then killed where a signal is given. */
async function end(options: string, code: string, signal?: NodeJS.Signals): Promise<Ending> {
  const program = run(`const sdk = tokmeter.start(${options}); ${RECORD}; ${code}`, environment())
  if (signal !== undefined) {
    await program.written('ready')
    program.kill(signal)
  }
  return program.ended
}

const arrived = () => [server.points(metric.inferenceDuration)[0]?.count, server.logs().length]

test('a program that comes to its end has sent everything, and ends as it would have', async () => {
  expect(await end(`{ shutdownOn: ['beforeExit'] }`, '')).toMatchObject({ code: 0, signal: null, stderr: '' })
  expect(arrived()).toEqual([5, 5])
})

test('metrics are exported once at the end, not twice', async () => {
  await end(`{ shutdownOn: ['beforeExit'] }`, '')
  expect(server.of('/v1/metrics')).toHaveLength(1)
  expect(server.points(metric.sdkRecorded)[0]?.value).toBe(5)
})

test('the exit code is its own', async () => {
  expect(await end(`{ shutdownOn: ['beforeExit'] }`, 'process.exitCode = 7')).toMatchObject({ code: 7, signal: null })
  expect(arrived()).toEqual([5, 5])
})

test('without being told to, the SDK neither sends at the end nor keeps the program from ending', async () => {
  expect(await end('{}', '')).toMatchObject({ code: 0, signal: null, stderr: '' })
  expect(arrived()).toEqual([undefined, 0])
})

test('a program ended by a signal has sent everything, and is still ended by that signal', async () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    server.requests.length = 0
    expect(await end(`{ shutdownOn: ['${signal}'] }`, STAY, signal)).toMatchObject({ code: null, signal, stderr: '' })
    expect(arrived()).toEqual([5, 5])
  }
})

test('a signal the SDK was not told of does what it always did', async () => {
  expect(await end(`{ shutdownOn: ['beforeExit'] }`, STAY, 'SIGTERM')).toMatchObject({ code: null, signal: 'SIGTERM' })
  expect(arrived()).toEqual([undefined, 0])
})

test('where the application listens to the signal too, it decides what becomes of the process', async () => {
  const own = `process.on('SIGTERM', async () => { await sdk.shutdown(); console.log('mine'); process.exit(3) }); ${STAY}`
  expect(await end(`{ shutdownOn: ['SIGTERM'] }`, own, 'SIGTERM')).toMatchObject({
    code: 3,
    signal: null,
    stdout: 'ready\nmine\n',
  })
  expect(arrived()).toEqual([5, 5])
})

test('what the application still does after the signal is measured too', async () => {
  const own = `process.once('SIGTERM', () => {
    clearInterval(stay)
    setTimeout(() => { sdk.record({ operation: 'chat', requestModel: 'gpt-4o', durationMs: 1 }) }, 50)
  }); const stay = setInterval(() => {}, 1000); console.log('ready')`
  const causes = `{ shutdownOn: ['SIGTERM', 'beforeExit'] }`
  expect(await end(causes, own, 'SIGTERM')).toMatchObject({ code: 0, signal: null })
  expect(arrived()).toEqual([6, 6])
})

test('an endpoint that hangs holds a program no longer than the deadline', async () => {
  server.answer(() => 'hang')
  const options = `{ shutdownOn: ['SIGTERM'], shutdownTimeoutMs: 100 }`
  expect(await end(options, STAY, 'SIGTERM')).toMatchObject({ code: null, signal: 'SIGTERM', stderr: '' })
})

test('an endpoint that is not there holds a program no longer than an export may take, and is no unhandled rejection', async () => {
  const options = `{ shutdownOn: ['beforeExit'], otlp: { url: 'http://127.0.0.1:1', timeoutMs: 100 } }`
  expect(await end(options, '')).toMatchObject({ code: 0, signal: null, stderr: '' })
})

test('listening for Prometheus does not keep a program from ending, nor does a drain to come', async () => {
  const ending = await end('{ prometheus: { port: 0 } }', 'console.log(await sdk.prometheus.listening)')
  expect(ending).toMatchObject({ code: 0, signal: null, stdout: expect.stringMatching(/^http:/) })
})

test('a scraper that keeps its connection does not keep a program from ending', async () => {
  const scrape = `
    const { hostname, port } = new URL(await sdk.prometheus.listening)
    const { connect } = await import('node:net')
    const scraper = connect(Number(port), hostname)
    scraper.write('GET /metrics HTTP/1.1\\r\\nhost: here\\r\\n\\r\\n')
    await new Promise((resolve) => scraper.once('data', resolve))
    scraper.unref()`
  expect(await end('{ prometheus: { port: 0 } }', scrape)).toMatchObject({ code: 0, signal: null })
})

test('an SDK ended by `await using` or by hand has sent everything', async () => {
  expect(await end('{}', 'await sdk[Symbol.asyncDispose]()')).toMatchObject({ code: 0 })
  expect(arrived()).toEqual([5, 5])
})

test('a handle that was dropped is counted as abandoned when it is collected', async () => {
  const code = `
    const sdk = tokmeter.start({ readers: [] })
    ;(() => { for (let i = 0; i < 3; i++) sdk.begin({ operation: 'chat' }) })()
    while (sdk.stats().recorded < 3) { gc(); await new Promise((resolve) => setImmediate(resolve)) }
    console.log(JSON.stringify([sdk.stats().totals.failed, sdk.stats().open]))`
  expect(await run(code, {}, ['--expose-gc']).ended).toMatchObject({ code: 0, stdout: '[3,0]\n' })
})

test('a package that is not installed is named at the start, with the command that installs it', async () => {
  const missing = `
    import Module from 'node:module'
    const resolve = Module._resolveFilename
    Module._resolveFilename = (name, ...rest) => {
      if (name.startsWith('@opentelemetry/host-metrics')) throw Object.assign(new Error('not there'), { code: 'MODULE_NOT_FOUND' })
      return resolve(name, ...rest)
    }
    try { tokmeter.start({ hostMetrics: true, otlp: false }) } catch (error) { console.log(error.message) }`
  expect((await run(missing).ended).stdout).toBe(
    'hostMetrics needs the package @opentelemetry/host-metrics: npm install @opentelemetry/host-metrics\n',
  )
})

test('two copies of the package in one process are one SDK', async () => {
  const code = `
    const copy = await import(${JSON.stringify(new URL('../../dist/src/index.js?copy', import.meta.url).href)})
    const sdk = tokmeter.start({ readers: [] })
    copy.record({ operation: 'chat' })
    console.log(copy === tokmeter, sdk.stats().recorded)`
  expect((await run(code).ended).stdout).toBe('false 1\n')
})
