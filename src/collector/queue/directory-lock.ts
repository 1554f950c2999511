/** One process per data directory: a lock file that tells who has it, and can tell a process that died from one that lives. */
import { randomUUID } from 'node:crypto'
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const LOCK = 'lock.json'

type Holder = {
  readonly pid: number
  /** Tells a process from a later one with the same number. Absent where the system does not tell. */
  readonly startedAt?: string
  /** Tells that the machine was started anew, so that no process is the one it was. */
  readonly boot?: string
  /** Tells two locks of one process. */
  readonly nonce: string
}

/** Locks held by this process, by nonce: a lock with its number that is not among them is from a former life. */
const heldHere = new Set<string>()

/** A process that lives has the directory. */
export class DirectoryLocked extends Error {
  override readonly name = 'DirectoryLocked'
  readonly pid: number

  constructor(directory: string, pid: number) {
    super(`the data directory ${directory} is in use by process ${pid}; one directory serves one collector at a time`)
    this.pid = pid
  }
}

function readOptional(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

/** When a process was started, in ticks since the machine was: the 22nd field, counted after the name, which may hold anything. */
function startOf(pid: number): string | undefined {
  const status = readOptional(`/proc/${pid}/stat`)
  return status?.slice(status.lastIndexOf(')') + 2).split(' ')[19]
}

const bootOf = () => readOptional('/proc/sys/kernel/random/boot_id')?.trim()

function isAlive(holder: Holder): boolean {
  if (holder.pid === process.pid) return heldHere.has(holder.nonce)
  if (holder.boot !== undefined && holder.boot !== bootOf()) return false
  try {
    process.kill(holder.pid, 0)
  } catch (error) {
    // Another user's process may not be signalled, but it is there.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  return holder.startedAt === undefined || startOf(holder.pid) === holder.startedAt
}

function parse(text: string | undefined): Holder | undefined {
  try {
    const holder = JSON.parse(text ?? '') as Holder
    return Number.isInteger(holder.pid) && typeof holder.nonce === 'string' ? holder : undefined
  } catch {
    return undefined
  }
}

/** Takes the lock of a directory, or throws `DirectoryLocked`. Returns what gives it back. */
export function lockDirectory(directory: string): () => void {
  const path = join(directory, LOCK)
  const startedAt = startOf(process.pid)
  const boot = bootOf()
  const nonce = randomUUID()
  const own: Holder = {
    pid: process.pid,
    ...(startedAt !== undefined && { startedAt }),
    ...(boot !== undefined && { boot }),
    nonce,
  }
  // Written whole under another name first, and linked: a link is made by one process only, and never half.
  const draft = `${path}.${nonce}`
  writeFileSync(draft, JSON.stringify(own))
  try {
    for (;;) {
      try {
        linkSync(draft, path)
        break
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      }
      removeStale(directory, path, nonce)
    }
  } finally {
    rmSync(draft, { force: true })
  }
  heldHere.add(nonce)
  return () => {
    if (!heldHere.delete(nonce)) return
    if (parse(readOptional(path))?.nonce === nonce) rmSync(path, { force: true })
  }
}

/** Moves away the lock of a process that is no more. */
function removeStale(directory: string, path: string, nonce: string): void {
  const text = readOptional(path)
  if (text === undefined) return
  const holder = parse(text)
  if (holder !== undefined && isAlive(holder)) throw new DirectoryLocked(directory, holder.pid)
  const away = `${path}.stale-${nonce}`
  try {
    renameSync(path, away)
  } catch {
    return // Another process moved it away first.
  }
  const moved = readOptional(away)
  if (moved !== text) {
    // Between the look and the move another process took the lock: it gets it back.
    try {
      linkSync(away, path)
    } catch {}
  }
  rmSync(away, { force: true })
}
