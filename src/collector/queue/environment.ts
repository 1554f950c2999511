/** The LMDB environment of the queue in its directory: locked, checked before it is touched, made whole or not at all. */
import { randomUUID } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { type Database, open, type RootDatabase } from 'lmdb'
import { lockDirectory } from './directory-lock.js'
import { findDamage } from './file-check.js'

/** Raised when what is written changes so that an older program would misread it. */
export const FORMAT = 1

const ENVIRONMENT = 'environment'
const DESCRIPTION = 'format.json'

/** The directory holds what this program cannot use. Nothing in it was changed. */
export class UnusableQueue extends Error {
  override readonly name = 'UnusableQueue'
  readonly reason: 'damaged' | 'newer'

  constructor(reason: 'damaged' | 'newer', message: string) {
    super(message)
    this.reason = reason
  }
}

export type Table = Database<Buffer, Buffer>

export type Environment = {
  /** Made with the directory: tells this queue from all others, for ever. */
  readonly id: string
  /** Epoch milliseconds. */
  readonly createdAt: number
  readonly root: RootDatabase<Buffer, Buffer>
  /** Operations that wait for the store. */
  readonly operations: Table
  /** Bodies that wait for targets. */
  readonly bodies: Table
  /** Ids of operations accepted lately. */
  readonly seen: Table
  /** The one record of positions and counts. */
  readonly state: Table
  /** Closes and unlocks. */
  readonly close: () => Promise<void>
}

type Description = { readonly format: number; readonly id: string; readonly createdAt: number }

/** Opens the queue in a directory, making it when there is none. Throws `DirectoryLocked` or `UnusableQueue`. */
export async function openEnvironment(directory: string, now: () => number): Promise<Environment> {
  mkdirSync(directory, { recursive: true })
  const unlock = lockDirectory(directory)
  try {
    const path = join(directory, ENVIRONMENT)
    if (!existsSync(path)) await create(directory, path, now())
    const { id, createdAt } = check(path)
    const root = openRoot(path)
    return {
      id,
      createdAt,
      root,
      ...openTables(root),
      async close() {
        await root.close()
        unlock()
      },
    }
  } catch (error) {
    unlock()
    throw error
  }
}

function openRoot(path: string): RootDatabase<Buffer, Buffer> {
  // Without overlapping sync a commit is resolved when it is synced: first the pages, then what refers to them. With it LMDB
  // answers earlier but was not quicker to the disk here, and a power cut is survived by a subtler reasoning.
  return open<Buffer, Buffer>(path, {
    overlappingSync: false,
    // Batches are made by the group commit; those of the binding's own make a promise that nobody has, and whose rejection, when
    // a write fails, would end the process.
    eventTurnBatching: false,
    maxDbs: 8,
    encoding: 'binary',
    keyEncoding: 'binary',
    noSubdir: false,
  })
}

function openTables(root: RootDatabase<Buffer, Buffer>) {
  const table = (name: string): Table =>
    root.openDB<Buffer, Buffer>({ name, encoding: 'binary', keyEncoding: 'binary' })
  return { operations: table('operations'), bodies: table('bodies'), seen: table('seen'), state: table('state') }
}

/** Makes the environment beside its place and moves it there, so that half of one is never found. */
async function create(directory: string, path: string, createdAt: number): Promise<void> {
  for (const name of readdirSync(directory)) {
    if (name.startsWith(`${ENVIRONMENT}.`)) rmSync(join(directory, name), { recursive: true, force: true })
  }
  const draft = `${path}.${randomUUID()}`
  mkdirSync(draft)
  const root = openRoot(draft)
  openTables(root)
  await root.close()
  const description: Description = { format: FORMAT, id: randomUUID(), createdAt }
  const file = openSync(join(draft, DESCRIPTION), 'w')
  writeSync(file, `${JSON.stringify(description)}\n`)
  fsyncSync(file)
  closeSync(file)
  syncDirectory(draft)
  renameSync(draft, path)
  syncDirectory(directory)
}

function syncDirectory(path: string): void {
  if (process.platform === 'win32') return // A directory cannot be opened there, nor need it be.
  const file = openSync(path, 'r')
  fsyncSync(file)
  closeSync(file)
}

function check(path: string): Description {
  const description = describe(path)
  if (description.format > FORMAT) {
    throw new UnusableQueue(
      'newer',
      `${path} was written by a newer version: its format is ${description.format}, this version knows up to ${FORMAT}; nothing was touched`,
    )
  }
  const file = join(path, 'data.mdb')
  const damage = existsSync(file) ? findDamage(file) : 'it is missing'
  if (damage !== undefined) throw new UnusableQueue('damaged', `${file} is damaged: ${damage}; nothing was touched`)
  return description
}

function describe(path: string): Description {
  const file = join(path, DESCRIPTION)
  try {
    const { format, id, createdAt } = JSON.parse(readFileSync(file, 'utf8')) as Description
    if (Number.isInteger(format) && format > 0 && typeof id === 'string' && typeof createdAt === 'number') {
      return { format, id, createdAt }
    }
  } catch (error) {
    throw new UnusableQueue('damaged', `cannot read ${file}: ${(error as Error).message}; nothing was touched`)
  }
  throw new UnusableQueue('damaged', `${file} does not tell the format of the directory; nothing was touched`)
}
