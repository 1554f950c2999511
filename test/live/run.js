/**
 * Real instrumentations, most of them not of this project, observe real calls of real clients and export them by their own OTLP
 * exporters to the built collector; what it then holds is compared, number by number, with what each of them is known to tell.
 * The provider is the demo's emulator, so nothing leaves the machine. Each is installed when it is run for the first time.
 * Coding agents (Claude Code, Codex, Gemini CLI) are programs that need an account: what they sent was captured, and is in
 * `test/collector/normalise`.
 *
 *     npm run test:live [-- --short] [--only name …] [--json]
 */
import { parseArgs } from 'node:util'
import { progress } from '../../bench/line.js'
import { startEmulator } from '../../demo/emulator.js'
import { CLIENTS } from './clients.js'
import { startCollector } from './collector.js'
import { forward } from './forwarding.js'
import { comparePage } from './page.js'
import {
  checkBuilt,
  compareRows,
  expectedRows,
  holdsContent,
  installClient,
  runClient,
  serviceOf,
  versionsOf,
} from './suite.js'

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true, default: [] },
    short: { type: 'boolean', default: false },
  },
})

/** @typedef {{ name: string, versions: string[], sends: string, operations: number, doesNotTell: string[], differences: string[] }} Outcome */

const FORWARDING = 'forwarding'
checkBuilt()
const names = [...CLIENTS.map(({ name }) => name), FORWARDING]
for (const name of options.only) {
  if (!names.includes(name)) throw new Error(`--only ${name}: there are ${names.join(' | ')}`)
}
const isChosen = (name, isShort) => (options.only.length > 0 ? options.only.includes(name) : isShort || !options.short)
const chosen = CLIENTS.filter(({ name, isShort = false }) => isChosen(name, isShort))

/** @type {Outcome[]} */
const outcomes = []
const emulator = await startEmulator({ logCapacity: 1 })
if (chosen.length > 0) await runClients()
if (isChosen(FORWARDING, true)) {
  progress(`${FORWARDING} …`)
  outcomes.push({ name: FORWARDING, doesNotTell: [], ...(await forward(emulator.url)) })
}
await emulator.close()
for (const outcome of outcomes) show(outcome)
const failed = outcomes.filter(({ differences }) => differences.length > 0)
if (!options.json) {
  console.log(failed.length === 0 ? 'Every number is right.' : `Wrong: ${failed.map(({ name }) => name).join(' | ')}`)
}
process.exitCode = failed.length === 0 ? 0 : 1

async function runClients() {
  const collector = await startCollector()
  /** @type {Map<import('./clients.js').Client, string[]>} What is wrong, by client. */
  const wrong = new Map()
  for (const client of chosen) {
    const failure = await installClient(client)
    progress(`${client.name} …`)
    const before = await collector.ledger()
    const differences =
      failure === undefined
        ? await runClient(client, { collectorUrl: collector.url, providerUrl: emulator.url }).then(
            () => [],
            (error) => [String(error.message)],
          )
        : [`cannot be installed: ${failure}`]
    const { accepted, rejected, refused, duplicate } = await collector.ledger()
    const came = accepted - before.accepted
    const expected = expectedRows(client).length
    if (came !== expected) differences.push(`the ledger has ${came} operations more, not ${expected}`)
    if (rejected > before.rejected || refused > before.refused || duplicate > before.duplicate) {
      differences.push(`the ledger has ${rejected} rejected, ${refused} refused, ${duplicate} duplicate`)
    }
    wrong.set(client, differences)
  }
  await collector.until(({ inQueue }) => inQueue === 0)
  const page = await collector.page()
  await collector.stop()
  const stored = await collector.stored()
  collector.remove()

  for (const client of chosen) {
    const rows = stored.filter(({ service }) => service === serviceOf(client))
    const differences = [...(wrong.get(client) ?? []), ...compareRows(expectedRows(client), rows)]
    if (holdsContent(rows)) differences.push('what was asked or answered is stored')
    outcomes.push({
      name: client.name,
      versions: versionsOf(client),
      sends: client.sends,
      operations: rows.length,
      doesNotTell: client.differences.map(({ words }) => words),
      differences,
    })
  }
  const { compared, differences } = comparePage(page, chosen.flatMap(expectedRows))
  if (holdsContent(page)) differences.push('what was asked or answered is on /metrics')
  const sends = `${compared} sums by metric and model on /metrics`
  outcomes.push({ name: '/metrics', versions: [], sends, operations: stored.length, doesNotTell: [], differences })
}

/** @param {Outcome} outcome */
function show(outcome) {
  if (options.json) {
    console.log(JSON.stringify(outcome))
    return
  }
  const { name, versions, sends, operations, doesNotTell, differences } = outcome
  console.log(`${differences.length === 0 ? 'right' : 'WRONG'}  ${name}: ${operations} operations`)
  if (versions.length > 0) console.log(`       ${versions.join(', ')}`)
  console.log(`       ${sends}`)
  if (doesNotTell.length > 0) console.log(`       does not tell ${doesNotTell.join('; ')}`)
  for (const difference of differences) console.log(`       ${difference}`)
}
