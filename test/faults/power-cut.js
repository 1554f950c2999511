/**
 * Power cuts: the file of the queue as each of many moments may leave it, with sectors that were not synced there or not, in any
 * combination. Each such file opens, its books balance, and it knows all that was acknowledged before the moment.
 */
import { copyFileSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { allStored, startCollector, until } from './collector.js'
import { createSenders } from './senders.js'
import { canTrace, FileStates, readSteps, tracer } from './write-log.js'

export const name = 'power'

const built = (/** @type {string} */ path) => new URL(`../../src/collector/dist/${path}`, import.meta.url).href

/** @typedef {{ at: number, ids: string[] }} Acknowledgement `at`: how long the log of writes was. */

/** Opens a queue as a power cut may have left it, and looks for all that was acknowledged. @param {string} directory @param {string[]} ids @param {boolean} isKept Whether nobody took anything out. */
async function look(directory, ids, isKept) {
  const { openQueue } = await import(built('queue/open-queue.js'))
  const { imbalances } = await import(built('ledger.js'))
  const wrong = []
  const queue = await openQueue({ directory })
  try {
    const ledger = queue.ledger()
    wrong.push(...imbalances(ledger))
    const waiting = new Set()
    let repeated = 0
    // A run that had been handed out comes first, and alone.
    for (;;) {
      const run = await queue.store.next({ maxOperations: 1e9, maxBytes: 1e12 })
      if (run === undefined) break
      for await (const operations of run.read()) {
        for (const { id } of operations) {
          if (waiting.has(id)) repeated++
          waiting.add(id)
        }
      }
      await run.commit()
    }
    if (waiting.size !== ledger.inQueue) wrong.push(`${waiting.size} wait, the ledger says ${ledger.inQueue}`)
    const body = { signal: 'events', contentType: 'application/json', bytes: Buffer.alloc(0), items: ids.length }
    const operations = ids.map((id) => ({ id, operation: 'chat', startTime: 1 }))
    // What it does not know it takes: that had been lost.
    const { accepted } = await queue.append({ body, operations })
    const gone = isKept ? ids.filter((id) => !waiting.has(id)).length : 0
    if (accepted > 0) {
      const { seenIds } = queue.sizes
      wrong.push(
        `of ${ids.length} ids ${accepted} were not known; ${seenIds} were remembered, ${waiting.size} waited; ${JSON.stringify(ledger)}`,
      )
    }
    return { lost: Math.max(accepted, gone), doubled: repeated, wrong }
  } finally {
    await queue.close()
  }
}

/** Loads a collector while what it writes is noted. @param {string} directory @param {string[]} settings @param {number} batches Acknowledged. */
async function trace(directory, settings, batches) {
  const data = join(directory, 'data')
  const file = join(data, 'queue/environment/data.mdb')
  const log = join(directory, 'writes')
  const first = startCollector({ data, settings })
  await first.listening()
  await first.stop()
  const start = readFileSync(file)
  const collector = startCollector({ data, settings, under: tracer(file, log) })
  await collector.listening()
  /** @type {Acknowledgement[]} */
  const acknowledgements = []
  const senders = createSenders({
    url: () => collector.url,
    operations: 30,
    onAcknowledged: ({ ids }) => acknowledgements.push({ at: statSync(log).size, ids }),
  })
  senders.start()
  await until('enough is acknowledged', () => acknowledgements.length >= batches, 300_000)
  await senders.pause()
  senders.close()
  if (settings.length === 0) await allStored(collector)
  await collector.stop()
  await until(
    'the tracer has written all',
    () =>
      readFileSync(log, 'latin1').slice(-4000).includes(`${collector.pid} `) &&
      new RegExp(`^${collector.pid} .*\\+\\+\\+ exited`, 'm').test(readFileSync(log, 'latin1').slice(-4000)),
  )
  return { data, start, acknowledgements, steps: await readSteps(log), wrong: senders.wrong }
}

const REMAINS = /** @type {const} */ (['any', 'nothing', 'any', 'everything', 'any'])

/**
 * Cuts the power at so many moments of what was noted.
 * @param {import('./faults.js').Setting} setting @param {Awaited<ReturnType<typeof trace>>} traced @param {number} cuts @param {boolean} isKept
 */
async function cut({ directory, progress }, { data, start, acknowledgements, steps, wrong }, cuts, isKept) {
  const image = join(directory, 'image')
  const total = { cuts: 0, pending: 0, acknowledged: 0, lost: 0, doubled: 0 }
  const chosen = new Set(Array.from({ length: cuts }, () => Math.floor(Math.random() * steps.length)))
  const states = new FileStates(start)
  /** @type {string[]} */
  const ids = []
  let next = 0
  for (const [index, step] of steps.entries()) {
    states.make(step)
    if (!chosen.has(index)) continue
    // What was acknowledged before this step was in the log had to be on the disk by the steps before it.
    while ((acknowledgements[next]?.at ?? Infinity) <= step.at) ids.push(...(acknowledgements[next++]?.ids ?? []))
    rmSync(image, { recursive: true, force: true })
    mkdirSync(join(image, 'environment'), { recursive: true })
    copyFileSync(join(data, 'queue/environment/format.json'), join(image, 'environment/format.json'))
    const remains = REMAINS[total.cuts % REMAINS.length] ?? 'any'
    const file = states.afterCut(remains)
    writeFileSync(join(image, 'environment/data.mdb'), file)
    total.cuts++
    total.acknowledged = ids.length
    if (states.pending > 0) total.pending++
    const found = await look(image, ids, isKept).catch((/** @type {Error} */ { message }) => ({
      lost: 0,
      doubled: 0,
      wrong: [message],
    }))
    total.lost = Math.max(total.lost, found.lost)
    total.doubled = Math.max(total.doubled, found.doubled)
    if (found.wrong.length > 0) {
      const kept = join(directory, `cut-at-step-${index}.mdb`)
      writeFileSync(kept, file)
      wrong.push(...found.wrong.map((text) => `cut at step ${index}, ${remains} left (${kept}): ${text}`))
    }
    if (total.cuts % 100 === 0) progress(`cut ${total.cuts} times`)
  }
  if (total.lost > 0) wrong.push(`${total.lost} acknowledged operations were lost`)
  if (total.doubled > 0) wrong.push(`${total.doubled} operations were there twice`)
  return { ...total, wrong }
}

/** Where no program may be traced: the file as the system has it at some moments, which a killed process leaves. @param {import('./faults.js').Setting} setting @param {number} cuts */
async function snapshots({ directory, progress }, cuts) {
  const data = join(directory, 'data')
  const collector = startCollector({ data })
  await collector.listening()
  const senders = createSenders({ url: () => collector.url, operations: 30 })
  senders.start()
  const image = join(directory, 'image')
  const wrong = []
  let lost = 0
  let doubled = 0
  for (let taken = 0; taken < cuts; taken++) {
    await sleep(Math.random() * 200)
    const ids = [...senders.acknowledged]
    collector.signal('SIGSTOP')
    rmSync(image, { recursive: true, force: true })
    mkdirSync(join(image, 'environment'), { recursive: true })
    for (const file of ['format.json', 'data.mdb'])
      copyFileSync(join(data, 'queue/environment', file), join(image, 'environment', file))
    collector.signal('SIGCONT')
    const found = await look(image, ids, false)
    lost = Math.max(lost, found.lost)
    doubled = Math.max(doubled, found.doubled)
    wrong.push(...found.wrong)
    progress(`looked at ${taken + 1} of ${cuts} snapshots`)
  }
  await senders.pause()
  senders.close()
  await collector.stop()
  return { acknowledged: senders.acknowledged.size, lost, doubled, wrong: [...wrong, ...senders.wrong] }
}

/** @type {import('./faults.js').Fault} */
export async function run(setting) {
  const { directory, isLong } = setting
  if (!canTrace()) {
    const cuts = isLong ? 200 : 20
    const taken = await snapshots(setting, cuts)
    return [
      {
        fault: 'power cut: snapshots of the queue',
        runs: cuts,
        note: 'no strace here: unsynced writes not reordered',
        ...taken,
      },
    ]
  }
  const cuts = isLong ? 3000 : 80
  const rows = []
  for (const { what, settings } of [
    { what: 'the store taking out of it', settings: [] },
    // Nothing listens on port 1.
    { what: 'the store away', settings: ['store.url=http://127.0.0.1:1'] },
  ]) {
    const own = join(directory, `cut-${rows.length}`)
    mkdirSync(own)
    const traced = await trace(own, settings, isLong ? 2000 : 100)
    const { wrong, pending, ...total } = await cut({ ...setting, directory: own }, traced, cuts, settings.length > 0)
    const synced = traced.steps.filter(({ kind }) => kind === 'sync').length
    if (synced < 5 || pending === 0) wrong.push('nothing was tried: hardly anything was written')
    rows.push({
      fault: `power cut, ${what}`,
      runs: total.cuts,
      acknowledged: total.acknowledged,
      lost: total.lost,
      doubled: total.doubled,
      note: `the queue's file after ${traced.steps.length} writes and syncs; ${pending} cuts left unsynced sectors in any combination`,
      wrong,
    })
  }
  return rows
}
