/** Fills a running collector: a past of some weeks as events, then calls of the real clients, answered by the emulator, until told to end. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { startEmulator } from './emulator.js'
import { pastEvents } from './history.js'

const compress = promisify(gzip)
const BATCH = 2000
const ATTEMPTS = 30

/**
 * Sends the past; resolves with the number of events. A collector that has no room for the moment is asked again.
 * @param {{ url: string, token?: string, days: number, now: number, signal: AbortSignal, onProgress: (sent: number, total: number) => void }} options
 */
export async function sendPast({ url, token, days, now, signal, onProgress }) {
  const lines = [...pastEvents({ days, now })].map((event) => JSON.stringify(event))
  for (let sent = 0; sent < lines.length; sent += BATCH) {
    signal.throwIfAborted()
    onProgress(sent, lines.length)
    await post(`${url}/api/v1/analytics/events`, token, lines.slice(sent, sent + BATCH).join('\n'), signal)
  }
  onProgress(lines.length, lines.length)
  return lines.length
}

/** @param {string} url @param {string | undefined} token @param {string} text @param {AbortSignal} signal */
async function post(url, token, text, signal) {
  const body = await compress(text)
  const headers = {
    'content-type': 'application/x-ndjson',
    'content-encoding': 'gzip',
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  }
  for (let attempt = 1; ; attempt++) {
    const response = await fetch(url, { method: 'POST', headers, body, signal })
    const answer = await response.text()
    if (response.ok) return
    if (response.status !== 503 || attempt === ATTEMPTS)
      throw new Error(`the collector answers ${response.status}: ${answer.slice(0, 300)}`)
    await sleep(1000 * Number(response.headers.get('retry-after') ?? 1), undefined, { signal })
  }
}

/**
 * Has the real clients call until `signal` is aborted, and everything sent by then.
 * @param {{ url: string, token?: string, signal: AbortSignal }} options
 */
export async function callLive({ url, token, signal }) {
  const emulator = await startEmulator({ logCapacity: 1 })
  const app = fork(fileURLToPath(new URL('./app.js', import.meta.url)), {
    execArgv: ['--import', 'tokmeter/register'],
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: {
      ...process.env,
      EMULATOR_URL: emulator.url,
      OTEL_SERVICE_NAME: 'live-demo',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=demo',
      OTEL_METRICS_EXPORTER: 'otlp',
      OTEL_EXPORTER_OTLP_ENDPOINT: url,
      ...(token !== undefined && { OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer%20${encodeURIComponent(token)}` }),
    },
  })
  let said = ''
  app.stderr?.on('data', (part) => {
    said = (said + part).slice(-2000)
  })
  const exited = once(app, 'exit')
  const stop = () => app.kill('SIGTERM')
  signal.addEventListener('abort', stop)
  if (signal.aborted) stop()
  const [code] = await exited
  signal.removeEventListener('abort', stop)
  await emulator.close()
  if (!signal.aborted) throw new Error(`the program that calls ended with ${code}: ${said.trim()}`)
}
