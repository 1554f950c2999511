/** Sends an answer: in time, whole or broken as the request asked, and never faster than the client reads. */
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { frame } from './answer.js'
import { errorBody, errorEvent, NOT_JSON } from './faults.js'

/** @typedef {import('./expected.js').Api} Api */
/** @typedef {import('./faults.js').Control} Control */
/** @typedef {import('./answer.js').Wire} Wire */
/** @typedef {import('./emulator.js').LoggedRequest} LoggedRequest */
/** @typedef {import('node:http').ServerResponse} ServerResponse */

/**
 * A request under way; `left` is aborted when the connection is gone.
 * @typedef {{ api: Api | undefined, log: LoggedRequest, response: ServerResponse, left: AbortSignal, control: Control }} Exchange
 */

const BATCH = 64 * 2 ** 10

/**
 * @param {Exchange} exchange
 * @param {() => Wire} answer
 */
export async function reply(exchange, answer) {
  const { api, control, left, log, response } = exchange
  if (control.delayMs) await sleep(control.delayMs, undefined, { signal: left })
  if (control.reset) {
    log.outcome = 'cut'
    response.socket?.resetAndDestroy()
    return
  }
  if (control.hang) return
  if (control.status !== undefined) return sendError(exchange, control.status)
  if (control.notJson) return sendBody(exchange, 200, NOT_JSON, 'text/html; charset=utf-8')
  /** @type {Wire} */
  let wire
  try {
    wire = answer()
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    return sendError(exchange, 400, error.message)
  }
  log.recording = wire.recording
  if (wire.body !== undefined) return sendBody(exchange, wire.status, wire.body)
  if (wire.frames !== undefined && api !== undefined) return sendFrames(exchange, api, wire.frames)
  throw new Error(`BUG: neither body nor frames for ${log.path}`)
}

/**
 * @param {Exchange} exchange
 * @param {number} status
 * @param {string} [text]
 */
export function sendError(exchange, status, text) {
  const { retryAfter } = exchange.control
  if (retryAfter !== undefined) {
    exchange.response.setHeader('retry-after', Math.ceil(retryAfter))
    // The clients prefer this one, which can tell less than a second.
    exchange.response.setHeader('retry-after-ms', Math.round(retryAfter * 1000))
  }
  return sendBody(exchange, status, JSON.stringify(errorBody(exchange.api, status, text)))
}

/**
 * @param {Exchange} exchange
 * @param {number} status
 * @param {string} contentType
 */
function writeHead({ api, log, response }, status, contentType) {
  log.status = status
  response.writeHead(status, {
    'content-type': contentType,
    [api === 'messages' ? 'request-id' : 'x-request-id']: 'req_emulated',
  })
}

/**
 * Waits until what was written may be followed by more.
 * @param {Exchange} exchange
 * @param {string} text
 */
async function write({ response, left }, text) {
  if (text !== '' && !response.write(text)) await once(response, 'drain', { signal: left })
}

/**
 * Closes the connection once `text` has reached the client.
 * @param {Exchange} exchange
 * @param {string} text
 */
async function cut({ response, log }, text) {
  log.outcome = 'cut'
  if (text !== '') response.write(text)
  // Called once everything before it has left this process.
  await new Promise((resolve) => (response.socket ? response.socket.write('', resolve) : resolve(undefined)))
  response.socket?.destroy()
}

/**
 * `text` with its last brace moved behind a field that makes it about `bytes` long.
 * @param {string} text
 * @param {number} bytes
 * @returns {Generator<string>}
 */
function* padded(text, bytes) {
  const end = text.lastIndexOf('}')
  if (end === -1 || text.length >= bytes) {
    yield text
    return
  }
  const block = 'x'.repeat(BATCH)
  yield `${text.slice(0, end)},"padding":"`
  for (let rest = bytes - text.length; rest > 0; rest -= BATCH) yield rest < BATCH ? block.slice(0, rest) : block
  yield `"${text.slice(end)}`
}

/**
 * @param {Exchange} exchange
 * @param {number} status
 * @param {string} text
 * @param {string} [contentType]
 */
export async function sendBody(exchange, status, text, contentType = 'application/json') {
  const { control, response } = exchange
  writeHead(exchange, status, contentType)
  if (control.cutAfterChunks !== undefined || control.cutInsideChunk !== undefined) {
    return cut(exchange, text.slice(0, text.length / 2))
  }
  if (control.bodyBytes !== undefined) for (const part of padded(text, control.bodyBytes)) await write(exchange, part)
  else response.write(text)
  response.end()
}

/**
 * @param {Exchange} exchange
 * @param {Api} api
 * @param {Iterable<import('./answer.js').Frame>} frames
 */
async function sendFrames(exchange, api, frames) {
  const { control, left, log, response } = exchange
  const { bodyBytes, chunkDelayMs, cutAfterChunks, cutInsideChunk, errorAfterChunks } = control
  writeHead(exchange, 200, 'text/event-stream; charset=utf-8')
  response.flushHeaders()
  let batch = ''
  const fail = () => {
    response.end(batch + frame(api, errorEvent(api)))
  }
  for (const { text, isContent } of frames) {
    if (isContent) {
      if (cutAfterChunks === 0) return cut(exchange, batch)
      if (errorAfterChunks === 0) return fail()
      if (chunkDelayMs) {
        await write(exchange, batch)
        batch = ''
        await sleep(chunkDelayMs, undefined, { signal: left })
      }
      if (log.chunks + 1 === cutInsideChunk) return cut(exchange, batch + text.slice(0, text.length / 2))
      log.chunks++
    }
    if (isContent && bodyBytes !== undefined && log.chunks === 1) {
      await write(exchange, batch)
      for (const part of padded(text, bodyBytes)) await write(exchange, part)
      batch = ''
    } else batch += text
    if (isContent && log.chunks === cutAfterChunks) return cut(exchange, batch)
    if (isContent && log.chunks === errorAfterChunks) return fail()
    if (batch.length >= BATCH || (chunkDelayMs && isContent)) {
      await write(exchange, batch)
      batch = ''
    }
  }
  // A stream with fewer chunks than asked for fails at its end.
  if (cutAfterChunks !== undefined || cutInsideChunk !== undefined) return cut(exchange, batch)
  if (errorAfterChunks !== undefined) return fail()
  response.end(batch)
}
