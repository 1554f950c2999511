/**
 * A past to look at: calls as if the recorded answers had been given over the last weeks, by four programs with their days and weeks, and two
 * things that went wrong. Their usage is that of the recordings, varied at random; the same seed makes the same past.
 */
import { count } from './expected.js'
import { defaultRecordings, MODELS } from './recordings.js'

/** @typedef {import('./expected.js').Api} Api */

const HOUR_MS = 3_600_000
const TYPICAL_INPUT_TOKENS = 1500
const DAY_MS = 24 * HOUR_MS

/**
 * A program: which models it asks how often, how many calls it makes in an hour of its best time, and when that is.
 * @typedef {{ service: string, agents: string[], users: number, models: [api: Api, model: string, weight: number][], callsPerHour: number, isBusinessHours: boolean }} Program
 */

/** @type {readonly Program[]} */
const PROGRAMS = [
  {
    service: 'support-chat',
    agents: ['triage', 'answer'],
    users: 40,
    models: [
      ['messages', 'claude-sonnet-4-5', 6],
      ['chat', 'gpt-4.1-nano', 3],
      ['chat', 'mistral-small', 1],
    ],
    callsPerHour: 60,
    isBusinessHours: true,
  },
  {
    service: 'code-review',
    agents: ['reviewer'],
    users: 12,
    models: [
      ['messages', 'claude-opus-5', 2],
      ['responses', 'gpt-5.2-codex', 3],
      ['responses', 'gpt-5.3-codex', 2],
    ],
    callsPerHour: 24,
    isBusinessHours: true,
  },
  {
    service: 'search',
    agents: [],
    users: 0,
    models: [
      ['embeddings', 'text-embedding-3-small', 8],
      ['chat', 'llama-3.3-70b-versatile', 2],
    ],
    callsPerHour: 40,
    isBusinessHours: false,
  },
  {
    service: 'nightly-report',
    agents: ['writer'],
    users: 0,
    models: [['responses', 'gpt-5-mini', 1]],
    callsPerHour: 8,
    isBusinessHours: false,
  },
]

/** The hours, before now, in which one provider failed, and in which one program asked for much more than usual. */
const OUTAGE = { hoursAgo: [53, 51], provider: 'anthropic', share: 0.35 }
const RUSH = { hoursAgo: [30, 27], service: 'code-review', times: 5 }

const ERRORS = [
  ['429', 'Rate limit reached'],
  ['529', 'Overloaded'],
  ['503', 'The service is unavailable'],
]

/**
 * Events in the format of `POST /api/v1/analytics/events`, oldest first.
 * @param {{ days: number, now: number, seed?: number }} options
 * @returns {Generator<Record<string, unknown>>}
 */
export function* pastEvents({ days, now, seed = 1 }) {
  const random = randomOf(seed)
  const programs = PROGRAMS.map((program) => ({ ...program, answers: program.models.map(answerOf) }))
  const run = now.toString(36)
  let made = 0
  const last = Math.floor(now / HOUR_MS)
  for (let hour = last - days * 24; hour <= last; hour++) {
    /** @type {Record<string, any>[]} */
    const events = []
    for (const program of programs) {
      const hoursAgo = last - hour
      const isRush = program.service === RUSH.service && isWithin(hoursAgo, RUSH.hoursAgo)
      const expected = program.callsPerHour * loadOf(program, hour) * (isRush ? RUSH.times : 1)
      const calls = Math.round(expected * (0.8 + 0.4 * random()))
      for (let call = 0; call < calls; call++)
        events.push(eventOf(program, hour * HOUR_MS + random() * HOUR_MS, hoursAgo, random, `demo-${run}-${made++}`))
    }
    yield* events
      .sort((one, other) => one.timestamp_ms - other.timestamp_ms)
      .filter(({ timestamp_ms }) => timestamp_ms < now)
  }
}

/** @param {number} hoursAgo @param {readonly number[]} range */
function isWithin(hoursAgo, [from, to]) {
  return hoursAgo <= from && hoursAgo > to
}

/** The share of its best time that an hour is, by the clock and the day of the week in UTC. @param {Program} program @param {number} hour */
function loadOf({ service, isBusinessHours }, hour) {
  const date = new Date(hour * HOUR_MS)
  const time = date.getUTCHours()
  if (service === 'nightly-report') return time >= 1 && time < 4 ? 1 : 0
  const ofDay = 0.25 + 0.75 * Math.max(0, Math.sin(((time - 5) / 14) * Math.PI))
  const isWeekend = [0, 6].includes(date.getUTCDay())
  return isBusinessHours ? ofDay * (isWeekend ? 0.2 : 1) : 0.5 + 0.5 * ofDay
}

/** What the recording of a model says. @param {[api: Api, model: string, weight: number]} asked */
function answerOf([api, model, weight]) {
  const { body, stream } = MODELS[api][model]
  const recording = defaultRecordings().get(/** @type {string} */ (body ?? stream))
  if (recording === undefined) throw new Error(`there is no recording for ${model}`)
  const { operation, provider, responseModel, usage, finishReason } = count(recording)
  return {
    model,
    weight,
    operation,
    provider,
    responseModel,
    usage,
    finishReason,
    isStreamed: body === undefined || api === 'messages',
    // Recorded questions are short where people's are not.
    scale: Math.min(60, Math.max(1, TYPICAL_INPUT_TOKENS / (usage?.inputTokens || TYPICAL_INPUT_TOKENS))),
  }
}

/** @typedef {Program & { answers: ReturnType<typeof answerOf>[] }} Answered */

/** @param {Answered} program @param {number} time @param {number} hoursAgo @param {() => number} random @param {string} id */
function eventOf(program, time, hoursAgo, random, id) {
  const answer = chosen(program.answers, random)
  const { usage = {}, provider, isStreamed } = answer
  const vary = logNormal(random, 0.7)
  const tokens = (/** @type {number | undefined} */ recorded, /** @type {number} */ scale) =>
    recorded === undefined ? undefined : Math.max(recorded === 0 ? 0 : 1, Math.round(recorded * scale * vary))
  const input = tokens(usage.inputTokens, answer.scale)
  // To a longer question the answer is longer, but not by as much.
  const output = answer.operation === 'embeddings' ? 0 : tokens(usage.outputTokens, Math.min(3, answer.scale))
  const isFailing = provider === OUTAGE.provider && isWithin(hoursAgo, OUTAGE.hoursAgo)
  const error = random() < (isFailing ? OUTAGE.share : 0.012) ? ERRORS[Math.floor(random() * ERRORS.length)] : undefined
  const duration = (answer.operation === 'embeddings' ? 90 : 500 + 9 * (output ?? 100)) * logNormal(random, 0.35)
  const user = program.users > 0 ? `user-${Math.floor(program.users * random() ** 2)}` : undefined
  return {
    event_id: id,
    event_type: error === undefined ? 'llm_request_completed' : 'llm_request_failed',
    timestamp_ms: Math.floor(time),
    provider,
    model: answer.model,
    operation: answer.operation,
    service: program.service,
    environment: 'demo',
    agent_id: program.agents[Math.floor(random() * program.agents.length)],
    user_id: user,
    conversation_id: user && `${user}-${Math.floor(time / DAY_MS)}-${Math.floor(3 * random())}`,
    duration_ms: Math.round(error === undefined ? duration : duration / 4),
    ...(error !== undefined
      ? { error_code: error[0], error_message: error[1] }
      : {
          response_model: answer.responseModel,
          finish_reason: answer.finishReason,
          input_tokens: input ?? 0,
          output_tokens: output ?? 0,
          cache_read_tokens:
            usage.cacheReadTokens === undefined ? undefined : Math.round((input ?? 0) * 0.4 * random()),
          reasoning_tokens:
            usage.reasoningTokens === undefined ? undefined : Math.round((output ?? 0) * 0.5 * random()),
          streamed: isStreamed,
          time_to_first_chunk_ms: isStreamed ? Math.round(Math.min(duration, 350 * logNormal(random, 0.4))) : undefined,
        }),
  }
}

/** @template {{ weight: number }} T @param {readonly T[]} all @param {() => number} random @returns {T} */
function chosen(all, random) {
  let left = random() * all.reduce((sum, { weight }) => sum + weight, 0)
  for (const one of all) {
    left -= one.weight
    if (left < 0) return one
  }
  return all[0]
}

/** Around 1, never negative. @param {() => number} random @param {number} sigma */
function logNormal(random, sigma) {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  return Math.exp(sigma * normal)
}

/** Numbers from 0 to before 1, the same for the same seed (mulberry32). @param {number} seed */
function randomOf(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
