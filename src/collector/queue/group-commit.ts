/**
 * Many changes, one transaction: what is staged within some milliseconds is written together, with the state it leads to, and told
 * when it is on the disk. One group is written at a time. Knows nothing of what is changed.
 */
import type { RootDatabase } from 'lmdb'
import type { Table } from './environment.js'

const STATE_KEY = Buffer.from('state')
/** How long facts wait that could not be written, in milliseconds. */
const RETRY_MS = 500
/** Most bytes that one group writes, as far as changes tell: they are made in one go, during which nobody else has a turn. */
const GROUP_BYTES = 4 * 1024 * 1024

/** What one transaction puts and removes, in order. */
export class Writes {
  readonly list: { readonly table: Table; readonly key: Buffer; readonly value: Buffer | undefined }[] = []

  put(table: Table, key: Buffer, value: Buffer): void {
    this.list.push({ table, key, value })
  }

  remove(table: Table, key: Buffer): void {
    this.list.push({ table, key, value: undefined })
  }
}

export type Change<State> = {
  /** Changes the draft and says what to write. When it throws, it has done neither, and fails alone. */
  readonly prepare: (draft: State, writes: Writes) => void
  /** Called once, when the change is on the disk, or will never be. */
  readonly done: (error?: Error) => void
  /** It has happened, and is tried again until it is written. */
  readonly isFact?: boolean
  /** About how much it writes. */
  readonly bytes?: number
}

export type GroupCommitOptions<State> = {
  readonly root: RootDatabase<Buffer, Buffer>
  readonly table: Table
  readonly state: State
  /** How long a change waits for others when others may be expected, in milliseconds. */
  readonly delayMs: number
  /** Changes that are not made to wait for more. */
  readonly maxChanges: number
  /** Adds to the draft and the writes what follows from all changes of the group together. */
  readonly finish: (draft: State, writes: Writes) => void
  /** Called when the group is on the disk and its state is the state, before the changes are told; or when it failed. */
  readonly settled: (error?: Error) => void
}

export class GroupCommit<State> {
  readonly #options: GroupCommitOptions<State>
  #state: State
  #draft: State | undefined
  #staged: Change<State>[] = []
  #timer: NodeJS.Timeout | undefined
  #dueAt = Infinity
  #running: Promise<number> | undefined
  #stopped: Error | undefined
  /** Changes staged since the last group that may be kept waiting for others, and those of that group: after several, more are expected. */
  #patient = 0
  #lastPatient = 0

  constructor(options: GroupCommitOptions<State>) {
    this.#options = options
    this.#state = options.state
  }

  /** As it is on the disk, but for what `note` changed. */
  get state(): State {
    return this.#state
  }

  /** Stages a change of which there are many at a time: it waits a moment for others when there were several in the last group. */
  stage(change: Change<State>): void {
    this.#take(change)
    this.#patient++
    if (this.#staged.length >= this.#options.maxChanges) this.#schedule(0)
    else this.#schedule(this.#lastPatient > 1 ? this.#options.delayMs : 0)
  }

  /** Stages a change that is written within so many milliseconds. */
  stageWithin(milliseconds: number, change: Change<State>): void {
    this.#take(change)
    this.#schedule(milliseconds)
  }

  /** Changes counts at once; they come to the disk with the next group, or within a second. */
  note(change: (state: State) => void): void {
    change(this.#state)
    if (this.#draft !== undefined) change(this.#draft)
    this.#schedule(1000)
  }

  /** Resolves when all that was staged and noted was tried once. */
  async flush(): Promise<void> {
    await this.#running
    let left = this.#staged.length
    if (left === 0 && this.#dueAt === Infinity) return
    do left -= await this.#run()
    while (left > 0)
  }

  /** Takes no more, and fails what was staged and not written. */
  stop(error: Error): void {
    this.#stopped = error
    this.#clearTimer()
    for (const change of this.#staged.splice(0)) change.done(error)
  }

  #take(change: Change<State>): void {
    if (this.#stopped === undefined) this.#staged.push(change)
    else change.done(this.#stopped)
  }

  #schedule(milliseconds: number): void {
    if (this.#stopped !== undefined) return
    const dueAt = performance.now() + milliseconds
    if (dueAt >= this.#dueAt) return
    this.#clearTimer()
    this.#dueAt = dueAt
    if (this.#running !== undefined) return
    const run = () => void this.#run()
    this.#timer = milliseconds === 0 ? setTimeout(run) : setTimeout(run, milliseconds)
  }

  #clearTimer(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#dueAt = Infinity
  }

  #run(): Promise<number> {
    this.#running ??= this.#commit().finally(() => {
      this.#running = undefined
      const left = Math.max(0, this.#dueAt - performance.now())
      this.#clearTimer()
      if (this.#staged.length >= this.#options.maxChanges) this.#schedule(0)
      else if (left < Infinity) this.#schedule(left)
    })
    return this.#running
  }

  /** Writes a group, and returns how many changes were in it. */
  async #commit(): Promise<number> {
    this.#clearTimer()
    this.#lastPatient = this.#patient
    this.#patient = 0
    const changes = this.#takeGroup()
    const draft = structuredClone(this.#state)
    this.#draft = draft
    const writes = new Writes()
    const prepared = changes.filter((change) => prepare(change, draft, writes))
    this.#options.finish(draft, writes)
    writes.put(this.#options.table, STATE_KEY, Buffer.from(JSON.stringify(draft)))
    const error = await write(this.#options.root, writes)
    this.#draft = undefined
    if (error === undefined) this.#state = draft
    this.#options.settled(error)
    for (const change of prepared) {
      if (error !== undefined && change.isFact) this.stageWithin(RETRY_MS, change)
      else change.done(error)
    }
    return changes.length
  }

  #takeGroup(): Change<State>[] {
    let bytes = 0
    let count = 0
    while (count < this.#staged.length && count < this.#options.maxChanges && bytes < GROUP_BYTES) {
      bytes += this.#staged[count++]!.bytes ?? 0
    }
    const changes = this.#staged.splice(0, count)
    if (this.#staged.length > 0) this.#dueAt = performance.now()
    return changes
  }
}

function prepare<State>(change: Change<State>, draft: State, writes: Writes): boolean {
  try {
    change.prepare(draft, writes)
    return true
  } catch (error) {
    change.done(error as Error)
    return false
  }
}

/** Writes all in one transaction. Returns why not, when it could not. */
async function write(root: RootDatabase<Buffer, Buffer>, { list }: Writes): Promise<Error | undefined> {
  try {
    await root.batch(() => {
      let last: unknown
      for (const { table, key, value } of list) {
        const one = value === undefined ? table.remove(key) : table.put(key, value)
        // Each tells of the failure of the whole once more.
        if (one !== last) one.catch(() => {})
        last = one
      }
    })
    return undefined
  } catch (error) {
    return await causeOf(error as Error & { commitError?: Promise<never> })
  }
}

async function causeOf(error: Error & { commitError?: Promise<never> }): Promise<Error> {
  try {
    await error.commitError
  } catch (cause) {
    return cause as Error
  }
  return error
}

/** The state that was written last; undefined in a new directory. */
export function readState<State>(table: Table): State | undefined {
  const bytes = table.getBinary(STATE_KEY)
  return bytes === undefined ? undefined : (JSON.parse(bytes.toString()) as State)
}
