/**
 * Traffic as a company might have it, made by a seeded generator: models of several providers, services, agents and users, days and
 * weekends, a bad hour of one provider. For pictures of the dashboard, and for looking at it.
 *
 *   node test/browser/demo-traffic.js --url http://127.0.0.1:4318 [--days 30] [--perHour 300]
 */
import { parseArgs } from 'node:util'

const HOUR = 3_600_000
const BATCH = 5000

/** Weight, prices are the catalogue's; speed in tokens a second; how long until the first chunk, in milliseconds. */
const MODELS = [
  { provider: 'openai', model: 'gpt-4o', weight: 20, speed: 85, first: 420, output: 380 },
  { provider: 'openai', model: 'gpt-4o-mini', weight: 34, speed: 120, first: 310, output: 240 },
  { provider: 'openai', model: 'o3-mini', weight: 6, speed: 140, first: 2600, output: 900, reasoning: 0.6 },
  { provider: 'anthropic', model: 'claude-sonnet-4-5', weight: 22, speed: 72, first: 640, output: 520, cached: 0.7 },
  { provider: 'anthropic', model: 'claude-haiku-4-5', weight: 14, speed: 150, first: 330, output: 260, cached: 0.5 },
  { provider: 'gcp.gemini', model: 'gemini-2.5-flash', weight: 12, speed: 190, first: 380, output: 310 },
  { provider: 'gcp.gemini', model: 'gemini-2.5-pro', weight: 5, speed: 95, first: 1900, output: 640, reasoning: 0.4 },
  { provider: 'mistral_ai', model: 'mistral-large-latest', weight: 4, speed: 65, first: 480, output: 300 },
  { provider: 'acme', model: 'acme-internal-7b', weight: 3, speed: 55, first: 250, output: 200 },
]
const SERVICES = [
  { service: 'chat-api', weight: 50, agents: [undefined] },
  { service: 'support-bot', weight: 24, agents: ['triage', 'refunds', 'escalation'] },
  { service: 'code-review', weight: 16, agents: ['reviewer', 'test-writer'] },
  { service: 'nightly-summaries', weight: 10, agents: [undefined] },
]
const ERRORS = [
  { code: 'RateLimitError', weight: 55, message: 'Rate limit reached for requests' },
  { code: 'APIConnectionTimeoutError', weight: 20, message: 'Request timed out.' },
  { code: 'InternalServerError', weight: 15, message: 'The server had an error while processing your request.' },
  { code: 'BadRequestError', weight: 10, message: 'The context is longer than what the model takes.' },
]

/** Numbers from 0 to 1, the same for the same seed. @param {number} seed */
function random(seed) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** @template {{ weight: number }} T @param {readonly T[]} list @param {number} at @returns {T} */
function weighted(list, at) {
  let left = at * list.reduce((sum, { weight }) => sum + weight, 0)
  for (const one of list) {
    left -= one.weight
    if (left < 0) return one
  }
  return /** @type {T} */ (list.at(-1))
}

/** How busy an hour is, of the busiest: mornings and afternoons of workdays. @param {number} time */
function busyness(time) {
  const date = new Date(time)
  const hour = date.getUTCHours() + date.getUTCMinutes() / 60
  const day = 0.22 + 0.55 * Math.exp(-(((hour - 10) / 3) ** 2)) + 0.6 * Math.exp(-(((hour - 15.5) / 3.2) ** 2))
  return day * (date.getUTCDay() % 6 === 0 ? 0.4 : 1)
}

/**
 * Events in the order of time.
 * @param {{ from: number, to: number, perHour: number, seed?: number }} options
 */
export function* demoEvents({ from, to, perHour, seed = 7 }) {
  const next = random(seed)
  /** As times and lengths are distributed: many short, few long. @param {number} spread */
  const spreadBy = (spread) =>
    Math.exp(spread * Math.sqrt(-2 * Math.log(next() || 1e-9)) * Math.cos(2 * Math.PI * next()))
  // One provider has a bad three quarters of an hour, a quarter of the range before its end.
  const badFrom = to - (to - from) / 4
  let count = 0
  for (let time = from; time < to; ) {
    const growth = 0.7 + 0.3 * ((time - from) / (to - from))
    time += (-Math.log(next() || 1e-9) * HOUR) / (perHour * busyness(time) * growth)
    if (time >= to) return
    const model = weighted(MODELS, next())
    const { service, agents } = weighted(SERVICES, next())
    const isBad = model.provider === 'anthropic' && time >= badFrom && time < badFrom + 0.75 * HOUR
    const slow = (isBad ? 3.5 : 1) * (0.8 + 0.5 * busyness(time))
    const input = Math.round(1400 * spreadBy(0.9))
    const output = Math.max(1, Math.round(model.output * spreadBy(0.7)))
    const first = model.first * slow * spreadBy(0.35)
    const failed = next() < (isBad ? 0.35 : 0.012)
    const error = weighted(ERRORS, next())
    const duration = failed
      ? error.code === 'APIConnectionTimeoutError'
        ? 30_000
        : 180 * spreadBy(0.5)
      : first + (output / model.speed) * 1000 * slow
    const user = Math.floor(120 * next() ** 2.2)
    const streamed = service !== 'nightly-summaries'
    yield {
      event_id: `demo-${seed}-${count++}`,
      event_type: failed ? 'llm_request_failed' : 'llm_request_completed',
      timestamp_ms: Math.round(Math.min(time + duration, to)),
      provider: model.provider,
      model: model.model,
      operation: 'chat',
      duration_ms: Math.round(duration * 10) / 10,
      service,
      environment: next() < 0.86 ? 'production' : 'staging',
      user_id: `user-${user}`,
      conversation_id: `conversation-${user}-${Math.floor(time / (6 * HOUR))}`,
      trace_id: hex(next, 32),
      span_id: hex(next, 16),
      agent_id: agents[Math.floor(next() * agents.length)],
      ...(failed
        ? { error_code: error.code, error_message: error.message }
        : {
            input_tokens: input,
            output_tokens: output,
            finish_reason: next() < 0.95 ? 'stop' : 'length',
            ...(streamed && {
              time_to_first_chunk_ms: Math.round(first * 10) / 10,
              streamed: true,
              output_chunks: output,
            }),
            ...(model.cached && next() < model.cached && { cache_read_tokens: Math.round(input * 0.72) }),
            ...(model.reasoning && { reasoning_tokens: Math.round(output * model.reasoning) }),
          }),
    }
  }
}

/** @param {() => number} next @param {number} length */
function hex(next, length) {
  let text = ''
  while (text.length < length)
    text += Math.floor(next() * 0x1_0000_0000)
      .toString(16)
      .padStart(8, '0')
  return text.slice(0, length)
}

/** Sends events to a collector, and resolves with their number when all are stored. @param {string} url @param {Iterable<object>} events */
export async function sendEvents(url, events) {
  let [sent, batch] = [0, /** @type {object[]} */ ([])]
  const send = async () => {
    for (;;) {
      const response = await fetch(`${url}/api/v1/analytics/events`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(batch),
      })
      if (response.ok) break
      if (response.status !== 503 && response.status !== 429)
        throw new Error(`${response.status}: ${await response.text()}`)
      await new Promise((resolve) => setTimeout(resolve, 1000))
    }
    sent += batch.length
    batch = []
  }
  for (const event of events) if (batch.push(event) === BATCH) await send()
  if (batch.length > 0) await send()
  for (;;) {
    const ledger = /** @type {{ inQueue: number }} */ (await (await fetch(`${url}/api/v1/ledger`)).json())
    if (ledger.inQueue === 0) return sent
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const { values } = parseArgs({
    options: {
      url: { type: 'string', default: 'http://127.0.0.1:4318' },
      days: { type: 'string', default: '30' },
      perHour: { type: 'string', default: '300' },
    },
  })
  const to = Date.now()
  const from = to - Number(values.days) * 24 * HOUR
  console.log(
    `${await sendEvents(values.url, demoEvents({ from, to, perHour: Number(values.perHour) }))} operations are stored.`,
  )
}
