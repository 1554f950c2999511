/**
 * A small HTTP front on chDB: what a ClickHouse server's HTTP interface is to its client, with the real engine behind it, for tests of the
 * HTTP transport where no server can run. A process of its own, since a process has one data directory. `node http-front.js <directory>`
 * tells its port to the parent; it ends with the parent.
 */
import { rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { gunzipSync, gzipSync } from 'node:zlib'
import { drainPending, Session } from 'chdb'

const directory = process.argv[2] ?? ''
// Keeps the engine up between requests.
const keeper = new Session(directory)

/** Parameters of the HTTP interface that are no settings of the engine. */
const INTERFACE = new Set([
  'query',
  'query_id',
  'database',
  'default_format',
  'wait_end_of_query',
  'send_progress_in_http_headers',
  'http_headers_progress_interval_ms',
  'enable_http_compression',
  'compress',
  'decompress',
])

let inserts = 0

/** @param {string} text */
function literal(text) {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}

/** @param {URLSearchParams} parameters */
function settingsOf(parameters) {
  const settings = []
  let readonly = ''
  for (const [name, value] of parameters) {
    if (INTERFACE.has(name)) continue
    if (!/^\w+$/.test(name)) throw new Error(`Code: 115. DB::Exception: Setting ${name} is unknown. (UNKNOWN_SETTING)`)
    if (name === 'readonly') readonly = value
    else settings.push(`SET ${name} = ${literal(value)}`)
  }
  if (readonly) settings.push(`SET readonly = ${readonly}`)
  return settings
}

/**
 * @param {URLSearchParams} parameters
 * @param {Buffer} body
 */
async function answer(parameters, body) {
  const session = new Session(directory)
  try {
    const settings = settingsOf(parameters)
    if (settings.length > 0) await session.queryAsync(settings.join('; '))
    const query = parameters.get('query')
    if (query !== null) {
      const insert = /^\s*INSERT INTO (\S+) \(([^)]*)\)\s+FORMAT (\w+)\s*$/i.exec(query)
      if (!insert) throw new Error(`Code: 62. DB::Exception: Syntax error: ${query.slice(0, 200)}. (SYNTAX_ERROR)`)
      const [, table = '', columns = '', format] = insert
      if (format === 'Native') {
        // The binding takes text only.
        const file = `${directory}.${++inserts}.native`
        writeFileSync(file, body)
        await session
          .queryAsync(`INSERT INTO ${table} (${columns}) SELECT ${columns} FROM file('${file}', 'Native')`)
          .finally(() => rmSync(file))
        return Buffer.alloc(0)
      }
      await session.insert({
        table: table.replaceAll('`', ''),
        columns: columns.split(',').map((column) => column.trim().replaceAll('`', '')),
        format: /** @type {'TabSeparated'} */ (format),
        values: body,
      })
      return Buffer.alloc(0)
    }
    const result = await session.queryAsync(body.toString('utf8'), {
      format: parameters.get('default_format') ?? 'TabSeparated',
    })
    return Buffer.from(result.bytes())
  } finally {
    session.close()
  }
}

const server = createServer(async (request, response) => {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  const raw = Buffer.concat(chunks)
  const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://front')
  if (pathname === '/ping') {
    response.end('Ok.\n')
    return
  }
  try {
    const bytes = await answer(searchParams, body)
    const isCompressed =
      searchParams.get('enable_http_compression') === '1' && /gzip/.test(String(request.headers['accept-encoding']))
    if (isCompressed) response.setHeader('content-encoding', 'gzip')
    response.end(isCompressed ? gzipSync(bytes) : bytes)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    response.statusCode = 500
    response.setHeader('x-clickhouse-exception-code', /Code: (\d+)/.exec(message)?.[1] ?? '1')
    response.end(message)
  }
})

server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.send?.({ port: typeof address === 'object' && address ? address.port : 0 })
})
process.on('disconnect', async () => {
  server.closeAllConnections()
  server.close()
  keeper.close()
  await drainPending()
  process.exit()
})
