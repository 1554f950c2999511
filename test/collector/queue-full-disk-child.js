/** A process whose files cannot grow beyond a limit: fills its queue to it, drains it, and fills it again; tells how it went. */
import { pathToFileURL } from 'node:url'

// Without it the signal of a file that would grow too far ends the process, where a full disk does not.
process.on('SIGXFSZ', () => {})
// LMDB's binding writes failures of a write there.
console.error = () => {}

const [compiled, directory] = process.argv.slice(2)
const { openQueue } = await import(pathToFileURL(`${compiled}/collector/queue/open-queue.js`).href)
const { imbalances } = await import(pathToFileURL(`${compiled}/collector/ledger.js`).href)
const targets = [{ name: 'one', signals: ['traces'], maxBytes: 1e9 }]
const options = { directory, commitDelayMs: 0, failurePauseMs: 0, targets }
let queue = await openQueue(options)

const acknowledged = []
const reasons = new Set()
async function fill(name) {
  for (let round = 0, refusals = 0; refusals < 3; round++) {
    const id = `${name}-${round}`
    const bytes = Buffer.alloc(100_000, round)
    const body = { signal: 'traces', contentType: 'application/x-protobuf', bytes, items: 1 }
    try {
      await queue.append({ body, operations: [{ id, operation: 'chat', startTime: 1 }] })
      acknowledged.push(id)
    } catch (error) {
      const { name: kind, reason } = /** @type {any} */ (error)
      reasons.add(`${kind} ${reason}`)
      refusals++
    }
  }
}

const stored = []
async function drain() {
  while (queue.ledger().inQueue > 0) {
    const run = await queue.store.next({ maxOperations: 10, maxBytes: 1e6 })
    for await (const some of run.read()) stored.push(...some.map(({ id }) => id))
    await run.commit()
  }
}

const balance = []
await fill('first')
const first = acknowledged.length
balance.push(...imbalances(queue.ledger()))
await drain()
for (let count = 0; count < first; count++) (await queue.target('one').next()).sent()
await queue.close()
queue = await openQueue(options)
balance.push(...imbalances(queue.ledger()))
// LMDB uses a page again two transactions after the one that freed it.
for (let count = 0; count < 2; count++) await queue.setTargets(targets)
await fill('second')
await drain()
balance.push(...imbalances(queue.ledger()))
const { received, refused, accepted } = queue.ledger()
await queue.close()
console.log(
  JSON.stringify({ first, acknowledged, stored, reasons: [...reasons], balance, received, refused, accepted }),
)
