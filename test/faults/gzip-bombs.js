/** Bodies that unfold to a gigabyte, one in the other, many at once: 413, within bounded memory, while others are served. */
import { Agent } from 'node:http'
import { join } from 'node:path'
import { constants, deflateRawSync, gzipSync } from 'node:zlib'
import { makeBatch } from './batches.js'
import { allStored, startCollector } from './collector.js'
import { createSenders, post } from './senders.js'
import { compare, compareLedger } from './stored.js'

export const name = 'bombs'

const GIGABYTE = 1024 ** 3
/** What the collector may take at most, in megabytes: by itself under load, the budget of all requests, and as much that is free and not collected yet. */
const MOST_MEGABYTES = 1000
const TYPES = ['application/x-protobuf', 'application/json']
const PATHS = ['/v1/traces', '/v1/metrics', '/v1/logs', '/api/v1/analytics/events']

/** A gigabyte of zeros in one member of gzip, of pieces that know nothing of each other: packed in a moment, and as good as any. */
function bomb() {
  const header = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255])
  const zeros = Buffer.alloc(16 * 1024 * 1024)
  const piece = deflateRawSync(zeros, { level: 9, finishFlush: constants.Z_FULL_FLUSH })
  return Buffer.concat([header, ...Array.from({ length: GIGABYTE / zeros.length }, () => piece)])
}

/** @type {import('./faults.js').Fault} */
export async function run({ directory, isLong, progress }) {
  const data = join(directory, 'data')
  const one = bomb()
  const member = gzipSync(Buffer.alloc(GIGABYTE / 64))
  const packages = {
    'a gigabyte': { body: one, encoding: 'gzip', statuses: [413] },
    // A header of HTTP names one packing after the other; the collector takes one.
    'a gigabyte, packed twice, said so': { body: gzipSync(one), encoding: 'gzip, gzip', statuses: [415] },
    // Once unpacked it is a megabyte that is no OTLP.
    'a gigabyte, packed twice': { body: gzipSync(one), encoding: 'gzip', statuses: [400] },
    'a gigabyte in many members': {
      body: Buffer.concat(Array.from({ length: 64 }, () => member)),
      encoding: 'gzip',
      statuses: [413],
    },
  }
  const collector = startCollector({ data })
  await collector.listening()
  const senders = createSenders({ url: () => collector.url, pauseMs: 20 })
  senders.start()
  const agent = new Agent({ keepAlive: true, maxSockets: 32 })
  const before = collector.highestMemory()
  /** @type {{ [status: string]: number }} */
  const statuses = {}
  const wrong = []
  const rounds = isLong ? 20 : 1
  let sent = 0

  /** @param {string} what @param {{ body: Buffer, encoding: string, statuses: number[] }} packed @param {number} which @param {boolean} isAlone */
  async function throwOne(what, { body, encoding, statuses: expected }, which, isAlone) {
    const path = PATHS[which % PATHS.length] ?? ''
    // Events are JSON.
    const type = path.startsWith('/api') ? TYPES[1] : TYPES[(which >> 2) % TYPES.length]
    const headers = { 'content-type': type ?? '', 'content-encoding': encoding }
    sent++
    const { status } = await post(collector.url, { path, headers, body }, agent)
    statuses[status] = (statuses[status] ?? 0) + 1
    // Refused for want of memory is an answer too, where many at once are more than there is room for.
    if ((status !== 503 || isAlone) && !expected.includes(status))
      wrong.push(`${what} to ${path} was answered with ${status}`)
  }

  for (const [what, packed] of Object.entries(packages)) {
    for (const which of PATHS.keys()) await throwOne(what, packed, which, true)
  }
  for (let round = 0; round < rounds; round++) {
    for (const [what, packed] of Object.entries(packages)) {
      const acknowledged = senders.acknowledged.size
      const atOnce = 16
      await Promise.all(Array.from({ length: atOnce }, (_, which) => throwOne(what, packed, which, false)))
      if (senders.acknowledged.size === acknowledged) await senders.send(makeBatch('events', 1))
    }
    progress(`${sent} thrown: ${JSON.stringify(statuses)}; at most ${collector.highestMemory()} MB`)
  }
  agent.destroy()
  const memory = collector.highestMemory()
  if (memory > MOST_MEGABYTES) wrong.push(`${memory} MB were resident, at most ${MOST_MEGABYTES} are allowed`)
  await senders.pause()
  senders.close()
  const ledger = await allStored(collector)
  await collector.stop()
  const stored = await compare({ data }, senders)
  wrong.push(...senders.wrong, ...stored.wrong, ...compareLedger(ledger, stored), ...collector.errors())
  return [
    {
      fault: 'gzip bombs of a gigabyte, also nested, 16 at once',
      runs: sent,
      acknowledged: senders.acknowledged.size,
      lost: stored.lost,
      doubled: stored.doubled,
      note: `answered ${Object.entries(statuses)
        .map(([status, count]) => `${count} × ${status}`)
        .join(', ')}; from ${before} to at most ${memory} MB resident`,
      wrong,
    },
  ]
}
