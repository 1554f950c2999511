/** A disk that is full: refused with 503 and Retry-After, counted, nothing corrupted, and on again when there is room. */
import { execFileSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { allStored, startCollector, until } from './collector.js'
import { createSenders } from './senders.js'
import { compare, compareLedger } from './stored.js'

export const name = 'disk'

const MEGABYTES = 160
/** Of the log: what is expected where nothing can be written. */
const TROUBLE = /cannot be stored|could not be|did not stop|write/

/** Returns what unmounts it again; nothing where it cannot be mounted. @param {string} directory */
function mountSmallDisk(directory) {
  mkdirSync(directory)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${MEGABYTES}m`, 'tokmeter-fault', directory], { stdio: 'pipe' })
  } catch {
    return undefined
  }
  const unmount = () => {
    process.off('exit', unmount)
    execFileSync('umount', ['--lazy', directory])
  }
  process.on('exit', unmount)
  return unmount
}

/** Takes all of a file system but so many bytes, some 50 MB a second: no disk is full from one moment to the next. @param {string} file @param {number} left */
async function takeRoom(file, left) {
  const { bavail, bsize } = statfsSync(join(file, '..'))
  const descriptor = openSync(file, 'w')
  const block = Buffer.alloc(1024 * 1024, 1)
  let bytes = bavail * bsize - left
  try {
    while (bytes > 0) {
      bytes -= writeSync(descriptor, block, 0, Math.min(bytes, block.length))
      await sleep(20)
    }
  } catch (error) {
    if (/** @type {any} */ (error).code !== 'ENOSPC') throw error
  } finally {
    closeSync(descriptor)
  }
}

/**
 * Fills the disk under load, and makes room again, so many times.
 * @param {import('./faults.js').Setting} setting
 * @param {{ settings: string[], left: number, isKilled: boolean, times: number, fault: string }} how
 * @returns {Promise<import('./faults.js').Row>}
 */
async function fill({ directory, progress }, { settings, left, isKilled, times, fault }) {
  const data = join(directory, 'data')
  const ballast = join(directory, 'ballast')
  const start = async () => {
    const made = startCollector({ data, settings })
    await made.listening()
    return made
  }
  let collector = await start()
  const senders = createSenders({ url: () => collector.url, operations: 100 })
  const wrong = []
  senders.start()
  for (let time = 0; time < times; time++) {
    await until('some is acknowledged', () => senders.acknowledged.size > 1000 * (time + 1))
    const { refused } = senders.counts
    await takeRoom(ballast, left)
    await until('the disk is full', () => senders.counts.refused > refused + 5)
    await sleep(1000)
    const { received, rejected, accepted, imbalances, ...ledger } = await collector.ledger()
    wrong.push(...imbalances)
    if (ledger.refused === 0) wrong.push('what was refused is not counted')
    progress(`full after ${accepted} operations, ${ledger.refused} refused`)
    if (isKilled) {
      wrong.push(...collector.errors(TROUBLE))
      await collector.kill()
      rmSync(ballast)
      collector = await start()
    } else rmSync(ballast)
    const before = senders.acknowledged.size
    await until('it takes again', () => senders.acknowledged.size > before + 1000)
  }
  await senders.pause()
  senders.close()
  const ledger = await allStored(collector)
  if (!isKilled && ledger.refused !== senders.counts.refusedOperations)
    wrong.push(`the ledger has ${ledger.refused} refused, the senders ${senders.counts.refusedOperations}`)
  await collector.stop()
  const stored = await compare({ data, scratch: join(directory, '..') }, senders)
  wrong.push(...senders.wrong, ...stored.wrong, ...compareLedger(ledger, stored), ...collector.errors(TROUBLE))
  return {
    fault,
    runs: times,
    acknowledged: senders.acknowledged.size,
    lost: stored.lost,
    doubled: stored.doubled,
    note: `tmpfs of ${MEGABYTES} MB; ${ledger.refused} operations refused, and sent again`,
    wrong,
  }
}

/** @param {import('./faults.js').Setting} setting */
async function onSmallDisk(setting) {
  const times = setting.isLong ? 20 : 1
  const below = await fill(setting, {
    fault: 'disk full up to `queue.minFreeBytes`',
    settings: ['queue.minFreeBytes=16MiB'],
    left: 8 * 1024 * 1024,
    isKilled: false,
    times,
  })
  rmSync(join(setting.directory, 'data'), { recursive: true })
  const whole = await fill(setting, {
    fault: 'disk full to the last byte, writes fail, then `kill -9`',
    settings: ['queue.minFreeBytes=0'],
    left: 0,
    isKilled: true,
    times,
  })
  return [below, whole]
}

/** The limit of bytes of the queue while the store is away, for where nothing can be mounted, and beside it. @param {import('./faults.js').Setting} setting @returns {Promise<import('./faults.js').Row>} */
async function fillQueue({ directory, progress }) {
  const data = join(directory, 'data-of-queue')
  // Nothing listens on port 1.
  const full = startCollector({ data, settings: ['queue.maxBytes=1MiB', 'store.url=http://127.0.0.1:1'] })
  await full.listening()
  let collector = full
  const senders = createSenders({ url: () => collector.url, operations: 100 })
  senders.start()
  await until('the queue is full', () => senders.counts.refused > 100)
  const { reasons } = await full.ready()
  progress(`full after ${senders.acknowledged.size} operations: ${reasons.join('; ')}`)
  const wrong = [...(await full.ledger()).imbalances]
  await full.stop()
  collector = startCollector({ data })
  await collector.listening()
  const before = senders.acknowledged.size
  await until('it takes again', () => senders.acknowledged.size > before + 1000)
  await senders.pause()
  senders.close()
  const ledger = await allStored(collector)
  await collector.stop()
  const stored = await compare({ data }, senders)
  wrong.push(...senders.wrong, ...stored.wrong, ...compareLedger(ledger, stored), ...collector.errors())
  return {
    fault: 'queue full (`queue.maxBytes`), the store away',
    runs: 1,
    acknowledged: senders.acknowledged.size,
    lost: stored.lost,
    doubled: stored.doubled,
    note: `1 MiB; ${ledger.refused} operations refused, and sent again`,
    wrong,
  }
}

/** @type {import('./faults.js').Fault} */
export async function run(setting) {
  const disk = join(setting.directory, 'disk')
  const rows = []
  const unmount = mountSmallDisk(disk)
  if (unmount !== undefined) {
    try {
      rows.push(...(await onSmallDisk({ ...setting, directory: disk })))
    } finally {
      unmount()
    }
  } else setting.progress('no file system may be mounted here: only the limit of the queue is tried')
  rows.push(await fillQueue(setting))
  return rows
}
