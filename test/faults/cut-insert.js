/**
 * An insert that is cut off, by `kill -9` and by a power cut, at each of the steps it is made of: the engine notes its token beside each
 * table, and moves the rows to their place. Sent again afterwards it is in every table once.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { canTrace } from './write-log.js'

export const name = 'insert'

const CHILD = fileURLToPath(new URL('insert-child.js', import.meta.url))
const LOG = /\/deduplication_log_\d+\.txt$/
const UNDER_WAY = '/insert-under-way'
const DAY_MS = 86_400_000
/** Two days, which stay the same when it is midnight meanwhile. */
const DAYS = [1, 2].map((ago) => (Math.floor(Date.now() / DAY_MS) - ago) * DAY_MS)
/** Of what is there before, and of what is cut off: an operation of each day. */
const COUNTED = 2 * DAYS.length

/**
 * The token is written into the log `place`, or the rows are moved from there. `time`: 1 for the first such call there.
 * @typedef {{ call: 'write' | 'rename', place: string, time: number }} Step
 */

/** @typedef {import('./faults.js').Row} Row */

/** @param {string} path @param {string} token @param {{ twice?: boolean, mayFail?: boolean, under?: string[] }} [how] */
function insert(path, token, { under = [], ...how } = {}) {
  const [program = '', ...rest] = [
    ...under,
    process.execPath,
    CHILD,
    JSON.stringify({ path, token, days: DAYS, ...how }),
  ]
  const { status, signal, stdout, stderr } = spawnSync(program, rest, { encoding: 'utf8', timeout: 60_000 })
  /** @type {{ [table: string]: number }} */
  const counts = status === 0 ? JSON.parse(stdout) : {}
  return {
    signal,
    counts,
    stderr,
    trouble: status === 0 ? '' : stderr.trim().slice(0, 500) || `ended by ${signal ?? status}`,
  }
}

/** The steps of an insert, and what was not on the disk when it had to be. @param {string} log What `strace -y` noted. */
function stepsOf(log) {
  /** @type {Step[]} */
  const steps = []
  /** @type {string[]} */
  const wrong = []
  /** Places that have something a power cut may take. @type {Set<string>} */
  const unsynced = new Set()
  let isUnderWay = false
  const step = (/** @type {Step} */ made, /** @type {string} */ place) => {
    if (!isUnderWay || [...unsynced].some((one) => one.endsWith(UNDER_WAY)))
      wrong.push(`${made.call} ${made.place}: it was not noted before that an insert is under way`)
    steps.push(made)
    unsynced.add(place)
  }
  for (const text of readFileSync(log, 'utf8').split('\n')) {
    if (/ write\(2<.*"inserted"/.test(text)) {
      for (const place of unsynced) wrong.push(`${place} was not synced when the insert was done`)
      return { steps, wrong }
    }
    const [, written = '', bytes = ''] = /write\(\d+<([^>]*)>, "([^"]*)"/.exec(text) ?? []
    const [, from, to] = /rename\("([^"]*\/tmp_insert_[^"]*)", "([^"]*)"/.exec(text) ?? []
    const [, synced] = /fsync\(\d+<([^>]*)>/.exec(text) ?? []
    if (written.endsWith(UNDER_WAY)) {
      isUnderWay = bytes === '1'
      unsynced.add(written)
    } else if (LOG.test(written)) {
      const time = steps.filter(({ place }) => place === written).length + 1
      step({ call: 'write', place: written, time }, written)
    } else if (from !== undefined && to !== undefined) step({ call: 'rename', place: from, time: 1 }, dirname(to))
    else if (synced !== undefined) unsynced.delete(synced)
  }
  throw new Error('the insert was not traced to its end')
}

/** What a power cut leaves of an insert that was not done: some of the notes in a log, the last one perhaps by half, and some of the rows. @param {string} path @param {string} start As it was before the insert. */
function cutPower(path, start) {
  const store = join(path, 'engine/store')
  for (const place of readdirSync(store, { recursive: true, encoding: 'utf8' })) {
    const [now, before] = [join(store, place), join(start, 'engine/store', place)]
    if (LOG.test(place)) {
      const length = existsSync(before) ? statSync(before).size : 0
      const bytes = readFileSync(now)
      const wholes = bytes.toString('latin1').matchAll(/\n/g)
      const ends = [length, ...[...wholes].map(({ index }) => index + 1).filter((end) => end > length)]
      const end = Math.random() < 0.2 ? length + random(bytes.length - length) : ends[random(ends.length)]
      truncateSync(now, end)
    } else if (/^\w+\/[\w-]+\/\d+_\d+_\d+_\d+$/.test(place) && !existsSync(before) && Math.random() < 0.3)
      rmSync(now, { recursive: true })
  }
}

/** A whole number from 0, and less than that. @param {number} end */
const random = (end) => Math.floor(Math.random() * end)

/** @param {{ [table: string]: number }} counts */
function compare(counts) {
  const differing = Object.entries(counts).filter(([, counted]) => counted !== COUNTED)
  return {
    lost: Math.max(0, ...differing.map(([, counted]) => COUNTED - counted)),
    doubled: Math.max(0, ...differing.map(([, counted]) => counted - COUNTED)),
    text: differing.map(([table, counted]) => `${table} counts ${counted} of ${COUNTED}`).join(', '),
  }
}

/** @type {import('./faults.js').Fault} */
export async function run({ directory, isLong, progress }) {
  const row = (/** @type {string} */ fault) => ({
    ...{ fault, runs: 0, acknowledged: COUNTED, lost: 0, doubled: 0, note: 'no strace here: not tried' },
    /** @type {string[]} */
    wrong: [],
  })
  const killed = row('`kill -9` before each step of an insert into the store')
  const powerless = row('power cut within such an insert')
  const failing = row('a full disk at a write or a move of such an insert')
  const rows = [killed, powerless, failing]
  if (!canTrace()) return rows

  const start = join(directory, 'start')
  const path = join(directory, 'store')
  const log = join(directory, 'steps')
  const copy = (/** @type {string} */ from, /** @type {string} */ to) =>
    cpSync(from, to, { recursive: true, verbatimSymlinks: true })
  const first = insert(path, 'before')
  copy(path, start)
  const restore = () => {
    rmSync(path, { recursive: true, force: true })
    copy(start, path)
  }
  const tracer = ['strace', '-f', '-qq', '-y', '-s', '300', '-o', log, '-e', 'trace=rename,write,fsync']
  const whole = insert(path, 'cut', { under: tracer })
  const { steps, wrong } = stepsOf(log)
  killed.wrong.push(...[first.trouble, whole.trouble, compare(whole.counts).text].filter((text) => text !== ''))
  powerless.wrong.push(...wrong)

  /** The tracer that does so to the step. @param {Step} step @param {string} what */
  const injecting = ({ call, place, time }, what) => {
    const inject = ['-P', place, '-e', `trace=${call}`, '-e', `inject=${call}:${what}:when=${time}`]
    return { under: ['strace', '-D', '-I', '2', '-f', '-qq', '-o', log, ...inject] }
  }

  /** @param {Row} row @param {Step} step @param {ReturnType<typeof insert>} result @param {string} [wrong] */
  function note(row, { call, place, time }, { counts, trouble }, wrong = '') {
    const { lost, doubled, text } = compare(counts)
    row.runs++
    row.lost = Math.max(row.lost, lost)
    row.doubled = Math.max(row.doubled, doubled)
    if (wrong + trouble + text !== '') row.wrong.push(`${call} ${place}, time ${time}: ${wrong}${trouble}${text}`)
    progress(rows.map(({ fault, runs }) => `${fault}: ${runs}`).join(', '))
  }

  /** Cuts it off before the step, and sends it again. @param {Step} step @param {boolean} byPower */
  function cutOff(step, byPower) {
    restore()
    const cut = insert(path, 'cut', injecting(step, 'signal=SIGKILL'))
    const isMoved = step.call === 'rename' && !existsSync(step.place)
    if (byPower) {
      cutPower(path, start)
    }
    const wrong = cut.signal !== 'SIGKILL' ? `not killed: ${cut.trouble} ` : isMoved ? 'the rows had been moved ' : ''
    note(byPower ? powerless : killed, step, insert(path, 'cut', { twice: true }), wrong)
  }

  /**
   * Has a move fail, or before it the write of what is moved, which the engine does not notice; and sends it again in the same process. A
   * token that cannot be written the engine knows all the same, until it is closed.
   * @param {Step} step
   */
  function fail(step) {
    restore()
    const result = insert(path, 'cut', { twice: true, mayFail: true, ...injecting(step, 'error=ENOSPC') })
    note(failing, step, result, result.stderr.startsWith('failed') ? '' : 'it did not fail ')
  }

  for (let round = 0; round < (isLong ? 5 : 1); round++) {
    for (const [index, step] of steps.entries()) {
      // Which tables an insert got to is told by the moves alone.
      if (isLong || step.call === 'rename') cutOff(step, false)
      if (isLong || index % 4 === 3) cutOff(step, true)
      if (step.call === 'rename' && (isLong || index % 4 === 1)) fail(step)
      if (step.call === 'rename' && (isLong || index % 4 === 3))
        fail({ call: 'write', place: join(step.place, 'data.bin'), time: 1 })
    }
  }
  const moves = steps.filter(({ call }) => call === 'rename').length
  if (moves === 0) killed.wrong.push('nothing was tried: no part was moved')
  killed.note = `${steps.length} steps: the token noted for ${moves} parts of seven tables, and each moved to its place`
  powerless.note = 'after the same steps; what was not synced is there or not, in any combination'
  failing.note = 'sent again by the same process'
  return rows
}
