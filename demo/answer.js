/** Chooses the answer to a request and puts it into the provider's wire format. Knows nothing of sockets or faults. */
import { asksForUsage, isContent, isUsageChunk } from './expected.js'
import { recordingByModel, recordingByName } from './recordings.js'
import { syntheticBody, syntheticEvents } from './synthetic.js'

/** @typedef {import('./expected.js').Api} Api */
/** @typedef {import('./expected.js').Json} Json */
/** @typedef {import('./faults.js').Control} Control */
/** @typedef {import('./recordings.js').Recordings} Recordings */
/** @typedef {import('./recordings.js').Recording} Recording */

/**
 * One event of a stream as it is sent, and whether it is a content-bearing chunk.
 * @typedef {{ text: string, isContent: boolean }} Frame
 */

/**
 * A body's text or a stream's frames; `recording` names where they come from, absent when synthetic.
 * @typedef {{ status: number, recording?: string | undefined, body?: string, frames?: Iterable<Frame> }} Wire
 */

/**
 * A request for an answer.
 * @typedef {{ api: Api, model: string, deployment?: string | undefined, body: Json }} Request
 */

/**
 * @param {Api} api
 * @param {Json} event
 */
export function frame(api, event) {
  const data = `data: ${JSON.stringify(event)}\n\n`
  return api === 'responses' || api === 'messages' ? `event: ${event.type}\n${data}` : data
}

/** @param {Recordings} recordings */
export function createAnswer(recordings) {
  /** Recordings as they are sent, made once. @type {Map<string, Wire>} */
  const made = new Map()

  /**
   * @param {Request} request
   * @param {Control} control
   * @returns {Recording | undefined} Absent: the answer is a synthetic one.
   */
  function choose({ api, model, deployment, body }, control) {
    const isStream = body.stream === true
    if (control.recording !== undefined) {
      const recording = recordingByName(recordings, api, control.recording, isStream)
      if (recording === undefined) {
        throw new TypeError(
          `x-emulate: no recording ${control.recording} for ${api}, ${isStream ? 'as a stream' : 'whole'}`,
        )
      }
      return recording
    }
    if (control.chunks !== undefined || control.text !== undefined || control.toolCall !== undefined) return undefined
    return (
      recordingByModel(recordings, api, model, isStream) ??
      (deployment === undefined ? undefined : recordingByModel(recordings, api, deployment, isStream))
    )
  }

  /**
   * @param {Request} request
   * @param {Control} control
   * @returns {Wire}
   * @throws {TypeError} Where the control names a recording that does not fit.
   */
  return (request, control) => {
    const { api, body } = request
    const recording = choose(request, control)
    const includeUsage = control.noUsage !== true && (!asksForUsage(api) || body.stream_options?.include_usage === true)
    const usage = control.noUsage ? null : control.usage
    const isBase64 = api === 'embeddings' && body.encoding_format === 'base64'
    const key = `${recording?.name} ${includeUsage} ${isBase64}`
    const known = usage === undefined ? made.get(key) : undefined
    if (known !== undefined) return known

    /** @type {Wire} */
    const wire = { status: recording?.status ?? 200, recording: recording?.name }
    if (body.stream === true && wire.status === 200) {
      const events = recording?.events ?? syntheticEvents(api, request.model, body, control)
      wire.frames = frames(api, events, includeUsage, usage)
      if (recording !== undefined) wire.frames = [...wire.frames]
    } else {
      const whole = recording?.body ?? syntheticBody(api, request.model, body, control)
      wire.body = JSON.stringify(withUsage(api, isBase64 ? withBase64(whole) : whole, usage))
    }
    if (recording !== undefined && usage === undefined) made.set(key, wire)
    return wire
  }
}

/**
 * @param {Api} api
 * @param {Iterable<Json>} events
 * @param {boolean} includeUsage
 * @param {Json} usage
 * @returns {Generator<Frame>}
 */
function* frames(api, events, includeUsage, usage) {
  for (const event of events) {
    if (asksForUsage(api) && !includeUsage && isUsageChunk(event)) continue
    const sent = withUsage(api, event, usage)
    if (asksForUsage(api) && !includeUsage && sent.usage === null) delete sent.usage
    yield { text: frame(api, sent), isContent: isContent(api, event) }
  }
  if (asksForUsage(api)) yield { text: 'data: [DONE]\n\n', isContent: false }
}

/**
 * A copy of an event or a body with another usage wherever it tells one.
 * @param {Api} api
 * @param {Json} event
 * @param {Json} usage `undefined`: its own. `null`: none.
 * @returns {Json}
 */
function withUsage(api, event, usage) {
  const copy = { ...event }
  if (usage === undefined) return copy
  for (const part of ['response', 'message', 'x_groq']) if (copy[part]) copy[part] = withUsage(api, copy[part], usage)
  if (!copy.usage) return copy
  if (usage !== null) copy.usage = usage
  // Anthropic's MessageStream reads through the object, so that one stays there, telling nothing.
  else if (api === 'messages') copy.usage = {}
  else delete copy.usage
  return copy
}

/**
 * Embeddings in the encoding that the openai client asks for.
 * @param {Json} body
 */
function withBase64(body) {
  const data = body.data.map((/** @type {Json} */ item) => ({
    ...item,
    embedding: Buffer.from(new Float32Array(item.embedding).buffer).toString('base64'),
  }))
  return { ...body, data }
}
