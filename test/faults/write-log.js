/**
 * What a process wrote to a file, and when it had it synced, as `strace` tells it: from this follows every state that a power cut may
 * leave the file in. What was synced is there. Of what was written since, any sector may be there or not: disks write in any order.
 */
import { spawnSync } from 'node:child_process'
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'

/** What a disk writes whole or not at all, in bytes. */
const SECTOR = 512

/**
 * `at`: where in the log its line begins. The tracer lets nothing go on before its line is in the log: what follows from a step is
 * not known before the log is longer, and no clock is needed to tell what came first.
 * @typedef {{ kind: 'write', at: number, offset: number, bytes: Buffer, isSynced: boolean } | { kind: 'sync', at: number }} Step
 */

export function canTrace() {
  return spawnSync('strace', ['-f', '-qq', '-e', 'trace=none', 'true']).status === 0
}

/** The program, with its arguments, to run another one under. @param {string} file @param {string} log */
export const tracer = (file, log) => [
  'strace',
  // The process traced is the child, as it is without all this.
  '-D',
  '-f',
  '-q',
  '--seccomp-bpf',
  '-xx',
  '-s',
  '100000000',
  '-o',
  log,
  '-P',
  file,
  '-e',
  'trace=openat,close,lseek,write,pwrite64,writev,pwritev,fsync,fdatasync,sync_file_range,ftruncate,fallocate',
]

/** @param {string} hex `\x00\x1f` */
const bytesOf = (hex) => Buffer.from(hex.replaceAll('\\x', ''), 'hex')

/** @param {string} line */
const unreadable = (line) => new Error(`cannot read of what is written: ${line.slice(0, 200)}`)

/** Steps in their order. LMDB has one writer at a time. @param {string} log @returns {Promise<Step[]>} */
export async function readSteps(log) {
  /** @type {Step[]} */
  const steps = []
  /** Those opened so that a write is synced when it returns. @type {Set<string>} */
  const synced = new Set()
  /** @type {Map<string, number>} */
  const positions = new Map()
  /** Calls that were interrupted in the log by those of other threads. @type {Map<string, string>} */
  const unfinished = new Map()
  let end = 0
  /** @param {number} at @param {string} descriptor @param {number} offset @param {Buffer} bytes */
  const write = (at, descriptor, offset, bytes) =>
    steps.push({ kind: 'write', at, offset, bytes, isSynced: synced.has(descriptor) })
  for await (const line of createInterface({ input: createReadStream(log) })) {
    const at = end
    // Hexadecimal digits and other letters of one byte, and the end of the line.
    end += line.length + 1
    const [, thread = '', rest = ''] = /^(\d+)\s+(.*)$/.exec(line) ?? []
    let call = rest
    if (rest.endsWith(' <unfinished ...>')) {
      unfinished.set(thread, rest.slice(0, -' <unfinished ...>'.length))
      continue
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest)
    if (resumed !== null) call = `${unfinished.get(thread) ?? ''}${resumed[1]}`
    // Signals, ends of threads, and calls that the end of the process left without a result.
    if (/^(---|\+\+\+) |\)\s+= \?/.test(call)) continue
    const [, name = '', words = '', result = ''] = /^(\w+)\((.*)\)\s+= (-?\d+)/.exec(call) ?? []
    if (name === '') throw unreadable(line)
    const descriptor = /^\d+/.exec(words)?.[0] ?? ''
    if (Number(result) < 0) continue
    if (name === 'openat') {
      if (/O_D?SYNC/.test(words)) synced.add(result)
      else synced.delete(result)
    } else if (name === 'lseek') positions.set(descriptor, Number(result))
    else if (name === 'fdatasync' || name === 'fsync') steps.push({ kind: 'sync', at })
    else if (name === 'pwrite64') {
      const [, hex = '', offset] = /^\d+, "([^"]*)", \d+, (\d+)$/.exec(words) ?? []
      const bytes = bytesOf(hex)
      // What is misread here is a write that never was, and a loss that is none.
      if (offset === undefined || bytes.length !== Number(result)) throw unreadable(line)
      write(at, descriptor, Number(offset), bytes)
    } else if (name === 'pwritev' || name === 'writev' || name === 'write') {
      const bytes = Buffer.concat([...words.matchAll(/"([^"]*)"/g)].map(([, hex]) => bytesOf(hex ?? '')))
      const own = name === 'pwritev' ? Number(/, (\d+)$/.exec(words)?.[1]) : (positions.get(descriptor) ?? Number.NaN)
      if (Number.isNaN(own) || bytes.length !== Number(result)) throw unreadable(line)
      write(at, descriptor, own, bytes)
      if (name !== 'pwritev') positions.set(descriptor, own + bytes.length)
    } else if (/^(sync_file_range|ftruncate|fallocate)$/.test(name)) throw unreadable(line)
  }
  return steps
}

/** A file as it is after steps are made to it, one after the other. */
export class FileStates {
  /** All that is synced. @type {Buffer} */
  #synced
  /** @type {Extract<Step, { kind: 'write' }>[]} */
  #pending = []

  /** @param {Buffer} start */
  constructor(start) {
    this.#synced = Buffer.from(start)
  }

  /** Writes that nothing is known of but that they were begun. */
  get pending() {
    return this.#pending.length
  }

  /** @param {Step} step */
  make(step) {
    if (step.kind === 'write') {
      // Synced when it returns, which it has not yet at a cut right after it; the next step says that it has.
      this.#settle()
      this.#pending.push(step)
      return
    }
    for (const one of this.#pending) this.#synced = written(this.#synced, one.offset, one.bytes)
    this.#pending = []
  }

  #settle() {
    const last = this.#pending.at(-1)
    if (last?.isSynced !== true) return
    this.#pending.pop()
    this.#synced = written(this.#synced, last.offset, last.bytes)
  }

  /** What a power cut leaves now. @param {'nothing' | 'everything' | 'any'} of Of what was not synced. */
  afterCut(of) {
    /** @type {Buffer} */
    let state = Buffer.from(this.#synced)
    if (of === 'nothing') return state
    for (const { offset, bytes } of this.#pending) {
      // Sectors are those of the file, where LMDB's pages begin.
      for (let at = 0; at < bytes.length; ) {
        const end = Math.min(bytes.length, at + SECTOR - ((offset + at) % SECTOR))
        if (of === 'everything' || Math.random() < 0.5) state = written(state, offset + at, bytes.subarray(at, end))
        at = end
      }
    }
    return state
  }
}

/** @param {Buffer} file @param {number} offset @param {Buffer} bytes */
function written(file, offset, bytes) {
  const end = offset + bytes.length
  const longer = file.length < end ? Buffer.concat([file, Buffer.alloc(end - file.length)]) : file
  bytes.copy(longer, offset)
  return longer
}
