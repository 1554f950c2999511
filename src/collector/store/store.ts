/** The history: operations and their rollups in ClickHouse tables, embedded in this process or on a server. The wiring of the parts beside this file. */
import { isDeepStrictEqual } from 'node:util'
import type { Notice } from 'tokmeter/core'
import { type CopyOptions, type CopyResult, copyOperations } from './copy.js'
import { openDataDirectory } from './data-directory.js'
import { type Database, insertOnce, transferPosition } from './database.js'
import { openEmbedded } from './embedded.js'
import type { Engine, Parameters, QueryOptions } from './engine.js'
import { type ExportOptions, type ExportResult, exportOperations } from './export.js'
import { type ImportOptions, type ImportResult, importedOperations, importFile } from './import.js'
import { adjustExpiry, migrate } from './migrations.js'
import { recordNotices } from './notices.js'
import { applyRetention, eraseIdentity, type RetentionResult, type Size, sizeOf } from './retention.js'
import { encode, type OperationSource } from './rows.js'
import { MAIN_ROLLUPS, type Placement, qualified, type RetentionDays, STORED_TABLES } from './schema.js'
import { createStates, type States } from './states.js'

/** A directory of this machine for the embedded engine, or a ClickHouse server. */
export type StoreLocation =
  | { readonly path: string }
  | {
      /** `http://` or `https://`. */
      readonly url: string
      /** Name of a cluster in the server's configuration: tables are replicated and sharded over it. */
      readonly cluster?: string | undefined
      readonly username?: string | undefined
      readonly password?: string | undefined
      /** Longest one insert or query may take, in milliseconds. @default 60000 */
      readonly requestTimeoutMs?: number | undefined
    }

/** How much of the history is kept. */
export type Retention = {
  /** Days each tier is kept. @default { raw: 30, '1m': 40, '5m': 40, '1h': 400, '1d': 1825 } */
  readonly retentionDays?: { readonly [tier in keyof RetentionDays]?: number | undefined } | undefined
  /** Most bytes of all tables together; the oldest go first. @default Infinity */
  readonly maxBytes?: number | undefined
}

export type StoreOptions = Retention & {
  /** @default 'tokmeter' */
  readonly database?: string | undefined
  /** Most memory the embedded engine takes for its own, in bytes. @default 402653184 (384 MiB) */
  readonly memoryBytes?: number | undefined
  /** Queries the embedded engine runs at the same time; others wait their turn. @default 2 */
  readonly concurrentQueries?: number | undefined
  /** How much ingest lacks what questions take of the embedded engine, from 0 to 1: those that can wait give way to it. @default 0 */
  readonly pressure?: (() => number) | undefined
}

export type Store = {
  readonly kind: 'embedded' | 'server'
  /** Where the tables stand: for what reads and writes them beside the store. */
  readonly database: Database
  /**
   * Stores a batch, rollups included, exactly once per `token`: the same batch with the same token may be sent until it succeeds, also after
   * the process was killed in the middle. Resolves when it is on the disk. Best with 20,000 to 50,000 operations: each insert
   * costs some 0.14 s of a core whatever its size.
   */
  insert(operations: OperationSource, token: string): Promise<void>
  /** Rows of a SELECT. `{name:Type}` placeholders are bound; tables are named by `table()`. */
  query<Row>(sql: string, parameters?: Parameters, options?: QueryOptions): Promise<Row[]>
  /** In how many parts a question is asked that takes long to merge. */
  readonly parts: number
  /** The name of a table in SQL: `operations`, or `operations_1m`, `_5m`, `_1h`, `_1d`, `_1h_main`, `_1d_main`, or `notices`. */
  table(name: string): string
  /** Epoch milliseconds from which on the rollups by the main dimensions have all there is. */
  readonly mainSince: number
  size(): Promise<Size>
  /** Drops what is older than its tier is kept, and the oldest while all is larger than `maxBytes`. `now`: epoch milliseconds. */
  applyRetention(now?: number): Promise<RetentionResult>
  /** Keeps so much from now on. What is beyond it goes with the next `applyRetention`. The same again costs nothing. */
  setRetention(retention: Retention): Promise<void>
  /** Deletes the raw rows of a hashed user or conversation; resolves with their number. */
  eraseIdentity(hash: string): Promise<number>
  /** What was decided before, for whoever starts again. */
  readonly states: States
  /** Puts notices into the journal, each once by its id. */
  recordNotices(notices: readonly Notice[]): Promise<void>
  exportOperations(options: ExportOptions): Promise<ExportResult>
  importFile(options: ImportOptions): Promise<ImportResult>
  /** Operations that came by `importFile`, ever: what the store has beyond what was inserted. */
  imported(): Promise<number>
  /** Copies everything into another store; begun again with the same stores, it continues. */
  copyTo(target: Store, options?: CopyOptions): Promise<CopyResult>
  /** Waits for what is running. May be called twice. */
  close(): Promise<void>
}

export const DEFAULT_RETENTION_DAYS: RetentionDays = { raw: 30, '1m': 40, '5m': 40, '1h': 400, '1d': 1825 }
const DEFAULT_MEMORY_BYTES = 384 * 2 ** 20
const NAME = /^[A-Za-z_]\w{0,62}$/

function name(value: string, option: string): string {
  if (NAME.test(value)) return value
  throw new TypeError(`${option} must be a name of letters, digits and _; got ${JSON.stringify(value)}`)
}

function days(options: Retention): RetentionDays {
  const given = options.retentionDays ?? {}
  const merged: { [tier: string]: number } = { ...DEFAULT_RETENTION_DAYS }
  for (const [tier, value] of Object.entries(given)) {
    if (!(tier in DEFAULT_RETENTION_DAYS))
      throw new TypeError(
        `retentionDays.${tier} is no tier; the tiers are ${Object.keys(DEFAULT_RETENTION_DAYS).join(', ')}`,
      )
    if (value === undefined) continue
    if (!Number.isInteger(value) || value < 1 || value > 36_500)
      throw new RangeError(`retentionDays.${tier} must be a whole number of days from 1 to 36500; got ${value}`)
    merged[tier] = value
  }
  return merged as RetentionDays
}

/**
 * Opens the history and brings its tables to this program's version. Throws an Error that names the place and what is wrong with it:
 * in use by another process, damaged, written by a newer program, or not reachable.
 */
export async function openStore(location: StoreLocation, options: StoreOptions = {}): Promise<Store> {
  const retention = days(options)
  const placement: Placement = {
    database: name(options.database ?? 'tokmeter', 'database'),
    ...('url' in location && location.cluster !== undefined && { cluster: name(location.cluster, 'cluster') }),
  }
  if ('path' in location) {
    const directory = openDataDirectory(location.path)
    let engine: Engine | undefined
    let since: number
    try {
      engine = await openEmbedded(directory.engine, {
        memoryBytes: options.memoryBytes ?? DEFAULT_MEMORY_BYTES,
        concurrentQueries: options.concurrentQueries ?? 2,
        pressure: options.pressure,
      })
      await migrate(engine, placement, retention)
      await readEveryTable(engine, placement)
      since = await mainSince({ engine, placement })
      directory.recordVersion()
    } catch (cause) {
      await engine?.close()
      directory.release()
      throw new Error(`the data directory ${location.path} cannot be opened: ${messageOf(cause)}`, { cause })
    }
    return createStore('embedded', { engine, placement }, retention, options, since, directory.release)
  }
  // Its client takes 50 ms to load, of which an embedded store has no use.
  const { openServer } = await import('./server.js')
  const engine = openServer({ ...location, requestTimeoutMs: location.requestTimeoutMs ?? 60_000 })
  let since: number
  try {
    await migrate(engine, placement, retention)
    since = await mainSince({ engine, placement })
  } catch (cause) {
    await engine.close()
    throw new Error(`the ClickHouse server ${withoutSecrets(location.url)} cannot be used: ${messageOf(cause)}`, {
      cause,
    })
  }
  return createStore('server', { engine, placement }, retention, options, since, () => {})
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}

function withoutSecrets(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : 'of an URL that cannot be read'
}

/** Tables are loaded behind the first query: one that is damaged is to be known before anything is accepted for it. */
async function readEveryTable(engine: Engine, placement: Placement): Promise<void> {
  await Promise.all(
    STORED_TABLES.map(async ({ name: table }) => {
      try {
        await engine.query(`SELECT count() FROM ${qualified(placement, table)}`)
      } catch (cause) {
        throw new Error(`the table ${table} is damaged: ${messageOf(cause)}`, { cause })
      }
    }),
  )
}

/** Epoch milliseconds; never where it is not known: a replica may hear of it later than of the tables. */
async function mainSince(database: Database): Promise<number> {
  const seconds = await transferPosition(database, MAIN_ROLLUPS)
  return seconds === undefined ? Number.POSITIVE_INFINITY : Number(seconds) * 1000
}

function createStore(
  kind: Store['kind'],
  database: Database,
  openedFor: RetentionDays,
  { maxBytes: openedUpTo = Number.POSITIVE_INFINITY }: StoreOptions,
  mainSince: number,
  onClosed: () => void,
): Store {
  const { engine, placement } = database
  let retention = openedFor
  let maxBytes = openedUpTo
  /** What the engine expires rows by. */
  let expiry = openedFor
  let closed: Promise<void> | undefined
  const inserts = new Set<Promise<void>>()

  async function insertAll(operations: OperationSource, token: string): Promise<void> {
    let part = 0
    // The first part goes by the token itself, whether or not others follow.
    for await (const rows of encode(operations)) {
      await insertOnce(database, 'operations_input', rows, part === 0 ? token : `${token}/${part}`)
      part++
    }
  }

  return {
    kind,
    database,
    async insert(operations, token) {
      if (token === '') throw new TypeError('an insert needs a token that is not empty')
      if (closed) throw new Error('the store is closed')
      const inserted = insertAll(operations, token)
      inserts.add(inserted)
      await inserted.finally(() => inserts.delete(inserted))
    },
    query: (sql, parameters, queryOptions) => engine.query(sql, parameters, queryOptions),
    parts: engine.parts,
    table: (table) => qualified(placement, table),
    mainSince,
    size: () => sizeOf(database),
    applyRetention: (now = Date.now()) => applyRetention(database, retention, maxBytes, now),
    async setRetention(given) {
      const next = days(given)
      retention = next
      maxBytes = given.maxBytes ?? Number.POSITIVE_INFINITY
      if (isDeepStrictEqual(expiry, next)) return
      await adjustExpiry(engine, placement, next)
      expiry = next
    },
    states: createStates(database),
    recordNotices: (notices) => recordNotices(database, notices),
    eraseIdentity: (hash) => eraseIdentity(database, hash),
    exportOperations: (exportOptions) => exportOperations(database, exportOptions),
    importFile(importOptions) {
      return importFile(database, (operations, token) => this.insert(operations, token), importOptions)
    },
    imported: () => importedOperations(database),
    copyTo: (target, copyOptions) => copyOperations(database, target.database, copyOptions),
    close() {
      closed ??= Promise.allSettled(inserts)
        .then(() => engine.close())
        .finally(onClosed)
      return closed
    },
  }
}
