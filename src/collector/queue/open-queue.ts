/** Opens the queue of a directory: reads what waits there, and refuses what it cannot trust. */
import { Entries, readEntryKey } from './entries.js'
import { type Environment, openEnvironment, type Table, UnusableQueue } from './environment.js'
import { readState } from './group-commit.js'
import { Queue, type QueueOptions } from './queue.js'
import { SeenIds, seenKey } from './seen-ids.js'
import { initialState, type QueueState, recount } from './state.js'

/** Opens the queue of a directory. Throws `DirectoryLocked` or `UnusableQueue`, having touched nothing. */
export async function openQueue(options: QueueOptions): Promise<Queue> {
  const environment = await openEnvironment(options.directory, options.now ?? Date.now)
  try {
    const state = readState<QueueState>(environment.state) ?? initialState()
    const operations = readEntries(environment.operations, state.firstOperations, state.nextOperations, 'operations')
    const bodies = readEntries(environment.bodies, state.nextBody, state.nextBody, 'bodies')
    recount(state, operations, bodies)
    const seen = readSeen(environment, state, options)
    return new Queue({ options, environment, state, operations, bodies, seen })
  } catch (error) {
    await environment.close()
    throw error
  }
}

/** Entries as their keys on the disk tell; they stand without gaps up to the position that is next. */
function readEntries(table: Table, empty: number, next: number, what: string): Entries {
  let entries: Entries | undefined
  for (const key of table.getKeys()) {
    const { position, ...entry } = readEntryKey(key)
    entries ??= new Entries(position)
    if (entries.next !== position) {
      throw new UnusableQueue(
        'damaged',
        `the queue is damaged: ${what} end at ${entries.next - 1} and go on at ${position}`,
      )
    }
    entries.push(entry)
  }
  entries ??= new Entries(empty)
  if (entries.next !== next || (what === 'operations' && entries.first !== empty)) {
    throw new UnusableQueue(
      'damaged',
      `the queue is damaged: ${what} from ${empty} to ${next} are expected; it has those from ${entries.first} to ${entries.next}`,
    )
  }
  return entries
}

function readSeen(
  { seen }: Environment,
  { seenIds: expected }: QueueState,
  { seenWindowMs = 24 * 3_600_000, seenIds = 5_000_000 }: QueueOptions,
): SeenIds {
  const ids = new SeenIds({
    windowMs: seenWindowMs,
    capacity: seenIds,
    read: (position) => seen.getBinary(seenKey(position)),
  })
  for (const { key, value } of seen.getRange()) ids.load(key.readUIntBE(0, 6), value)
  // What is not remembered is taken once more when it comes again.
  if (expected !== undefined && ids.size !== expected) {
    throw new UnusableQueue(
      'damaged',
      `the queue is damaged: ${expected} remembered ids are expected; it has ${ids.size}`,
    )
  }
  return ids
}
