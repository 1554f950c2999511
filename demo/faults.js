/** What a request may ask of the emulator: which answer, how slowly, and what is to go wrong. Also the errors in each provider's words. */

/** @typedef {import('./expected.js').Api} Api */
/** @typedef {import('./expected.js').Json} Json */

/**
 * The header `x-emulate` holds this as JSON; `defaults` of the emulator hold for every request that does not say otherwise.
 * Chunks are content-bearing chunks throughout.
 * @typedef {object} Control
 * @property {string} [recording] Name of the recording to answer with, with or without its extension.
 * @property {number} [chunks] A synthetic answer whose stream has exactly this many chunks.
 * @property {string} [text] A synthetic answer with this text.
 * @property {{ name: string, arguments: string }} [toolCall] A synthetic answer that calls a tool, until the conversation holds a tool's result.
 * @property {Json} [usage] The answer's usage, in the provider's words, in place of its own.
 * @property {boolean} [noUsage] The answer tells no usage.
 * @property {number} [bodyBytes] Pads the body, or the first chunk of a stream, so that about this much is sent.
 * @property {number} [delayMs] Time before the headers.
 * @property {number} [chunkDelayMs] Time before each chunk.
 * @property {number} [status] Answers with this error.
 * @property {number} [retryAfter] Seconds, fractions allowed, told to the client along with `status`.
 * @property {boolean} [reset] Resets the connection before any answer.
 * @property {boolean} [hang] Never answers.
 * @property {boolean} [notJson] Answers 200 with a page of HTML.
 * @property {number} [cutAfterChunks] Closes the connection right after this many chunks; a body is cut half-way.
 * @property {number} [cutInsideChunk] Closes the connection in the middle of this chunk, counted from 1; a body is cut half-way.
 * @property {number} [errorAfterChunks] Sends the provider's error event right after this many chunks, and ends the stream.
 * @property {number} [failures] Only the first so many attempts of a request suffer the faults; by default all do.
 * @property {string} [id] Names the request whose attempts are counted; by default the client's own `x-stainless-retry-count` tells.
 */

/** @type {Readonly<Record<keyof Control, (value: any) => boolean>>} */
const CHECKS = {
  recording: isText,
  chunks: isCount,
  text: isText,
  toolCall: (value) => isText(value?.name) && isText(value.arguments) && value.arguments !== '',
  usage: (value) => typeof value === 'object' && value !== null,
  noUsage: isBoolean,
  bodyBytes: isCount,
  delayMs: isDuration,
  chunkDelayMs: isDuration,
  status: (value) => Number.isInteger(value) && value >= 400 && value <= 599,
  retryAfter: isDuration,
  reset: isBoolean,
  hang: isBoolean,
  notJson: isBoolean,
  cutAfterChunks: isCount,
  cutInsideChunk: (value) => isCount(value) && value > 0,
  errorAfterChunks: isCount,
  failures: isCount,
  id: isText,
}

const FAULTS = /** @type {const} */ ([
  'status',
  'retryAfter',
  'reset',
  'hang',
  'notJson',
  'cutAfterChunks',
  'cutInsideChunk',
  'errorAfterChunks',
])

/** @param {unknown} value */
function isText(value) {
  return typeof value === 'string'
}

/** @param {unknown} value */
function isBoolean(value) {
  return typeof value === 'boolean'
}

/** @param {unknown} value */
function isCount(value) {
  return Number.isSafeInteger(value) && Number(value) >= 0
}

/** @param {unknown} value */
function isDuration(value) {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}

/**
 * Reads the header over the defaults.
 * @param {string | undefined} header
 * @param {Control} defaults
 * @returns {Control}
 * @throws {TypeError} Where the header is not what it should be.
 */
export function readControl(header, defaults) {
  if (header === undefined) return defaults
  /** @type {unknown} */
  let control
  try {
    control = JSON.parse(header)
  } catch {
    throw new TypeError(`x-emulate must be JSON; got ${header}`)
  }
  if (typeof control !== 'object' || control === null) throw new TypeError(`x-emulate must be an object; got ${header}`)
  checkControl(control)
  return { ...defaults, ...control }
}

/**
 * @param {object} control
 * @throws {TypeError} Where a field is unknown or not what it should be.
 */
export function checkControl(control) {
  for (const [field, value] of Object.entries(control)) {
    const check = Object.hasOwn(CHECKS, field) ? CHECKS[/** @type {keyof Control} */ (field)] : undefined
    if (check === undefined) {
      throw new TypeError(`x-emulate: unknown field ${field}; there are ${Object.keys(CHECKS).join(', ')}`)
    }
    if (!check(value)) throw new TypeError(`x-emulate: ${field} cannot be ${JSON.stringify(value)}`)
  }
}

/** Counts the attempts of each request. Forgets the oldest request past its capacity. */
export class Attempts {
  /** @type {Map<string, number>} */
  #byId = new Map()
  #capacity

  /** @param {number} [capacity] */
  constructor(capacity = 10_000) {
    this.#capacity = capacity
  }

  /**
   * The number of this attempt, from 1.
   * @param {string | undefined} id
   * @param {string | undefined} retryCount What the client says.
   */
  next(id, retryCount) {
    if (id === undefined) return Number.parseInt(retryCount ?? '0', 10) + 1 || 1
    const attempt = (this.#byId.get(id) ?? 0) + 1
    this.#byId.delete(id)
    this.#byId.set(id, attempt)
    if (this.#byId.size > this.#capacity) {
      const [oldest] = this.#byId.keys()
      if (oldest !== undefined) this.#byId.delete(oldest)
    }
    return attempt
  }
}

/**
 * What holds for this attempt: past the failing ones there are no faults.
 * @param {Control} control
 * @param {number} attempt From 1.
 * @returns {Control}
 */
export function controlOfAttempt(control, attempt) {
  if (control.failures === undefined || attempt <= control.failures) return control
  const healthy = { ...control }
  for (const fault of FAULTS) delete healthy[fault]
  return healthy
}

const OPENAI_ERRORS = /** @type {Readonly<Record<number, { type: string, code: string | null }>>} */ ({
  400: { type: 'invalid_request_error', code: null },
  401: { type: 'invalid_request_error', code: 'invalid_api_key' },
  403: { type: 'invalid_request_error', code: 'unsupported_country_region_territory' },
  404: { type: 'invalid_request_error', code: 'model_not_found' },
  429: { type: 'requests', code: 'rate_limit_exceeded' },
})

const ANTHROPIC_ERRORS = /** @type {Readonly<Record<number, string>>} */ ({
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  504: 'timeout_error',
  529: 'overloaded_error',
})

/**
 * The body of an error in the provider's words.
 * @param {Api | undefined} api
 * @param {number} status
 * @param {string} [text]
 * @returns {Json}
 */
export function errorBody(api, status, text = `Emulated error ${status}.`) {
  if (api === 'messages') {
    const type = ANTHROPIC_ERRORS[status] ?? (status < 500 ? 'invalid_request_error' : 'api_error')
    return { type: 'error', error: { type, message: text }, request_id: 'req_emulated' }
  }
  const known = OPENAI_ERRORS[status] ?? {
    type: status < 500 ? 'invalid_request_error' : 'server_error',
    code: null,
  }
  return { error: { message: text, type: known.type, param: null, code: known.code } }
}

/**
 * The event by which a provider tells, inside a stream, that it failed.
 * @param {Api} api
 * @returns {Json}
 */
export function errorEvent(api) {
  if (api === 'messages') {
    return { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' }, request_id: 'req_emulated' }
  }
  const error = { type: 'server_error', code: 'server_error', message: 'Emulated error in the stream.', param: null }
  return api === 'responses' ? { type: 'error', sequence_number: 0, error } : { error }
}

/** Page of HTML, as a proxy in between would answer. */
export const NOT_JSON = '<!doctype html><html><head><title>Gateway</title></head><body>Not the API.</body></html>\n'
