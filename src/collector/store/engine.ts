/** What the store asks of a ClickHouse engine: `embedded.ts` has it in this process, `server.ts` reaches it by HTTP. */

/** Values for the `{name:Type}` placeholders of a query. Times are given as numbers, with the SQL saying of what unit. */
export type Parameters = { readonly [name: string]: string | number | boolean | readonly (string | number)[] }
export type Settings = { readonly [name: string]: string | number }

export type QueryOptions = {
  /** The engine stops a query that takes longer. @default 30 */
  readonly maxExecutionSeconds?: number | undefined
  /** A server may answer what it answered so many seconds ago. @default 0: only what is there now */
  readonly cacheSeconds?: number | undefined
  /** Nobody waits for the answer any more: the engine is told to stop, and the query rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
  /** Gives way to what is inserted: it may begin later, and take longer, in an embedded engine. @default false */
  readonly canWait?: boolean | undefined
  /**
   * Rows come in binary, in which lists of numbers are written and read in a fraction of the time. Columns have to be texts, Float64, or
   * arrays of that, which are Float64Array then. @default false
   */
  readonly isBinary?: boolean | undefined
  /** Settings of the engine for this query. */
  readonly settings?: Settings | undefined
}

/** Rows in a format of the engine's. */
export type RawRows = { readonly columns: readonly string[]; readonly body: Buffer } & (
  | { readonly format: 'TabSeparated' }
  | {
      readonly format: 'Native'
      /** Of the columns. */
      readonly types: readonly string[]
    }
)

export type RawInsert = RawRows & {
  /** Qualified. */
  readonly table: string
  readonly settings: Settings
}

export type Engine = {
  /**
   * In how many parts, each counted by one thread, a question is asked that would take long to merge what several threads counted. 1 where
   * one query has threads of others besides, as on a server.
   */
  readonly parts: number
  /** Definitions and changes. Waits until they are done. */
  command(sql: string): Promise<void>
  /** Reads only; rows as objects. */
  query<Row>(sql: string, parameters?: Parameters, options?: QueryOptions): Promise<Row[]>
  insert(insert: RawInsert): Promise<void>
  /** Reads only, with flat memory: the result's bytes as they come, in a format that has no head and no tail. */
  stream(sql: string, format: 'TabSeparated' | 'JSONEachRow' | 'CSV'): AsyncIterable<Uint8Array>
  /** Reads only: the whole result as a Parquet file at `path`. */
  writeParquet(sql: string, path: string): Promise<void>
  /** Waits for what is running. */
  close(): Promise<void>
}

export const MAX_EXECUTION_SECONDS = 30

/** A SQL string literal. */
export function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\0', '\\0')}'`
}

/** A value as the text the engine reads for its type. */
function parameterText(name: string, value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))) return String(value)
  if (Array.isArray(value))
    return `[${value.map((item) => (typeof item === 'number' ? parameterText(name, item) : quoted(String(item)))).join(',')}]`
  throw new TypeError(`the query parameter ${name} must be a text, a finite number, a boolean or an array of those`)
}

// String literals are stepped over: what looks like a placeholder inside one is text.
const PLACEHOLDERS = /'(?:[^'\\]|\\.)*'|\{\s*(\w+)\s*:\s*([A-Za-z0-9_(), ]+?)\s*\}/g

/**
 * `sql` with its placeholders replaced by typed literals, as the engine itself replaces them: the embedded engine's own way takes
 * one query with parameters at a time in the whole process, so that a slow one holds up all others.
 */
export function bound(sql: string, parameters: Parameters): string {
  return sql.replace(PLACEHOLDERS, (found, name: string | undefined, type: string | undefined) => {
    if (name === undefined || type === undefined) return found
    if (type === 'Identifier') throw new TypeError(`the query parameter ${name}: identifiers are not bound`)
    if (!Object.hasOwn(parameters, name)) throw new TypeError(`the query parameter ${name} is missing`)
    return `CAST(${quoted(parameterText(name, parameters[name]))}, '${type}')`
  })
}

/** `SETTINGS` for the end of a query. Names come from this program, values are checked by the engine. */
export function settingsSql(settings: Settings): string {
  const entries = Object.entries(settings)
  if (entries.length === 0) return ''
  const text = entries.map(([name, value]) => `${name} = ${typeof value === 'number' ? value : quoted(value)}`)
  return `\nSETTINGS ${text.join(', ')}`
}
