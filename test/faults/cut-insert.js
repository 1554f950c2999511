/**
 * An insert that is cut off, by `kill -9` and by a power cut, at each of the steps it is made of: the engine notes its token beside each
 * table, and moves the rows to their place. Sent again afterwards it is in every table once.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { canTrace } from './write-log.js'

export const name = 'insert'

const CHILD = fileURLToPath(new URL('insert-child.js', import.meta.url))
/** Of what is there before, and of what is cut off: two operations each. */
const COUNTED = 4

/**
 * `log`: where the token is noted, `line` by line; `from`: where rows are before they are moved.
 * @typedef {{ kind: 'note', log: string, line: number } | { kind: 'move', from: string }} Step
 */

/** @param {string} path @param {string} token @param {{ times?: number, under?: string[] }} [how] */
function insert(path, token, { times = 1, under = [] } = {}) {
  const [program = '', ...rest] = [...under, process.execPath, CHILD, JSON.stringify({ path, token, times })]
  const { status, signal, stdout, stderr } = spawnSync(program, rest, { encoding: 'utf8' })
  /** @type {{ [table: string]: number }} */
  const counts = status === 0 ? JSON.parse(stdout) : {}
  return { signal, counts, trouble: status === 0 ? '' : stderr.trim() || `ended by ${signal ?? status}` }
}

/** The steps of an insert, and those that were not on the disk when it was said to be. @param {string} log What `strace -y` noted. */
function stepsOf(log) {
  /** @type {Step[]} */
  const steps = []
  /** @type {Map<string, number>} */
  const lines = new Map()
  /** Places that have something of the insert that a power cut may take. @type {Set<string>} */
  const unsynced = new Set()
  for (const text of readFileSync(log, 'utf8').split('\n')) {
    if (/ write\(2<.*"inserted"/.test(text)) return { steps, unsynced }
    const [, written] = /write\(\d+<([^>]*deduplication_log_\d+\.txt)>/.exec(text) ?? []
    const [, from, to] = /rename\("([^"]*)\/", "([^"]*)\/"\)/.exec(text) ?? []
    const [, synced] = /fsync\(\d+<([^>]*)>/.exec(text) ?? []
    if (written !== undefined) {
      const line = (lines.get(written) ?? 0) + 1
      lines.set(written, line)
      steps.push({ kind: 'note', log: written, line })
      unsynced.add(written)
    } else if (from !== undefined && to !== undefined && basename(from).startsWith('tmp_insert_')) {
      steps.push({ kind: 'move', from })
      unsynced.add(dirname(to))
    } else if (synced !== undefined) unsynced.delete(synced)
  }
  throw new Error('the insert was not traced to its end')
}

/** What a power cut leaves of an insert that was not done: some of the notes in a log, the last one perhaps by half, and some of the rows. @param {string} path @param {string} start As it was before the insert. */
function cutPower(path, start) {
  const store = join(path, 'engine/store')
  for (const place of readdirSync(store, { recursive: true, encoding: 'utf8' })) {
    const [now, before] = [join(store, place), join(start, 'engine/store', place)]
    if (/\/deduplication_log_\d+\.txt$/.test(place)) {
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
  const [killed, powerless] = ['kill', 'power'].map((by) => ({
    fault: by === 'kill' ? '`kill -9` before each step of an insert' : 'power cut within an insert',
    runs: 0,
    acknowledged: 0,
    lost: 0,
    doubled: 0,
    note: '',
    /** @type {string[]} */
    wrong: [],
  }))
  if (killed === undefined || powerless === undefined) throw new Error('BUG: two rows')
  if (!canTrace()) return [killed, powerless].map((row) => ({ ...row, note: 'no strace here: not tried' }))

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
  const { steps, unsynced } = stepsOf(log)
  killed.wrong.push(...[first.trouble, whole.trouble, compare(whole.counts).text].filter((text) => text !== ''))
  for (const place of unsynced) powerless.wrong.push(`${place} was not synced when the insert was done`)

  /** Cuts it off before the step, and sends it again. @param {number} index @param {boolean} byPower */
  function cutOff(index, byPower) {
    const row = byPower ? powerless : killed
    const step = steps[index]
    if (step === undefined || row === undefined) return
    restore()
    const [call, place, when] = step.kind === 'note' ? ['write', step.log, step.line] : ['rename', step.from, 1]
    const inject = [
      '-P',
      `${place}${step.kind === 'move' ? '/' : ''}`,
      '-e',
      `inject=${call}:signal=SIGKILL:when=${when}`,
    ]
    const cut = insert(path, 'cut', { under: ['strace', '-f', '-qq', '-o', log, '-e', `trace=${call}`, ...inject] })
    const at = `step ${index + 1} of ${steps.length}, ${call} ${place}`
    if (cut.signal !== 'SIGKILL') row.wrong.push(`${at}: not killed: ${cut.trouble}`)
    if (step.kind === 'move' && !existsSync(step.from)) row.wrong.push(`${at}: the rows had been moved`)
    if (byPower) {
      cutPower(path, start)
      writeFileSync(join(path, 'lock.json'), JSON.stringify({ pid: 1, started: 'another-boot 1' }))
    }
    const { counts, trouble } = insert(path, 'cut', { times: 2 })
    const { lost, doubled, text } = compare(counts)
    row.runs++
    row.lost = Math.max(row.lost, lost)
    row.doubled = Math.max(row.doubled, doubled)
    if (trouble + text !== '') row.wrong.push(`${at}: ${trouble}${text}`)
    progress(`cut off ${killed?.runs} times by a kill and ${powerless?.runs} by a power cut`)
  }
  for (let round = 0; round < (isLong ? 5 : 1); round++) {
    for (const index of steps.keys()) {
      // Which tables an insert got to is told by the moves alone.
      if (isLong || steps[index]?.kind === 'move') cutOff(index, false)
      if (isLong || index % 4 === 3) cutOff(index, true)
    }
  }
  for (const row of [killed, powerless]) row.acknowledged = COUNTED
  return [killed, powerless]
}
