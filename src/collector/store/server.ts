/** The engine on a ClickHouse server or cluster, by HTTP. Knows nothing of what is stored. */
import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { type BaseQueryParams, ClickHouseLogLevel, createClient } from '@clickhouse/client'
import { BINARY_ROWS, readBinaryRows } from './binary-rows.js'
import { type Engine, MAX_EXECUTION_SECONDS, type Parameters, type QueryOptions } from './engine.js'

export type ServerOptions = {
  readonly url: string
  readonly username?: string | undefined
  readonly password?: string | undefined
  readonly requestTimeoutMs: number
}

/** Longest a definition, a change or an export may take. */
const LONG_SECONDS = 86_400
/** Most memory of one query, on each server. What needs more of it for groups or order goes to the disk at half of it. */
const QUERY_BYTES = 2 * 2 ** 30

export function openServer({ url, username, password, requestTimeoutMs }: ServerOptions): Engine {
  const connect = (timeoutMs: number) =>
    createClient({
      url,
      ...(username !== undefined && { username }),
      ...(password !== undefined && { password }),
      application: 'tokmeter',
      request_timeout: timeoutMs,
      // Compressing what is inserted would cost a third of a core at 20,000 operations a second, and save six megabytes.
      compression: { request: false, response: true },
      // What goes wrong is thrown; the client would print it too.
      log: { level: ClickHouseLogLevel.OFF },
    })
  const client = connect(requestTimeoutMs)
  const patient = connect(LONG_SECONDS * 1000)
  // Most servers cut a connection that says nothing for a minute: progress in the headers keeps a long statement's alive.
  const long = {
    max_execution_time: LONG_SECONDS,
    send_progress_in_http_headers: 1 as const,
    http_headers_progress_interval_ms: '10000',
  }

  return {
    parts: 1,
    async command(sql) {
      await patient.command({
        query: sql,
        clickhouse_settings: {
          ...long,
          wait_end_of_query: 1,
          alter_sync: '2',
          mutations_sync: '2',
          distributed_ddl_task_timeout: '600',
        },
      })
    },
    async query<Row>(sql: string, parameters: Parameters = {}, options: QueryOptions = {}) {
      const {
        maxExecutionSeconds = MAX_EXECUTION_SECONDS,
        cacheSeconds = 0,
        isBinary = false,
        signal,
        settings,
      } = options
      const given: BaseQueryParams = {
        query_params: parameters,
        ...(signal !== undefined && { abort_signal: signal }),
        clickhouse_settings: {
          readonly: '2',
          max_execution_time: maxExecutionSeconds,
          max_memory_usage: String(QUERY_BYTES),
          max_bytes_before_external_group_by: String(QUERY_BYTES / 2),
          max_bytes_before_external_sort: String(QUERY_BYTES / 2),
          // Whoever goes away has the connection closed.
          cancel_http_readonly_queries_on_client_close: 1,
          output_format_json_quote_64bit_integers: 0,
          // What fails half-way would stand behind the rows.
          ...(isBinary && { wait_end_of_query: 1 }),
          ...(cacheSeconds >= 1 && { use_query_cache: 1, query_cache_ttl: Math.floor(cacheSeconds) }),
          ...settings,
        },
      }
      if (!isBinary) return (await client.query({ ...given, query: sql, format: 'JSONEachRow' })).json<Row>()
      // Not the client's `query`, which knows no binary format.
      const query = `${sql}\nFORMAT ${BINARY_ROWS}`
      const { stream } = await client.exec({ ...given, query, decompress_response_stream: true })
      return readBinaryRows(await buffer(stream)) as Row[]
    },
    async insert({ table, columns, format, body, settings }) {
      // Not the client's `insert`, which knows no binary format.
      const { stream } = await client.exec({
        query: `INSERT INTO ${table} (${columns.map((column) => `\`${column}\``).join(', ')}) FORMAT ${format}`,
        values: Readable.from([body], { objectMode: false }),
        clickhouse_settings: { ...settings, wait_end_of_query: 1 },
      })
      // Nothing is answered; unread, it would keep its connection.
      for await (const _ of stream);
    },
    async *stream(sql, format) {
      const { stream } = await patient.exec({
        query: `${sql}\nFORMAT ${format}`,
        decompress_response_stream: true,
        clickhouse_settings: { ...long, readonly: '2', output_format_json_quote_64bit_integers: 0 },
      })
      yield* stream as AsyncIterable<Uint8Array>
    },
    async writeParquet(sql, path) {
      const { stream } = await patient.exec({
        query: `${sql}\nFORMAT Parquet`,
        decompress_response_stream: true,
        clickhouse_settings: { ...long, readonly: '2' },
      })
      await pipeline(stream, createWriteStream(path))
    },
    async close() {
      await Promise.all([client.close(), patient.close()])
    },
  }
}
