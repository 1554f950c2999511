/** The recorded answers: where they lie, what they are called, which model's they are, and what a meter must count from each. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { count } from './expected.js'

/** @typedef {import('./expected.js').Api} Api */
/** @typedef {import('./expected.js').Answer} Answer */
/** @typedef {import('./expected.js').Expected} Expected */
/** @typedef {import('./expected.js').Json} Json */

/**
 * An answer and the name of the file it was recorded in.
 * @typedef {Answer & { name: string }} Recording
 */

/**
 * By name.
 * @typedef {ReadonlyMap<string, Recording>} Recordings
 */

/** @type {Readonly<Record<string, { api: Api, provider: string }>>} */
const FOLDERS = {
  anthropic: { api: 'messages', provider: 'anthropic' },
  groq: { api: 'chat', provider: 'groq' },
  mistral: { api: 'chat', provider: 'mistral_ai' },
  'openai-chat': { api: 'chat', provider: 'openai' },
  'openai-embeddings': { api: 'embeddings', provider: 'openai' },
  'openai-responses': { api: 'responses', provider: 'openai' },
}

/** Recorded from elsewhere than their folder says. */
const PROVIDERS = /** @type {Readonly<Record<string, string>>} */ ({
  'azure-model-router.1.chunks.txt': 'azure.ai.openai',
})

/** The HTTP status that came with the body; all others came with 200. */
const STATUSES = /** @type {Readonly<Record<string, number>>} */ ({
  'openai-error.1.json': 429,
  'reasoning-model-legacy-parameter-error.json': 400,
})

/**
 * Which recordings answer for a model. A name with a date at its end, or `-latest`, is looked up with and without it.
 * Where a model has no recording of a kind, the answer is a synthetic one.
 * @type {Readonly<Record<Api, Readonly<Record<string, { body?: string, stream?: string }>>>>}
 */
export const MODELS = {
  chat: {
    'gpt-4.1-nano': { body: 'openai-text.json', stream: 'openai-text.chunks.txt' },
    'gpt-5-nano': { stream: 'azure-model-router.1.chunks.txt' },
    'model-router': { stream: 'azure-model-router.1.chunks.txt' },
    'llama-3.3-70b-versatile': { body: 'groq-text.json', stream: 'groq-tool-call.chunks.txt' },
    'qwen/qwen3-32b': { body: 'groq-reasoning.json' },
    'mistral-small': { body: 'mistral-text.json', stream: 'mistral-text.chunks.txt' },
    'magistral-medium-2507': { stream: 'mistral-reasoning.chunks.txt' },
  },
  responses: {
    'gpt-5-mini': { body: 'openai-reasoning-encrypted-content.1.json' },
    'gpt-5-nano': { body: 'openai-error.1.json', stream: 'openai-error.1.chunks.txt' },
    'gpt-5.1-codex-max': { stream: 'openai-reasoning-encrypted-content.1.chunks.txt' },
    'gpt-5.2-codex': { body: 'openai-custom-tool.1.json', stream: 'openai-custom-tool.1.chunks.txt' },
    'gpt-5.3-codex': { body: 'openai-phase.1.json', stream: 'openai-phase.1.chunks.txt' },
  },
  completions: {},
  embeddings: {
    'text-embedding-3-small': { body: 'openai-embedding.json' },
  },
  messages: {
    'claude-3-opus': { body: 'anthropic-tool-no-args.json' },
    'claude-fable-5': { body: 'anthropic-refusal.json', stream: 'anthropic-refusal.chunks.txt' },
    'claude-opus-5': { body: 'anthropic-claude-opus-5-reasoning-high.1.json' },
    'claude-sonnet-4-5': { body: 'anthropic-text.json', stream: 'anthropic-text.chunks.txt' },
    'claude-sonnet-5': { stream: 'anthropic-code-execution-20260120-prompt-cache.1.chunks.txt' },
  },
}

const OWN = fileURLToPath(new URL('./recordings/', import.meta.url))
const SHARED = fileURLToPath(new URL('../../shared/recordings/', import.meta.url))

/**
 * Reads a folder of recordings.
 * @param {string} [folder] Default: `../shared/recordings` beside the repository where there is one, else `demo/recordings`.
 * @returns {Recordings}
 */
export function loadRecordings(folder = existsSync(SHARED) ? SHARED : OWN) {
  /** @type {Map<string, Recording>} */
  const recordings = new Map()
  for (const [subfolder, { api, provider }] of Object.entries(FOLDERS)) {
    for (const file of readdirSync(`${folder}/${subfolder}`).sort()) {
      const text = readFileSync(`${folder}/${subfolder}/${file}`, 'utf8')
      const rest = { api, provider: PROVIDERS[file] ?? provider, status: STATUSES[file] ?? 200 }
      if (file.endsWith('.json')) {
        recordings.set(file, { name: file, ...rest, body: JSON.parse(text) })
      } else if (file.endsWith('.chunks.txt')) {
        const events = text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]))
        splitResponses(events).forEach((part, index) => {
          const name = index === 0 ? file : `${file}#${index + 1}`
          recordings.set(name, { name, ...rest, events: part })
        })
      }
    }
  }
  return recordings
}

/**
 * One list of events a response: some files hold several responses, one after the other.
 * @param {readonly Json[]} events
 */
function splitResponses(events) {
  /** @type {Json[][]} */
  const responses = []
  for (const event of events) {
    if (responses.length === 0 || event.type === 'response.created') responses.push([])
    responses.at(-1)?.push(event)
  }
  return responses
}

/** @type {Recordings | undefined} */
let loaded

/** The default recordings, read once. */
export function defaultRecordings() {
  loaded ??= loadRecordings()
  return loaded
}

/**
 * A recording by its name, with or without the extension: `anthropic-text` is `anthropic-text.json`, or `anthropic-text.chunks.txt` for a stream.
 * @param {Recordings} recordings
 * @param {Api} api
 * @param {string} name
 * @param {boolean} isStream
 * @returns {Recording | undefined}
 */
export function recordingByName(recordings, api, name, isStream) {
  const [base, part] = name.split('#')
  const withExtension = isStream ? `${base}.chunks.txt${part === undefined ? '' : `#${part}`}` : `${base}.json`
  const found = recordings.get(name) ?? recordings.get(withExtension)
  // An error body answers a stream as well: it comes in place of one.
  const fits = found?.api === api && ((found.events !== undefined) === isStream || found.status >= 400)
  return fits ? found : undefined
}

/**
 * The recording that answers for a model, or for a model that is named like a recording.
 * @param {Recordings} recordings
 * @param {Api} api
 * @param {string} model
 * @param {boolean} isStream
 * @returns {Recording | undefined}
 */
export function recordingByModel(recordings, api, model, isStream) {
  const undated = model.replace(/-(\d{4}-\d{2}-\d{2}|\d{8}|latest)$/, '')
  const models = MODELS[api]
  const known = [model, undated].find((name) => Object.hasOwn(models, name))
  const entry = known === undefined ? undefined : models[known]
  if (entry === undefined) return recordingByName(recordings, api, model, isStream)
  const name = isStream ? entry.stream : entry.body
  return name === undefined ? undefined : recordings.get(name)
}

/**
 * What a meter must count from a recording, computed from its JSON alone.
 * @param {string} name With its extension, as in `openai-text.chunks.txt`.
 * @param {{ includeUsage?: boolean, afterChunks?: number, recordings?: Recordings }} [options] See `count`.
 * @returns {Expected}
 */
export function expected(name, { recordings = defaultRecordings(), ...options } = {}) {
  const recording = recordings.get(name)
  if (recording === undefined) {
    throw new RangeError(`no recording is named ${name}; there are ${[...recordings.keys()].join(', ')}`)
  }
  return count(recording, options)
}
