/** Measures any server that takes OTLP/HTTP by the conformance suite. See --help. */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { chosen, DEFAULT_LIMIT, runSuite } from './suite.js'

const HELP = `Measures a server by the specification of OTLP/HTTP 1.11.

  node test/conformance/run.js --url http://127.0.0.1:4318 [options]

  --url URL             of the server, without /v1/traces
  --only NAME           a check, those of a line of the checklist by its number, or those whose
                        names begin so; may be repeated
  --header "NAME: TEXT" sent with every request, as authorization; may be repeated
  --limit BYTES         the largest body the server takes (default ${DEFAULT_LIMIT}, as recommended)
  --cors-origin ORIGIN  an origin whose pages the server lets in
  --ca FILE             certificates to know the server by
  --cert FILE           own certificate, and
  --key FILE            its key, for servers that ask for them
  --insecure            do not check the certificate of the server
  --timeout SECONDS     for each request (default 30)
  --json                one JSON object a line
  --list                the checks, without running them
  --help

One line a check: ok, FAIL or skip (where it cannot be seen from here). Exits with 1 when any failed,
with 2 when it could not be run.
`

/** @param {string} message @returns {never} */
function wrongUse(message) {
  console.error(`${message}\nSee --help.`)
  process.exit(2)
}

function readOptions() {
  try {
    return parseArgs({
      options: {
        url: { type: 'string' },
        only: { type: 'string', multiple: true, default: [] },
        header: { type: 'string', multiple: true, default: [] },
        limit: { type: 'string', default: String(DEFAULT_LIMIT) },
        'cors-origin': { type: 'string' },
        ca: { type: 'string' },
        cert: { type: 'string' },
        key: { type: 'string' },
        insecure: { type: 'boolean', default: false },
        timeout: { type: 'string', default: '30' },
        json: { type: 'boolean', default: false },
        list: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values
  } catch (error) {
    return wrongUse(/** @type {Error} */ (error).message)
  }
}

const options = readOptions()
const { only } = options

/** @param {string} flag @param {string} value */
function positive(flag, value) {
  const number = Number(value)
  return Number.isFinite(number) && number > 0 ? number : wrongUse(`--${flag} must be a positive number; got ${value}`)
}

/** @param {readonly string[]} headers */
function parseHeaders(headers) {
  return Object.fromEntries(
    headers.map((header) => {
      const at = header.indexOf(':')
      // Not repeated: it may be a secret.
      if (at < 1) wrongUse('--header must be "name: text"')
      return [header.slice(0, at).trim().toLowerCase(), header.slice(at + 1).trim()]
    }),
  )
}

/** @param {string | undefined} path */
function file(path) {
  try {
    return path === undefined ? undefined : readFileSync(path, 'utf8')
  } catch (error) {
    return wrongUse(/** @type {Error} */ (error).message)
  }
}

function tlsOf({ ca, cert, key, insecure } = options) {
  const texts = { ca: file(ca), cert: file(cert), key: file(key) }
  const given = Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== undefined))
  return { ...given, ...(insecure && { rejectUnauthorized: false }) }
}

/** @param {import('./suite.js').Result} result */
function print({ name, line, level, says, result, reason }) {
  if (options.json) {
    console.log(JSON.stringify({ name, line, level, says, result, ...(reason !== undefined && { reason }) }))
    return
  }
  const mark = result === 'fail' ? 'FAIL' : result
  console.log(`${mark.padEnd(4)}  ${String(line).padStart(2)}  ${name}: ${says}${reason ? ` -- ${reason}` : ''}`)
}

if (options.help) {
  console.log(HELP)
  process.exit(0)
}
if (chosen(only).length === 0) wrongUse(`there is no check ${only.join(', ')}: --list names them`)
if (options.list) {
  for (const { name, line, level, says } of chosen(only)) {
    const row = { name, line, level, says }
    console.log(
      options.json ? JSON.stringify(row) : `${String(line).padStart(2)}  ${level.padEnd(6)}  ${name}: ${says}`,
    )
  }
  process.exit(0)
}
const { url } = options
if (url === undefined) wrongUse('--url is missing')
if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
  wrongUse(`--url must be an http or https URL; got ${url}`)

const results = await runSuite(
  {
    url,
    headers: parseHeaders(options.header),
    limit: positive('limit', options.limit),
    corsOrigin: options['cors-origin'],
    only,
    timeoutMs: positive('timeout', options.timeout) * 1000,
    tls: tlsOf(),
  },
  print,
)
const counted = (/** @type {string} */ wanted) => results.filter(({ result }) => result === wanted).length
if (!options.json) console.log(`\n${counted('ok')} ok, ${counted('fail')} failed, ${counted('skip')} skipped`)
process.exitCode = counted('fail') > 0 ? 1 : 0
