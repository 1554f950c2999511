/**
 * The history that the benches of the query API ask about, in the store of a collector that does not run: made by the engine itself, since
 * sending it would take ten times as long. A process of its own, since the engine keeps what it has loaded. Tells its parent when it is done.
 *
 *     node bench/query-rows.js <directory> <rows> <end> <alike>
 *
 * A company of twelve services, 40 models of nine providers, 200 users and their conversations, agents and tools, over the 30 days before
 * `end` (epoch milliseconds): busy by day and on working days, few models and users making most of the calls, some of them failing, streamed,
 * without usage or price. `alike`: so many operations have their minute and everything that rollups tell apart in common, and times, tokens
 * and money of their own; so a store of ten times the operations has rollups of as many rows.
 */
import { openStore } from '../src/collector/dist/store/store.js'
import { progress } from './line.js'

const [path = '', ...numbers] = process.argv.slice(2)
const [rows = 0, end = 0, alike = 1] = numbers.map(Number)
const DAYS = 30
const HOUR_MS = 3_600_000
/** Rows of an insert: large ones, but for the last day, whose rollups are in as many parts as a collector makes of them. */
const INSERT_ROWS = 250_000
const LATE_INSERT_ROWS = 20_000

/** Name, provider, dollars for a million tokens of input and output, milliseconds until the first token and for each thousand. */
const MODELS = /** @type {const} */ ([
  ['gpt-4o-mini', 'openai', 0.15, 0.6, 350, 9000],
  ['gpt-4.1', 'openai', 2, 8, 500, 14000],
  ['claude-sonnet-4-5', 'anthropic', 3, 15, 900, 16000],
  ['gemini-2.5-flash', 'gcp.gemini', 0.3, 2.5, 400, 5000],
  ['text-embedding-3-small', 'openai', 0.02, 0, 60, 0],
  ['gpt-5', 'openai', 1.25, 10, 2500, 20000],
  ['claude-haiku-4-5', 'anthropic', 1, 5, 450, 8000],
  ['gpt-4o', 'azure.ai.openai', 2.5, 10, 420, 12000],
  ['gpt-5-mini', 'openai', 0.25, 2, 1500, 11000],
  ['gemini-2.5-pro', 'gcp.gemini', 1.25, 10, 2800, 12000],
  ['llama-3.3-70b-versatile', 'groq', 0.59, 0.79, 120, 3600],
  ['mistral-large-latest', 'mistral_ai', 2, 6, 480, 15000],
  ['gpt-4.1-mini', 'openai', 0.4, 1.6, 380, 10000],
  ['deepseek-chat', 'deepseek', 0.27, 1.1, 800, 22000],
  ['text-embedding-3-large', 'openai', 0.13, 0, 80, 0],
  ['claude-opus-4-1', 'anthropic', 15, 75, 1600, 30000],
  ['gpt-4.1-nano', 'openai', 0.1, 0.4, 300, 6000],
  ['gemini-2.5-flash-lite', 'gcp.gemini', 0.1, 0.4, 300, 3500],
  ['o4-mini', 'openai', 1.1, 4.4, 4000, 9000],
  ['nova-pro', 'aws.bedrock', 0.8, 3.2, 600, 11000],
  ['grok-4', 'x_ai', 3, 15, 3500, 18000],
  ['mistral-small-latest', 'mistral_ai', 0.1, 0.3, 250, 7000],
  ['claude-3-5-haiku', 'anthropic', 0.8, 4, 500, 9000],
  ['gpt-4o', 'openai', 2.5, 10, 450, 12500],
  ['gemini-embedding-001', 'gcp.gemini', 0.15, 0, 90, 0],
  ['deepseek-reasoner', 'deepseek', 0.55, 2.19, 6000, 25000],
  ['llama-3.1-8b-instant', 'groq', 0.05, 0.08, 90, 1500],
  ['nova-lite', 'aws.bedrock', 0.06, 0.24, 400, 7000],
  ['codestral-latest', 'mistral_ai', 0.3, 0.9, 280, 6500],
  ['gpt-5-nano', 'openai', 0.05, 0.4, 1200, 8000],
  ['claude-3-7-sonnet', 'anthropic', 3, 15, 1000, 17000],
  ['o3', 'openai', 2, 8, 8000, 15000],
  ['command-a', 'cohere', 2.5, 10, 500, 12000],
  ['qwen3-32b', 'groq', 0.29, 0.59, 200, 2500],
  ['gpt-4.1', 'azure.ai.openai', 2, 8, 520, 14500],
  ['embed-v4', 'cohere', 0.12, 0, 100, 0],
  ['grok-3-mini', 'x_ai', 0.3, 0.5, 900, 8000],
  ['gemini-2.0-flash', 'gcp.gemini', 0.1, 0.4, 350, 4500],
  ['nova-micro', 'aws.bedrock', 0.035, 0.14, 300, 5000],
  ['gpt-3.5-turbo', 'openai', 0.5, 1.5, 300, 8000],
  ['ministral-8b', 'mistral_ai', 0.1, 0.1, 200, 5000],
  ['claude-opus-4', 'anthropic', 15, 75, 1700, 32000],
])
const SERVICES =
  'chat-api search support-bot code-review billing-assistant docs ingest ranking mail-drafts reports labs onboarding'.split(
    ' ',
  )
const AGENTS = ['planner', 'researcher', 'reviewer']
const TOOLS = ['search_docs', 'run_sql', 'fetch_page', 'send_mail', 'read_file']
const ERRORS = ['RateLimitError', 'APITimeoutError', 'InternalServerError', 'BadRequestError']

/** @param {readonly (string | number)[]} values */
const list = (values) => `[${values.map((value) => (typeof value === 'string' ? `'${value}'` : value)).join(', ')}]`
/** One of a list by a SQL expression of an index from 0. @param {readonly (string | number)[]} values @param {string} index */
const one = (values, index) => `${list(values)}[${index} + 1]`
/** From 0 to before 1, each salt another: of an operation's own, or of all those that are alike. @param {number} salt */
const own = (salt) => `((cityHash64(number, ${salt}) % 1000003 + 0.5) / 1000003)`
/** @param {number} salt */
const shared = (salt) => `((cityHash64(intDiv(number, ${alike}), ${salt}) % 1000003 + 0.5) / 1000003)`
/** @param {number} salt */
const normal = (salt) => `(sqrt(-2 * log(${own(salt)})) * cos(2 * pi() * ${own(salt + 1)}))`
/** Of `count`, the first much more often than the last. @param {number} count @param {string} random */
const skewed = (count, random) => `toUInt32(floor(pow(${count + 1}, ${random})) - 1)`

const isAgentic = 'service_index < 4 AND agent_share < 0.5'
const isModel = "operation IN ('chat', 'embeddings')"

/** Beside the columns of the table, in the order in which they need each other. */
const HELPERS = {
  service_index: skewed(SERVICES.length, shared(1)),
  agent_share: shared(2),
  kind: shared(3),
  // Each service has six models of its own, of which it mostly uses the first two.
  model_index: `(service_index * 3 + 7 * ${skewed(6, shared(4))}) % ${MODELS.length}`,
  model_name: one(
    MODELS.map(([name]) => name),
    'model_index',
  ),
  first_ms: one(
    MODELS.map((model) => model[4]),
    'model_index',
  ),
  thousand_ms: one(
    MODELS.map((model) => model[5]),
    'model_index',
  ),
  is_embedding: 'thousand_ms = 0',
  user_index: skewed(200, own(5)),
  input: `toUInt64(least(120000, exp(6.5 + 1.1 * ${normal(10)})))`,
  output: `if(is_embedding, 0, toUInt64(least(16000, exp(5 + 0.9 * ${normal(12)}))))`,
  failure: shared(6),
  is_usage_known: `failure >= 0.015 AND ${own(7)} > 0.03`,
}

/** @param {string} time SQL of its milliseconds */
const columns = (time) => ({
  start_time: `fromUnixTimestamp64Micro(toInt64(${time}) * 1000, 'UTC')`,
  service: one(SERVICES, 'service_index'),
  environment: `if(${shared(20)} < 0.9, 'production', 'staging')`,
  region: `if(${shared(21)} < 0.7, 'eu-west-1', 'us-east-1')`,
  agent_name: `if(${isAgentic}, ${one(AGENTS, `(service_index + ${skewed(3, shared(22))}) % 3`)}, '')`,
  workflow_name: "if(service_index = 0 AND agent_share < 0.2, 'answer-question', '')",
  operation: `multiIf(${isAgentic} AND kind < 0.06, 'invoke_agent', ${isAgentic} AND kind < 0.3, 'execute_tool', is_embedding, 'embeddings', 'chat')`,
  tool_name: `if(operation = 'execute_tool', ${one(TOOLS, skewed(TOOLS.length, shared(23)))}, '')`,
  provider: `if(operation = 'execute_tool', '', ${one(
    MODELS.map(([, provider]) => provider),
    'model_index',
  )})`,
  request_model: "if(operation = 'execute_tool', '', model_name)",
  response_model: "if(failure < 0.015, '', request_model)",
  trace_id: 'lower(hex(MD5(toString(number))))',
  span_id: 'lower(hex(sipHash64(number)))',
  duration_ms: `multiIf(operation = 'execute_tool', exp(4 + ${normal(30)}), first_ms * exp(0.4 * ${normal(30)}) + thousand_ms * output / 1000 * exp(0.2 * ${normal(32)}))`,
  streamed: `${isModel} AND NOT is_embedding AND ${own(34)} < 0.6`,
  time_to_first_chunk_ms: `if(streamed, first_ms * exp(0.4 * ${normal(30)}), NULL)`,
  output_chunks: 'if(streamed, output, NULL)',
  error_type: `if(failure < 0.015, ${one(ERRORS, skewed(ERRORS.length, shared(24)))}, '')`,
  finish_reason: `multiIf(failure < 0.015 OR NOT ${isModel}, '', ${own(35)} < 0.04, 'length', 'stop')`,
  input_tokens: `if(${isModel} AND is_usage_known, input, NULL)`,
  output_tokens: `if(${isModel} AND is_usage_known, output, NULL)`,
  cache_read_tokens: `if(${isModel} AND is_usage_known AND ${own(36)} < 0.4, toUInt64(input * ${own(37)}), NULL)`,
  reasoning_tokens: `if(${isModel} AND is_usage_known AND first_ms > 1400, toUInt64(output * ${own(38)}), NULL)`,
  cost_nano_dollars: `if(input_tokens IS NULL OR ${own(39)} < 0.02, NULL, toInt64(1000 * (input * ${one(
    MODELS.map((model) => model[2]),
    'model_index',
  )} + output * ${one(
    MODELS.map((model) => model[3]),
    'model_index',
  )})))`,
  cost_source: "if(cost_nano_dollars IS NULL, '', 'catalogue')",
  cost_version: "if(cost_nano_dollars IS NULL, '', 'genai-prices@0.1.8')",
  server_address: "if(provider = '', '', concat('api.', provider, '.example'))",
  server_port: '443',
  response_id: `if(${isModel}, concat('chatcmpl-', lower(hex(sipHash64(number, 1)))), '')`,
  user_id: "lower(hex(MD5(concat('u', toString(user_index)))))",
  // Some ten calls of a user belong together.
  conversation_id: `if(operation = 'embeddings', '', lower(hex(MD5(concat(toString(user_index), ' ', toString(intDiv(toUnixTimestamp64Milli(start_time), 1200000)), ' ', service)))))`,
  tags: `map('team', concat('team-', toString(service_index % 8)), 'feature', ${one(['search', 'answer', 'draft', 'classify'], skewed(4, own(40)))})`,
})

/** How busy an hour is. @param {number} hour Epoch milliseconds. */
function weightOf(hour) {
  const date = new Date(hour)
  const byDay = 1 + 0.85 * Math.sin(((date.getUTCHours() - 8) / 24) * 2 * Math.PI)
  return byDay * ([0, 6].includes(date.getUTCDay()) ? 0.35 : 1)
}

/** Operations of each hour, the first begins at `start`. @param {number} start */
function hoursOf(start) {
  const weights = Array.from({ length: DAYS * 24 }, (_, hour) => weightOf(start + hour * HOUR_MS))
  const all = weights.reduce((sum, weight) => sum + weight, 0)
  let sum = 0
  let before = 0
  return weights.map((weight, hour) => {
    sum += weight
    // In whole numbers of those that are alike, so that none of these is in two hours.
    const until = Math.round((rows / alike) * (sum / all)) * alike
    const count = until - before
    before = until
    return { start: start + hour * HOUR_MS, count, first: before - count }
  })
}

// More memory than a collector's, since more is inserted at once; it holds for this process only.
const store = await openStore({ path }, { memoryBytes: 3 * 2 ** 30 })

/** Operations of some hours. @param {ReturnType<typeof hoursOf>} hours */
async function insert(hours) {
  const [first, last] = [hours[0].first, hours.at(-1).first + hours.at(-1).count]
  const index = `arrayLastIndex(first -> first <= number, ${list(hours.map((hour) => hour.first))})`
  const inHour = `${list(hours.map(({ start }) => start))}[hour_index]`
  // What is alike has the minute in common, not the moment in it.
  const time = `${inHour} + 60000 * toUInt32(floor(60 * ${shared(50)})) + 60000 * ${own(51)}`
  const values = { hour_index: index, ...HELPERS, ...columns(time) }
  const inner = Object.entries(values).map(([name, sql]) => `${sql} AS ${name}`)
  const names = Object.keys(columns(time)).join(', ')
  await store.database.engine.command(
    `INSERT INTO ${store.table('operations_input')} (${names}) SELECT ${names} FROM (SELECT ${inner.join(', ')} FROM numbers(${first}, ${last - first}))
ORDER BY start_time SETTINGS max_threads = 2, max_insert_threads = 1, max_block_size = 65536, min_insert_block_size_rows = ${INSERT_ROWS}, throw_on_max_partitions_per_insert_block = 0`,
  )
}

const start = Math.floor(end / HOUR_MS) * HOUR_MS - DAYS * 24 * HOUR_MS
/** @type {ReturnType<typeof hoursOf>} */
let waiting = []
for (const hour of hoursOf(start)) {
  waiting.push(hour)
  const isLate = hour.start >= end - 25 * HOUR_MS
  const count = waiting.reduce((sum, one) => sum + one.count, 0)
  if (count < (isLate ? LATE_INSERT_ROWS : INSERT_ROWS) && hour.start + 2 * HOUR_MS <= end) continue
  if (count > 0) await insert(waiting)
  waiting = []
  progress(`${hour.first + hour.count} of ${rows} operations made`)
}
await store.close()
process.send?.({})
process.disconnect?.()
