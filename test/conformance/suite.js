/** The conformance suite of OTLP/HTTP 1.11: every line of the checklist as checks with names, and how they are run. */
import { Failed, Skipped } from './check.js'
import { ACCESS } from './checks/access.js'
import { ANSWERS, RETRY_AFTER } from './checks/answers.js'
import { CONNECTIONS } from './checks/connections.js'
import { CONTENT_ENCODINGS } from './checks/encodings.js'
import { GOLDEN_BODIES } from './checks/golden.js'
import { JSON_DIALECT } from './checks/json.js'
import { LIMITS } from './checks/limits.js'
import { PATHS } from './checks/paths.js'
import { createClient } from './client.js'

/** In the order they run. */
export const CHECKS = [
  ...PATHS,
  ...CONTENT_ENCODINGS,
  ...ANSWERS,
  ...LIMITS,
  ...JSON_DIALECT,
  ...CONNECTIONS,
  ...ACCESS,
  ...GOLDEN_BODIES,
  RETRY_AFTER,
]

/** What the specification recommends. */
export const DEFAULT_LIMIT = 64 * 1024 * 1024

/**
 * @typedef {object} SuiteOptions
 * @property {string} url of the server, without /v1/…
 * @property {{ [name: string]: string }} [headers] of every request
 * @property {number} [limit] bytes of a body the server takes
 * @property {string} [corsOrigin] an origin the server allows
 * @property {readonly string[]} [only] names, beginnings of names, or lines of the checklist
 * @property {number} [timeoutMs]
 * @property {{ ca?: string, cert?: string, key?: string, rejectUnauthorized?: boolean }} [tls]
 */

/**
 * @typedef {object} Result
 * @property {string} name
 * @property {number} line
 * @property {'must' | 'should' | 'may'} level
 * @property {string} says
 * @property {'ok' | 'fail' | 'skip'} result
 * @property {string} [reason]
 */

/** Those that are asked for. @param {readonly string[]} only */
export function chosen(only) {
  const isWanted = (/** @type {import('./check.js').Check} */ { name, line }) =>
    only.length === 0 ||
    only.some((wanted) => wanted === String(line) || name === wanted || name.startsWith(`${wanted}-`))
  return CHECKS.filter(isWanted)
}

/** Runs the checks one after the other. @param {SuiteOptions} options @param {(result: Result) => void} [onResult] @returns {Promise<Result[]>} */
export async function runSuite(options, onResult = () => {}) {
  const { url, headers = {}, limit = DEFAULT_LIMIT, corsOrigin, only = [], timeoutMs = 30_000, tls = {} } = options
  const client = createClient({ url: new URL(url), headers, timeoutMs, tls })
  const results = []
  for (const { run, ...check } of chosen(only)) {
    /** @type {Result} */
    let result
    try {
      await run({ client, limit, corsOrigin })
      result = { ...check, result: 'ok' }
    } catch (error) {
      if (error instanceof Error && error.message.startsWith('BUG:')) throw error
      // Whatever else goes wrong, a connection that breaks say, is the server's failure too.
      const reason = error instanceof Failed || error instanceof Skipped ? error.message : `no answer: ${error}`
      result = { ...check, result: error instanceof Skipped ? 'skip' : 'fail', reason }
    }
    results.push(result)
    onResult(result)
  }
  return results
}
