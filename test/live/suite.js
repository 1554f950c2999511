/** Runs an instrumentation against the collector, and compares what was made of what it sent with what it is known to tell. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createPricer, operationKind, SPENDING_KINDS } from 'tokmeter/core'
import { install, installedVersion } from '../../bench/on-demand.js'
import { told } from './clients.js'

/** @typedef {import('./calls.js').Truth} Truth */
/** @typedef {import('./clients.js').Client} Client */

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
/** A client is to be done long before, on a slow machine too. */
const CLIENT_TIMEOUT_MS = 120_000

const pricer = createPricer({})

/** Where a client's packages are. @param {Client} client */
const packagesOf = ({ folder, packages }) => new URL(packages ?? `${folder}/`, import.meta.url)

/** What its rows are known by. @param {Client} client */
export const serviceOf = ({ name }) => `live ${name}`

/** Installs what a client needs. Returns what went wrong. @param {Client} client */
export async function installClient(client) {
  return client.isRegistered ? undefined : install(packagesOf(client))
}

/** @param {Client} client @returns {string[]} Such as `openai 6.49.0`. */
export function versionsOf(client) {
  const folder = client.isRegistered ? new URL('../../', import.meta.url) : packagesOf(client)
  try {
    return client.tested.map((name) => `${name} ${installedVersion(folder, name)}`)
  } catch {
    // It could not be installed, which is told with its differences.
    return []
  }
}

/**
 * Has a client make its calls, and wait until it has sent what it has to tell.
 * @param {Client} client
 * @param {{ collectorUrl: string, providerUrl: string }} places
 */
export async function runClient(client, { collectorUrl, providerUrl }) {
  const script = fileURLToPath(new URL(`${client.folder}/client.js`, import.meta.url))
  const registered = client.isRegistered ? ['--import', 'tokmeter/register'] : []
  const env = {
    ...process.env,
    COLLECTOR_URL: collectorUrl,
    PROVIDER_URL: providerUrl,
    OTEL_SERVICE_NAME: serviceOf(client),
    ...(client.isRegistered && { OTEL_EXPORTER_OTLP_ENDPOINT: collectorUrl }),
  }
  const child = spawn(process.execPath, [...registered, script, ...(client.args ?? [])], {
    cwd: ROOT,
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: CLIENT_TIMEOUT_MS,
  })
  let said = ''
  child.stderr.on('data', (part) => {
    said = (said + part).slice(-3000)
  })
  const [code, signal] = await once(child, 'close')
  if (code !== 0) throw new Error(`${client.name} ended with ${code ?? signal}: ${said}`)
}

/** Fields that are compared, in the order in which they are shown. @type {readonly (keyof Truth)[]} */
const FIELDS = [
  'operation',
  'provider',
  'requestModel',
  'responseModel',
  'streamed',
  'inputTokens',
  'outputTokens',
  'cacheReadTokens',
  'reasoningTokens',
  'costNanoDollars',
  'costSource',
  'finishReason',
  'error',
  'errorCode',
  'toolName',
  'agentName',
  'firstChunk',
  'outputChunks',
]

/** What must be stored of what a client tells. @param {Client} client @returns {Truth[]} */
export function expectedRows(client) {
  return told(client).map((row) => ({ ...costOf(row), ...row }))
}

/** By the SDK's own catalogue. @param {Truth} row @returns {Partial<Truth>} */
function costOf({ operation, provider, requestModel, responseModel, ...row }) {
  if (!SPENDING_KINDS.includes(operationKind(operation)) || row.inputTokens === undefined) return {}
  const { inputTokens, outputTokens, cacheReadTokens, reasoningTokens } = row
  const usage = { inputTokens, outputTokens, cacheReadTokens, reasoningTokens }
  const cost = pricer.price({ operation, provider, requestModel, responseModel, startTime: Date.now(), usage })
  return cost === undefined ? {} : { costNanoDollars: cost.nanoDollars, costSource: cost.source }
}

/** A stored operation in the words of what is compared. @param {any} operation @returns {Truth} */
export function rowOf({ usage = {}, cost = {}, error = {}, ...rest }) {
  return {
    ...rest,
    ...usage,
    costNanoDollars: cost.nanoDollars,
    costSource: cost.source,
    error: error.type,
    errorCode: error.code,
    ...(rest.timeToFirstChunkMs !== undefined && { firstChunk: true }),
    // A dialect that tells no agent's name makes one of the span's: it is not what is looked at.
    ...(rest.operation === 'invoke_agent' && { agentName: undefined }),
  }
}

/** @param {Truth} row */
const lineOf = (row) => FIELDS.flatMap((field) => (row[field] === undefined ? [] : `${field} ${row[field]}`)).join(', ')

/**
 * Compares stored operations with what must be there, whatever their order.
 * @param {readonly Truth[]} expected
 * @param {readonly any[]} stored
 * @returns {string[]} Differences.
 */
export function compareRows(expected, stored) {
  const left = stored.map((operation) => lineOf(rowOf(operation)))
  const differences = []
  for (const line of expected.map(lineOf)) {
    const index = left.indexOf(line)
    if (index < 0) differences.push(`is missing: ${line}`)
    else left.splice(index, 1)
  }
  differences.push(...left.map((line) => `is too much: ${line}`))
  for (const { id, durationMs, operation } of stored) {
    if (!(durationMs >= 0)) differences.push(`${operation} ${id} has no duration`)
  }
  return differences
}

/** What was asked and answered stands in no row. @param {unknown} stored */
export const holdsContent = (stored) => /SECRET/.test(JSON.stringify(stored))

/** Whether everything that is run is built. */
export function checkBuilt() {
  const file = new URL('../../src/collector/dist/main.js', import.meta.url)
  try {
    readFileSync(file)
  } catch {
    throw new Error('the collector is not built yet: npm run build')
  }
}
