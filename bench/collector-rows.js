/**
 * Rows in the store of a collector that does not run, made by the engine itself, which takes a tenth of the time of sending them. A process of
 * its own, since the engine keeps what it has loaded. Tells its parent when it is done.
 *
 *     fill <directory> <rows>   operations of the last 25 days, as many every hour
 *     bulk <directory> <rows>   so many of the operations that are there once more, and how many a second that were
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { openStore } from '../src/collector/dist/store/store.js'
import { progress } from './line.js'

const [command, path = '', count] = process.argv.slice(2)
const rows = Number(count)
const INSERT_ROWS = 250_000
const DAYS = 25
// More memory than a collector's, since more is inserted at once; it holds for this process only.
const store = await openStore({ path }, { memoryBytes: 2 ** 31 })
const input = store.table('operations_input')

/** @param {string} sql */
const run = (sql) => store.database.engine.command(sql)

/** Five services with a model each in two regions, and a conversation for every ten calls: the rollups of a minute get some ten rows. */
const COLUMNS = {
  start_time: `now64(6, 'UTC') - toIntervalSecond(600 + intDiv(number * ${DAYS * 86_400}, ${rows}))`,
  service: "concat('service-', toString(number % 5))",
  environment: "'production'",
  region: "if(number % 3 = 0, 'us-east-1', 'eu-west-1')",
  operation: "'chat'",
  provider: "['openai', 'openai', 'anthropic', 'gcp.gemini', 'azure.ai.openai'][number % 5 + 1]",
  request_model: "['gpt-4o-mini', 'gpt-4.1', 'claude-sonnet-4-5', 'gemini-2.5-flash', 'gpt-4o'][number % 5 + 1]",
  response_model: 'request_model',
  trace_id: 'lower(hex(MD5(toString(number))))',
  span_id: 'lower(hex(sipHash64(number)))',
  duration_ms: '500 + cityHash64(number) % 4000',
  time_to_first_chunk_ms: '100 + cityHash64(number, 1) % 700',
  streamed: 'true',
  input_tokens: 'cityHash64(number, 2) % 4000',
  output_tokens: 'cityHash64(number, 3) % 900',
  cache_read_tokens: '512',
  cost_nano_dollars: 'toInt64(cityHash64(number, 4) % 20000000)',
  cost_source: "'catalogue'",
  cost_version: "'genai-prices@0.1.8'",
  error_type: "if(number % 97 = 0, 'RateLimitError', '')",
  finish_reason: "'stop'",
  server_address: "'api.openai.com'",
  server_port: '443',
  response_id: "concat('chatcmpl-', lower(hex(sipHash64(number, 1))))",
  conversation_id: "lower(hex(MD5(concat('c', toString(intDiv(number, 10))))))",
  user_id: "lower(hex(MD5(concat('u', toString(number % 997)))))",
}

async function fill() {
  const values = Object.entries(COLUMNS).map(([name, sql]) => `${sql} AS ${name}`)
  for (let first = 0; first < rows; first += INSERT_ROWS) {
    const many = Math.min(INSERT_ROWS, rows - first)
    await run(
      `INSERT INTO ${input} (${Object.keys(COLUMNS).join(', ')}) SELECT ${values.join(', ')} FROM numbers(${first}, ${many}) SETTINGS max_threads = 1, throw_on_max_partitions_per_insert_block = 0`,
    )
    progress(`${first + many} of ${rows} operations made`)
  }
  // What is merged yet is not to be measured with what comes after.
  for (const until = Date.now() + 60_000; Date.now() < until; await sleep(500)) {
    const [{ merges }] = await store.query('SELECT count() AS merges FROM system.merges')
    if (Number(merges) === 0) break
  }
}

async function bulk() {
  const begin = performance.now()
  // One thread for the inserting too, as the collector has it: the rollups of a batch have to be the same when it is sent again.
  await run(
    `INSERT INTO ${input} SELECT * FROM ${store.table('operations')} LIMIT ${rows} SETTINGS max_threads = 1, max_insert_threads = 1, max_insert_block_size = 50000, min_insert_block_size_rows = 50000`,
  )
  return rows / ((performance.now() - begin) / 1000)
}

const perSecond = command === 'fill' ? await fill() : await bulk()
await store.close()
process.send?.({ perSecond })
process.disconnect?.()
