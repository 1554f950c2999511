/** Thousands of connections on which nothing comes: senders get their answers all the same, and the limit of connections holds. */
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { allStored, startCollector, until } from './collector.js'
import { createSenders } from './senders.js'
import { compare, compareLedger } from './stored.js'

export const name = 'idle'

/** Beside the connections: files of the engine, of the queue, and of Node. */
const OTHER_FILES = 1500
/** Over the idle ones; the senders' are among them. */
const ROOM = 50
const BEYOND = 200
/** Opened at a time: those a server has not taken yet wait in a list that has an end. */
const AT_A_TIME = 200

/** Node has raised its limit to the hard one. */
function mostFiles() {
  const [, hard = ''] = /^Max open files\s+\S+\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? []
  return hard === 'unlimited' ? Infinity : Number(hard)
}

/** Connections that say nothing. @param {string} url */
function createIdlers(url) {
  const { port } = new URL(url)
  /** @type {Set<import('node:net').Socket>} */
  const open = new Set()
  const opening = () =>
    new Promise((resolve) => {
      const socket = connect(Number(port), '127.0.0.1')
      socket.on('connect', () => {
        open.add(socket)
        resolve(undefined)
      })
      socket.on('error', () => resolve(undefined))
      socket.on('close', () => open.delete(socket))
      socket.resume()
    })
  return {
    open,
    /** @param {number} count */
    async add(count) {
      for (let left = count; left > 0; left -= AT_A_TIME) {
        await Promise.all(Array.from({ length: Math.min(left, AT_A_TIME) }, opening))
      }
    },
    closeAll() {
      for (const socket of open) socket.destroy()
    },
  }
}

/** @type {import('./faults.js').Fault} */
export async function run({ directory, isLong, progress }) {
  const data = join(directory, 'data')
  const connections = mostFiles() >= 10_000 + OTHER_FILES ? 10_000 : 1000
  const limit = connections + ROOM
  // Idle for longer than this takes: else those opened first are closed before the last are there.
  const times = ['headersTimeout', 'requestTimeout', 'idleTimeout'].map((name) => `listen.limits.${name}=10m`)
  const settings = [`listen.limits.connections=${limit}`, ...times]
  const collector = startCollector({ data, settings })
  await collector.listening()
  const senders = createSenders({ url: () => collector.url })
  const wrong = []
  senders.start()
  await until('senders have their connections', () => senders.acknowledged.size > 100)
  const idlers = createIdlers(collector.url)
  const rounds = isLong ? 10 : 1
  for (let round = 0; round < rounds; round++) {
    await idlers.add(connections)
    const { open } = idlers
    if (open.size !== connections) wrong.push(`${open.size} of ${connections} idle connections are open`)
    const before = senders.acknowledged.size
    await until('senders are answered meanwhile', () => senders.acknowledged.size > before + 1000)
    await idlers.add(BEYOND)
    await until('those beyond the limit are closed', () => open.size <= limit)
    const most = open.size
    progress(`${most} idle connections open, the limit is ${limit}; ${senders.acknowledged.size} acknowledged`)
    if (most < connections) wrong.push(`${connections - most} connections were closed though there was room`)
    const then = senders.acknowledged.size
    await until('senders are answered at the limit', () => senders.acknowledged.size > then + 500)
    idlers.closeAll()
    await until('all are closed', () => open.size === 0)
  }
  const memory = collector.highestMemory()
  await senders.pause()
  senders.close()
  const ledger = await allStored(collector)
  await collector.stop()
  const stored = await compare({ data }, senders)
  const { unanswered } = senders.counts
  if (unanswered > 0) wrong.push(`${unanswered} requests of senders were not answered`)
  wrong.push(...senders.wrong, ...stored.wrong, ...compareLedger(ledger, stored), ...collector.errors())
  return [
    {
      fault: `${connections.toLocaleString('en-US')} idle connections, and ${BEYOND} beyond the limit`,
      runs: rounds,
      acknowledged: senders.acknowledged.size,
      lost: stored.lost,
      doubled: stored.doubled,
      note: `at most ${memory} MB resident`,
      wrong,
    },
  ]
}
