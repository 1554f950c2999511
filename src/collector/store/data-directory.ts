/** The directory of an embedded store: who has it open, and which version wrote it. Looked at before the engine touches anything in it. */
import { existsSync, mkdirSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { newerVersion } from './migrations.js'
import { SCHEMA_VERSION } from './schema.js'

export type DataDirectory = {
  /** Where the engine keeps its files. */
  readonly engine: string
  /** Notes the version of the data, once they are there. */
  recordVersion(): void
  /** Lets others open it. May be called twice. */
  release(): void
}

type Owner = { readonly pid: number; readonly started: string }

/** Throws an Error that names the directory and what is wrong with it, and changes nothing in one that may not be opened. */
export function openDataDirectory(path: string): DataDirectory {
  const directory = resolve(path)
  const engine = join(directory, 'engine')
  const version = join(directory, 'version.json')
  const lock = join(directory, 'lock.json')
  mkdirSync(directory, { recursive: true })
  takeLock(lock, directory)
  const release = () => {
    if (sameOwner(readOwner(lock), thisProcess())) unlinkSync(lock)
  }
  try {
    checkVersion(version, engine, directory)
    // Written before the engine makes its files, so that a first start that was interrupted is not taken for damage.
    if (!existsSync(version)) writeVersion(version, 0)
    mkdirSync(engine, { recursive: true })
  } catch (cause) {
    release()
    throw cause
  }
  return { engine, release, recordVersion: () => writeVersion(version, SCHEMA_VERSION) }
}

function writeVersion(file: string, version: number): void {
  writeFileSync(`${file}.new`, `${JSON.stringify({ program: 'tokmeter', schemaVersion: version })}\n`, { flush: true })
  renameSync(`${file}.new`, file)
}

function checkVersion(file: string, engine: string, directory: string): void {
  if (!existsSync(file)) {
    if (existsSync(engine))
      throw new Error(
        `the data directory ${directory} is damaged: ${file} is missing beside its data; restore it from a backup, or choose another directory. Nothing was changed`,
      )
    return
  }
  let version: unknown
  try {
    version = (JSON.parse(readFileSync(file, 'utf8')) as { schemaVersion?: unknown }).schemaVersion
  } catch (cause) {
    throw new Error(`the data directory ${directory} is damaged: ${file} cannot be read. Nothing was changed`, {
      cause,
    })
  }
  if (typeof version !== 'number' || !Number.isInteger(version) || version < 0)
    throw new Error(`the data directory ${directory} is damaged: ${file} names no version. Nothing was changed`)
  if (version > SCHEMA_VERSION) throw newerVersion(`the data directory ${directory}`, version)
}

function takeLock(lock: string, directory: string): void {
  for (let attempt = 0; attempt < 5; attempt++) {
    try {
      writeFileSync(lock, `${JSON.stringify(thisProcess())}\n`, { flag: 'wx' })
      return
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    const owner = readOwner(lock)
    if (owner && isRunning(owner))
      throw new Error(
        `the data directory ${directory} is in use by the process ${owner.pid}: stop it, or choose another directory`,
      )
    // Left behind by a process that was killed. Only one of several that find it so can make the next one.
    try {
      unlinkSync(lock)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
  throw new Error(`the data directory ${directory} is being opened by several processes at once`)
}

function readOwner(lock: string): Owner | undefined {
  try {
    const owner = JSON.parse(readFileSync(lock, 'utf8')) as Owner
    return Number.isInteger(owner.pid) ? owner : undefined
  } catch {
    return undefined
  }
}

function sameOwner(a: Owner | undefined, b: Owner): boolean {
  return a !== undefined && a.pid === b.pid && a.started === b.started
}

function thisProcess(): Owner {
  return { pid: process.pid, started: startOf(process.pid) }
}

function isRunning(owner: Owner): boolean {
  try {
    process.kill(owner.pid, 0)
  } catch (error) {
    // Anything but "no such process" means there is one.
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
  }
  // A number is given again: after a restart of a container, usually to the same program.
  return startOf(owner.pid) === owner.started
}

/** What tells a process from a later one with its number; empty where the system does not say. */
function startOf(pid: number): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    const status = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return `${boot} ${status.slice(status.lastIndexOf(')') + 2).split(' ')[19]}`
  } catch {
    return ''
  }
}
