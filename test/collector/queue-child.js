/**
 * A process with a queue under load, to be killed: tells on its standard output what was acknowledged, what the store was handed
 * and what a target was sent, each before it goes on. Its first argument is the compiled queue, its second the directory, its third
 * names what it appends, and a fourth ids that are sent again since nobody acknowledged them.
 */
import { writeSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

const [compiled, directory, run, again] = process.argv.slice(2)
const { openQueue } = await import(pathToFileURL(`${compiled}/collector/queue/open-queue.js`).href)
const { imbalances } = await import(pathToFileURL(`${compiled}/collector/ledger.js`).href)
const tell = (what, value) => writeSync(1, `${JSON.stringify([what, value])}\n`)

const targets = [{ name: 'one', signals: ['traces'], maxBytes: 1e9 }]
const queue = await openQueue({ directory, commitDelayMs: 1, targets, seenIds: 1_000_000 })
tell('opened', { imbalances: imbalances(queue.ledger()), ledger: queue.ledger() })

const batchOf = (ids) => ({
  body: {
    signal: 'traces',
    contentType: 'application/x-protobuf',
    bytes: Buffer.from(ids.join().padEnd(1 + Math.random() * 30_000)),
    items: ids.length,
  },
  operations: ids.map((id) => ({ id, operation: 'chat', requestModel: `model of ${id}`, startTime: 1 })),
})

async function send(ids) {
  tell('sending', ids)
  await queue.append(batchOf(ids))
  tell('acknowledged', ids)
}

async function client(name) {
  for (let round = 0; ; round++) {
    const count = 1 + Math.floor(Math.random() * 20)
    await send(Array.from({ length: count }, (_, index) => `${run}-${name}-${round}-${index}`))
  }
}

async function store(isFinished) {
  while (await queue.store.available()) {
    const handed = await queue.store.next({ maxOperations: 50, maxBytes: 1e6 })
    if (handed === undefined) continue
    const ids = []
    for await (const some of handed.read()) ids.push(...some.map(({ id }) => id))
    tell('stored', { token: handed.token, ids })
    await handed.commit()
    if (isFinished()) return
  }
}

async function forward(isFinished) {
  while (!isFinished()) {
    const delivery = await queue.target('one').next()
    tell('forwarded', Buffer.from(delivery.body.bytes).toString().trim().split(','))
    delivery.sent()
  }
}

if (again !== undefined) for (const ids of JSON.parse(again)) await send(ids)
if (run !== 'drain') {
  for (const name of ['a', 'b', 'c', 'd']) void client(name)
  void store(() => false)
  void forward(() => false)
} else {
  if (queue.ledger().inQueue > 0) await store(() => queue.ledger().inQueue === 0)
  const left = () => queue.target('one').waiting.items
  while (left() > 0) {
    const waiting = new AbortController()
    const timer = setTimeout(() => waiting.abort(), 150)
    const delivery = await queue.target('one').next(waiting.signal)
    clearTimeout(timer)
    if (delivery === undefined) continue
    tell('forwarded', Buffer.from(delivery.body.bytes).toString().trim().split(','))
    delivery.sent()
  }
  tell('ended', { imbalances: imbalances(queue.ledger()), ledger: queue.ledger() })
  await queue.close()
}
