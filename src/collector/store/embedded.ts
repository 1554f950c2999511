/** The engine in this process: chDB on a directory of its own. Knows nothing of what is stored. */
import { randomUUID } from 'node:crypto'
import { rmSync, writeFileSync } from 'node:fs'
import { rm, statfs, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { Session } from 'chdb'
import { lowerBackgroundThreads } from './background-threads.js'
import { BINARY_ROWS, readBinaryRows } from './binary-rows.js'
import { openWholeInserts } from './cut-off-inserts.js'
import {
  bound,
  type Engine,
  MAX_EXECUTION_SECONDS,
  type Parameters,
  type QueryOptions,
  quoted,
  type RawInsert,
  settingsSql,
} from './engine.js'
import { putEmptyMergesAside, watchRoomToMerge } from './full-disk.js'
import { allowanceOf, createGivingWay } from './giving-way.js'
import { createTurns } from './turns.js'

export type EmbeddedOptions = {
  /** Most memory the engine takes for its own, in bytes. */
  readonly memoryBytes: number
  /** Queries that run at the same time. Each takes a thread of Node's pool, which the queue on disk needs too. */
  readonly concurrentQueries: number
  /** How much ingest lacks what questions take, from 0 to 1: they give way to it. @default 0 */
  readonly pressure?: (() => number) | undefined
  /** Cores that questions and ingest share. @default those of the machine */
  readonly cores?: number | undefined
  /** Free bytes of the file system of a directory. @default what it says itself */
  readonly freeBytes?: ((directory: string) => Promise<number>) | undefined
}

/**
 * Room that has to be left before an insert begins, in bytes. The engine notes an insert's token beside its rows: should the disk be full
 * just then, the rows may be there and the token not, and what is sent again would be stored twice.
 */
const ROOM_TO_INSERT = 32 * 2 ** 20
/** How often a query is told to stop, until it has. */
const STOP_AGAIN_MS = 100
/** Most queries that wait for their turn. */
const WAITING_QUERIES = 1000

/** Throws an Error that says what to do where the package is not installed or has no build for this system. */
export async function openEmbedded(directory: string, embedded: EmbeddedOptions): Promise<Engine> {
  const chdb = await loadChdb()
  const configuration = join(directory, '..', 'engine.xml')
  const handover = join(directory, '..', 'insert.native')
  rmSync(handover, { force: true })
  writeFileSync(configuration, configurationXml(embedded))
  const open = () => {
    try {
      return new chdb.Session(directory, { connectionArgs: [`--config-file=${configuration}`] })
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause)
      // The engine says why on the standard error output only.
      throw new Error(
        reason.startsWith('Failed to create connection')
          ? 'the engine refuses: its files are damaged, or another program has them open. It says which on the standard error output; nothing was changed'
          : reason,
        { cause },
      )
    }
  }
  const freeBytes = () => (embedded.freeBytes ?? freeBytesOf)(directory)
  putEmptyMergesAside(directory)
  const wholeInserts = await openWholeInserts(directory)
  const writer = open()
  const readers: Reader[] = []
  const stopper = open()
  try {
    await writer.queryAsync('SET alter_sync = 2; SET mutations_sync = 2')
    for (let index = 0; index < embedded.concurrentQueries; index++)
      readers.push({ session: await openReader(open, embedded) })
  } catch (cause) {
    for (const session of [writer, stopper, ...sessionsOf(readers)]) session.close()
    await chdb.drainPending()
    throw cause
  }
  lowerBackgroundThreads()
  const closedMessage = 'the store is closed'
  const { cores = availableParallelism(), concurrentQueries, pressure = () => 0 } = embedded
  const allowance = () => allowanceOf(pressure(), cores, concurrentQueries)
  const writing = createTurns([writer], { mostWaiting: Number.POSITIVE_INFINITY, closedMessage })
  const reading = createTurns(readers, {
    mostWaiting: WAITING_QUERIES,
    closedMessage,
    pace: createGivingWay(allowance),
  })
  const stopWatching = await watchRoomToMerge(
    freeBytes,
    (sql) => stopper.queryAsync(sql),
    () => writing.take((session) => wholeInserts.written.check(textOf(session))),
  )
  const streams = new Set<Promise<void>>()
  let closed: Promise<void> | undefined

  async function* stream(sql: string, format: string) {
    if (closed) throw new Error('the store is closed')
    // A session has one stream at a time, so each stream gets a session.
    const session = await openReader(open, embedded)
    let finish = () => {}
    const finished = new Promise<void>((resolve) => {
      finish = resolve
    })
    streams.add(finished)
    try {
      for await (const chunk of session.queryStream(sql, { format })) {
        if (closed) throw new Error('the store is closed')
        yield chunk.raw()
      }
    } finally {
      session.close()
      streams.delete(finished)
      finish()
    }
  }

  return {
    parts: Math.min(QUERY_THREADS, concurrentQueries),
    async command(sql) {
      await writing.take((session) => session.queryAsync(sql))
      // They begin with the first table.
      lowerBackgroundThreads()
    },
    async query<Row>(sql: string, parameters: Parameters = {}, options: QueryOptions = {}) {
      const { signal, canWait, isBinary = false, maxExecutionSeconds = MAX_EXECUTION_SECONDS } = options
      const result = await reading.take(
        async (reader) => {
          reader.session ??= await openReader(open, embedded)
          const { threads } = canWait ? allowance() : {}
          const settings = {
            max_execution_time: maxExecutionSeconds,
            ...(threads !== undefined && { max_threads: threads }),
            ...options.settings,
          }
          // In the SQL, since settings given beside it would stay for the queries after it.
          const text = `${bound(sql, parameters)}${settingsSql(settings)}`
          try {
            const format = isBinary ? BINARY_ROWS : 'JSONEachRow'
            return await stoppable(reader.session, stopper, { text, format, signal })
          } catch (error) {
            // What a query wrote before it failed, or was stopped, its session would give to the next one, before that one's own rows.
            reader.session.close()
            reader.session = undefined
            throw error
          }
        },
        { signal, canWait },
      )
      if (isBinary) return readBinaryRows(result.bytes()) as Row[]
      const lines = result.text()
      return (lines === '' ? [] : JSON.parse(`[${lines.trimEnd().replaceAll('\n', ',')}]`)) as Row[]
    },
    insert: (rows: RawInsert) =>
      writing.take(async (session) => {
        await checkRoom(directory, rows, freeBytes)
        await wholeInserts.run(() => insertRows(session, rows, handover), textOf(session))
      }),
    stream,
    async writeParquet(sql, path) {
      // Into a file by the engine itself: its stream would make a file of every chunk.
      rmSync(path, { force: true })
      const session = open()
      try {
        await session.queryAsync(`${sql}\nINTO OUTFILE ${quoted(path)} FORMAT Parquet`)
      } finally {
        session.close()
      }
    },
    close() {
      closed ??= (async () => {
        await Promise.all([writing.close(), reading.close(), stopWatching(), ...streams])
        for (const session of [writer, stopper, ...sessionsOf(readers)]) session.close()
        await chdb.drainPending()
      })()
      return closed
    },
  }
}

const textOf = (session: Session) => async (sql: string) =>
  (await session.queryAsync(sql, { format: 'TSVRaw' })).text().trim()

/** What reads, one query at a time; without a session after one that failed. */
type Reader = { session: Session | undefined }

const sessionsOf = (readers: readonly Reader[]) => readers.flatMap(({ session }) => session ?? [])

/** A query that is stopped when nobody waits for it any more. */
async function stoppable(
  session: Session,
  stopper: Session,
  { text, format, signal }: { text: string; format: string; signal: AbortSignal | undefined },
) {
  if (signal === undefined) return session.queryAsync(text, { format })
  // The engine gives queries ids of its own: by what it begins with it is found again.
  const mark = `/* ${randomUUID()} */`
  let isDone = false
  // Until it is: it may not have begun when it is told for the first time.
  const stop = () => {
    if (isDone) return
    const sql = `KILL QUERY WHERE startsWith(query, '${mark}') ASYNC`
    void stopper.queryAsync(sql).catch(() => {})
    setTimeout(stop, STOP_AGAIN_MS).unref()
  }
  signal.addEventListener('abort', stop, { once: true })
  try {
    return await session.queryAsync(`${mark} ${text}`, { format })
  } catch (error) {
    signal.throwIfAborted()
    throw error
  } finally {
    isDone = true
    signal.removeEventListener('abort', stop)
  }
}

async function freeBytesOf(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory)
  return bavail * bsize
}

/** Throws where the disk is too full to begin an insert. */
async function checkRoom(directory: string, { body }: RawInsert, freeBytes: () => Promise<number>) {
  // The rows, and the parts of all tables made of them. A file system that does not tell is written to until a write fails.
  const needed = ROOM_TO_INSERT + 4 * body.length
  const free = await freeBytes().catch(() => Infinity)
  const megabytes = (bytes: number) => `${Math.ceil(bytes / 2 ** 20)} MiB`
  if (free < needed)
    throw new Error(
      `the disk of ${directory} is full: ${megabytes(free)} are free, and ${megabytes(needed)} are needed to store`,
    )
}

/** Rows of binary columns. */
export type NativeInsert = RawInsert & { readonly format: 'Native' }

/** Inserts the rows that stand in a file as if they had been sent. */
export function insertFileSql({ table, columns, types, settings }: NativeInsert, file: string): string {
  const names = columns.join(', ')
  const structure = columns.map((column, index) => `${column} ${types[index]}`).join(', ')
  const rows = `SELECT ${names} FROM file(${quoted(file)}, 'Native', ${quoted(structure)})`
  return `INSERT INTO ${table} (${names}) ${rows}${settingsSql(settings)}`
}

async function insertRows(session: Session, rows: RawInsert, handover: string): Promise<void> {
  const { table, columns, body, settings } = rows
  if (rows.format === 'TabSeparated') {
    const name = table.replaceAll('`', '')
    await session.insert({ table: name, columns, format: 'TabSeparated', values: body, settings })
    return
  }
  // The binding takes text only: what is binary is handed over in a file, which is removed before it ever gets to the disk.
  await writeFile(handover, body, { mode: 0o600 })
  try {
    await session.queryAsync(insertFileSql(rows, handover))
  } finally {
    await rm(handover, { force: true })
  }
}

/** Threads of one query. Left to itself the engine takes one where it has less than two gigabytes to itself, whatever cores there are. */
const QUERY_THREADS = Math.min(availableParallelism(), 4)

/** A session that cannot write, with what holds for every query: one that wants too much memory fails alone, and leaves room to insert. */
async function openReader(open: () => Session, { memoryBytes }: EmbeddedOptions): Promise<Session> {
  const session = open()
  const most = Math.floor(memoryBytes / 2)
  const spilled = Math.floor(most / 2)
  await session.queryAsync(
    `SET output_format_json_quote_64bit_integers = 0, max_memory_usage = ${most}, max_threads = ${QUERY_THREADS},
      max_threads_min_free_memory_per_thread = 0,
      max_bytes_before_external_group_by = ${spilled}, max_bytes_before_external_sort = ${spilled};
    SET readonly = 2`,
  )
  return session
}

async function loadChdb(): Promise<typeof import('chdb')> {
  try {
    return await import('chdb')
  } catch (cause) {
    throw new Error(
      'the embedded store needs the package chdb, which has builds for glibc Linux and macOS: npm install chdb, ' +
        'or give the URL of a ClickHouse server',
      { cause },
    )
  }
}

/** Threads that merge. On two cores one is left to those who wait for an answer; more than two threads would only take more memory. */
const MERGE_THREADS = availableParallelism() < 4 ? 1 : 2
/** Merges that have begun at the same time, each with its memory: a short one need not wait for a long one. */
const MERGES = 2

/** The configuration of the engine: its default limits are those of a server that has the machine to itself. */
function configurationXml({ memoryBytes }: EmbeddedOptions): string {
  return `<clickhouse>
  <logger><level>none</level></logger>
  <max_server_memory_usage>${memoryBytes}</max_server_memory_usage>
  <mark_cache_size>${16 * 2 ** 20}</mark_cache_size>
  <index_mark_cache_size>${4 * 2 ** 20}</index_mark_cache_size>
  <uncompressed_cache_size>0</uncompressed_cache_size>
  <mmap_cache_size>0</mmap_cache_size>
  <background_pool_size>${MERGE_THREADS}</background_pool_size>
  <background_merges_mutations_concurrency_ratio>${MERGES / MERGE_THREADS}</background_merges_mutations_concurrency_ratio>
  <background_schedule_pool_size>2</background_schedule_pool_size>
  <!-- A hundred threads load the tables: kept for later they would hold some 40 MB. -->
  <max_thread_pool_free_size>8</max_thread_pool_free_size>
  <merge_tree>
    <!-- Stored means on the disk: the queue forgets a batch once it is inserted. -->
    <fsync_after_insert>1</fsync_after_insert>
    <fsync_part_directory>1</fsync_part_directory>
    <min_rows_to_fsync_after_merge>1</min_rows_to_fsync_after_merge>
    <!-- A part that cannot be read is said, not put aside. -->
    <max_suspicious_broken_parts>0</max_suspicious_broken_parts>
    <!-- With so few at a time the defaults would leave no room for a deletion, ever. -->
    <number_of_free_entries_in_pool_to_execute_mutation>1</number_of_free_entries_in_pool_to_execute_mutation>
    <number_of_free_entries_in_pool_to_execute_optimize_entire_partition>1</number_of_free_entries_in_pool_to_execute_optimize_entire_partition>
    <!-- Beside another merge only one up to some 400 MB: two long ones would hold up all others. -->
    <number_of_free_entries_in_pool_to_lower_max_size_of_merge>${MERGES}</number_of_free_entries_in_pool_to_lower_max_size_of_merge>
    <!-- A merge holds a block of each part it reads: by default 10 MiB, which rows with five histograms fill. -->
    <merge_max_block_size>2048</merge_max_block_size>
    <merge_max_block_size_bytes>${2 * 2 ** 20}</merge_max_block_size_bytes>
    <!-- Half a hundred columns: buffers that start small instead of a megabyte for each. -->
    <min_columns_to_activate_adaptive_write_buffer>10</min_columns_to_activate_adaptive_write_buffer>
  </merge_tree>
</clickhouse>
`
}
