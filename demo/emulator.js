/**
 * A provider on this machine: speaks the HTTP and SSE of OpenAI, Azure OpenAI and Anthropic, replays recorded answers, and fails on request.
 * Which answer a request gets is chosen in `answer.js`, what it may ask for is in `faults.js`, how it is sent in `send.js`.
 *
 *     node demo/emulator.js --port 8080
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { createAnswer } from './answer.js'
import { Attempts, checkControl, controlOfAttempt, readControl } from './faults.js'
import { defaultRecordings, MODELS } from './recordings.js'
import { reply, sendBody, sendError } from './send.js'

/** @typedef {import('./expected.js').Api} Api */
/** @typedef {import('./expected.js').Json} Json */
/** @typedef {import('./faults.js').Control} Control */
/** @typedef {import('node:http').IncomingMessage} IncomingMessage */
/** @typedef {import('node:http').ServerResponse} ServerResponse */
/** @typedef {import('./send.js').Exchange} Exchange */

/**
 * @typedef {object} EmulatorOptions
 * @property {number} [port] Default: 0, any free one.
 * @property {string} [host] Default: `127.0.0.1`.
 * @property {import('./recordings.js').Recordings} [recordings]
 * @property {Control} [defaults] Holds for every request whose `x-emulate` does not say otherwise.
 * @property {number} [logCapacity] Requests kept in `requests`, the newest ones. Default: 1000.
 */

/**
 * One HTTP request, for tests to look at.
 * @typedef {object} LoggedRequest
 * @property {string} method
 * @property {string} path With the query.
 * @property {Readonly<Record<string, string>>} headers Those in `LOGGED_HEADERS`; never a key.
 * @property {string | undefined} model
 * @property {boolean} stream
 * @property {boolean} includeUsage Whether a stream's usage was asked for.
 * @property {string | undefined} retryCount `x-stainless-retry-count`
 * @property {number} attempt From 1.
 * @property {string | undefined} recording What it was answered with; absent when synthetic.
 * @property {number | undefined} status
 * @property {number} chunks Content-bearing chunks sent whole.
 * @property {'pending' | 'answered' | 'cut' | 'aborted'} outcome `cut` by the emulator, `aborted` by the client.
 */

/**
 * @typedef {object} Emulator
 * @property {string} url Without a path: `http://127.0.0.1:8080`. The `openai` client wants `/v1` after it.
 * @property {number} port
 * @property {LoggedRequest[]} requests
 * @property {number} total Requests received, those no longer in `requests` too.
 * @property {Control} defaults May be replaced at any time.
 * @property {() => Promise<void>} close Ends open answers too.
 */

const LOGGED_HEADERS = [
  'anthropic-beta',
  'anthropic-version',
  'content-type',
  'traceparent',
  'user-agent',
  'x-stainless-package-version',
  'x-stainless-retry-count',
]

/** Paths after `/v1`, `/openai/v1` or `/openai/deployments/:deployment`. */
const ROUTES = /** @type {Readonly<Record<string, Api>>} */ ({
  '/chat/completions': 'chat',
  '/completions': 'completions',
  '/embeddings': 'embeddings',
  '/messages': 'messages',
  '/responses': 'responses',
})

const MAX_REQUEST_BYTES = 64 * 2 ** 20

/**
 * Starts an emulator.
 * @param {EmulatorOptions} [options]
 * @returns {Promise<Emulator>}
 */
export async function startEmulator(options = {}) {
  const { port = 0, host = '127.0.0.1', recordings = defaultRecordings(), defaults = {}, logCapacity = 1000 } = options
  checkControl(defaults)
  const answer = createAnswer(recordings)
  const attempts = new Attempts()
  const server = createServer((request, response) => {
    handle(request, response).catch((error) => {
      // A client that has left is no fault of ours; anything else is.
      if (!response.destroyed) response.destroy(error)
      if (error?.name !== 'AbortError' && error?.code !== 'ECONNRESET') console.error('emulator:', error)
    })
  })

  /**
   * @param {IncomingMessage} request
   * @param {ServerResponse} response
   */
  async function handle(request, response) {
    const path = request.url ?? '/'
    const { pathname } = new URL(path, 'http://localhost')
    const [, deployment, rest] = /^(?:\/openai)?(?:\/deployments\/([^/]+)|\/v1)?(\/.*)$/.exec(pathname) ?? []
    const api = rest === undefined || !Object.hasOwn(ROUTES, rest) ? undefined : ROUTES[rest]
    const log = logged(request, path)
    emulator.total++
    emulator.requests.push(log)
    if (emulator.requests.length > logCapacity) emulator.requests.shift()
    const left = new AbortController()
    response.on('close', () => {
      if (log.outcome === 'pending') log.outcome = response.writableFinished ? 'answered' : 'aborted'
      left.abort()
    })
    /** @type {Exchange} */
    const exchange = { api, log, response, left: left.signal, control: {} }

    const text = await readText(request)
    if (rest === '/models' && request.method === 'GET') return sendBody(exchange, 200, JSON.stringify(models(request)))
    if (text === undefined) return sendError(exchange, 413, 'The request is too large.')
    if (api === undefined) return sendError(exchange, 404, `Unknown path ${pathname}.`)
    if (request.method !== 'POST') return sendError(exchange, 405, `Not allowed method ${request.method}.`)
    /** @type {Json} */
    let body
    try {
      body = JSON.parse(text)
      exchange.control = readControl(header(request, 'x-emulate'), emulator.defaults)
    } catch (error) {
      return sendError(exchange, 400, error instanceof Error ? error.message : String(error))
    }
    const decoded = deployment === undefined ? undefined : decodeURIComponent(deployment)
    const model = body?.model ?? decoded
    if (typeof model !== 'string') return sendError(exchange, 400, 'You must provide a model.')
    log.model = model
    log.stream = body.stream === true
    log.includeUsage = body.stream_options?.include_usage === true
    log.attempt = attempts.next(exchange.control.id, log.retryCount)
    exchange.control = controlOfAttempt(exchange.control, log.attempt)
    await reply(exchange, () => answer({ api, model, deployment: decoded, body }, exchange.control))
  }

  /** @type {Emulator} */
  const emulator = { url: '', port: 0, requests: [], total: 0, defaults, close }

  async function close() {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
  }

  server.listen(port, host)
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error(`BUG: listening on ${address}`)
  emulator.port = address.port
  emulator.url = `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`
  return emulator
}

/**
 * @param {IncomingMessage} request
 * @param {string} path
 * @returns {LoggedRequest}
 */
function logged(request, path) {
  /** @type {Record<string, string>} */
  const headers = {}
  for (const name of LOGGED_HEADERS) {
    const value = header(request, name)
    if (value !== undefined) headers[name] = value
  }
  return {
    method: request.method ?? '',
    path,
    headers,
    model: undefined,
    stream: false,
    includeUsage: false,
    retryCount: header(request, 'x-stainless-retry-count'),
    attempt: 1,
    recording: undefined,
    status: undefined,
    chunks: 0,
    outcome: 'pending',
  }
}

/**
 * @param {IncomingMessage} request
 * @param {string} name
 */
function header(request, name) {
  const value = request.headers[name]
  return Array.isArray(value) ? value[0] : value
}

/**
 * The whole request body, or nothing when it is too large.
 * @param {IncomingMessage} request
 */
async function readText(request) {
  /** @type {Buffer[]} */
  const parts = []
  let bytes = 0
  for await (const part of request) {
    bytes += part.length
    if (bytes <= MAX_REQUEST_BYTES) parts.push(part)
  }
  return bytes <= MAX_REQUEST_BYTES ? Buffer.concat(parts).toString() : undefined
}

/**
 * The list of models in the words of the API that asks.
 * @param {IncomingMessage} request
 */
function models(request) {
  if (header(request, 'anthropic-version') !== undefined) {
    const data = Object.keys(MODELS.messages).map((id) => ({
      type: 'model',
      id,
      display_name: id,
      created_at: '2026-01-01T00:00:00Z',
    }))
    return { data, has_more: false, first_id: data.at(0)?.id, last_id: data.at(-1)?.id }
  }
  const ids = new Set(Object.entries(MODELS).flatMap(([api, of]) => (api === 'messages' ? [] : Object.keys(of))))
  const data = [...ids].sort().map((id) => ({ id, object: 'model', created: 1_700_000_000, owned_by: 'emulator' }))
  return { object: 'list', data }
}

/** Runs from the command line until it is told to stop. */
async function main() {
  const { values } = parseArgs({ options: { port: { type: 'string' }, host: { type: 'string' } } })
  const port = Number(values.port ?? 8080)
  if (!Number.isInteger(port) || port < 0 || port > 65535) throw new RangeError(`--port cannot be ${values.port}`)
  const emulator = await startEmulator({ port, ...(values.host === undefined ? {} : { host: values.host }) })
  console.log(`emulator: OpenAI at ${emulator.url}/v1, Anthropic at ${emulator.url}`)
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => emulator.close())
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) await main()
