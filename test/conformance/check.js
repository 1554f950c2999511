/** What a check is, how it says that something is wrong, and the looks at an answer that many checks take. */
import { gzipSync } from 'node:zlib'
import { SMALL } from './bodies.js'
import { decode, encodeRequest } from './protobuf.js'

/** @typedef {import('./client.js').Answer} Answer */
/** @typedef {import('./client.js').Client} Client */
/** @typedef {import('./protobuf.js').Signal} Signal */
/** @typedef {'protobuf' | 'json'} Encoding */

/**
 * @typedef {object} Context
 * @property {Client} client
 * @property {number} limit bytes of a body the server takes, before and after decompression
 * @property {string | undefined} corsOrigin an origin the server allows
 */

/**
 * @typedef {object} Check
 * @property {string} name
 * @property {number} line of the checklist
 * @property {'must' | 'should' | 'may'} level
 * @property {string} says what a conforming server does
 * @property {(context: Context) => Promise<void>} run
 */

/** The server does not conform. */
export class Failed extends Error {}

/** It cannot be seen here whether it does. */
export class Skipped extends Error {}

/** @type {readonly Signal[]} */
export const SIGNALS = ['traces', 'metrics', 'logs']
/** @type {readonly Encoding[]} */
export const ENCODINGS = ['protobuf', 'json']
export const TYPES = { protobuf: 'application/x-protobuf', json: 'application/json' }

/** A body in an encoding. @param {Signal} signal @param {Encoding} encoding @param {object} json */
export function encoded(signal, encoding, json) {
  return encoding === 'json' ? Buffer.from(JSON.stringify(json)) : encodeRequest(signal, json)
}

/** A request of some telemetry. @param {Signal} signal @param {Encoding} encoding @param {object} [json] @returns {import('./client.js').Sent & { headers: { [name: string]: string }, body: Buffer }} */
export function exportOf(signal, encoding, json = SMALL[signal]()) {
  return {
    path: `/v1/${signal}`,
    headers: { 'content-type': TYPES[encoding] },
    body: encoded(signal, encoding, json),
  }
}

/** The same, compressed. @param {Signal} signal @param {Encoding} encoding @param {object} [json] */
export function gzippedExportOf(signal, encoding, json) {
  const request = exportOf(signal, encoding, json)
  return { ...request, headers: { ...request.headers, 'content-encoding': 'gzip' }, body: gzipSync(request.body) }
}

/** @param {boolean} holds @param {string} message */
export function expect(holds, message) {
  if (!holds) throw new Failed(message)
}

/** @param {Answer} answer @param {readonly number[]} statuses @param {string} [what] */
export function expectStatus(answer, statuses, what = '') {
  const said = answer.body.length > 0 ? `: ${printable(answer.body)}` : ''
  expect(
    statuses.includes(answer.status),
    `expected ${statuses.join(' or ')}${what && ` for ${what}`}, got ${answer.status}${said}`,
  )
}

/** The type of an answer without its parameters. @param {Answer} answer */
export function typeOf(answer) {
  return (answer.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
}

/** @param {Answer} answer @param {Encoding} encoding @param {string} [what] */
export function expectType(answer, encoding, what = 'the answer') {
  const type = typeOf(answer)
  expect(type === TYPES[encoding], `${what} (${answer.status}) must be ${TYPES[encoding]}, is ${type || 'of no type'}`)
}

/** What a server says about what it did not take; `undefined` when it says nothing. @param {Answer} answer @param {Encoding} encoding @param {Signal} signal */
export function partialSuccess(answer, encoding, signal) {
  if (encoding === 'json') {
    const response = parseJson(answer)
    const partial = response.partialSuccess
    if (partial === undefined || partial === null) return undefined
    const key = { traces: 'rejectedSpans', metrics: 'rejectedDataPoints', logs: 'rejectedLogRecords' }[signal]
    const known = [key, 'errorMessage']
    const strange = Object.keys(partial).filter((name) => !known.includes(name))
    expect(strange.length === 0, `partialSuccess of ${signal} has ${known.join(' and ')}, not ${strange.join(', ')}`)
    return { rejected: Number(partial[key] ?? 0), message: String(partial.errorMessage ?? '') }
  }
  const field = parseProtobuf(answer).find(({ number }) => number === 1)
  if (field === undefined) return undefined
  expect(Buffer.isBuffer(field.value), 'partial_success is no message')
  const partial = decode(/** @type {Buffer} */ (field.value))
  const message = partial.find(({ number }) => number === 2)?.value
  return {
    rejected: Number(partial.find(({ number }) => number === 1)?.value ?? 0),
    message: message === undefined ? '' : message.toString(),
  }
}

/** All was taken, and the server has nothing to say about it. @param {Answer} answer @param {Encoding} encoding @param {Signal} signal @param {string} [what] */
export function expectFullSuccess(answer, encoding, signal, what = `${signal} by ${encoding}`) {
  expectStatus(answer, [200], what)
  expectType(answer, encoding)
  const partial = partialSuccess(answer, encoding, signal)
  expect(
    partial === undefined,
    `partial_success must be unset for ${what}, is ${JSON.stringify(partial, (_, value) => value)}`,
  )
}

/** The body is a google.rpc.Status in this encoding. @param {Answer} answer @param {Encoding} encoding */
export function expectRpcStatus(answer, encoding) {
  expectType(answer, encoding)
  if (encoding === 'json') {
    const status = parseJson(answer)
    const strange = Object.keys(status).filter((name) => !['code', 'message', 'details'].includes(name))
    expect(strange.length === 0, `a google.rpc.Status has no ${strange.join(', ')}: ${printable(answer.body)}`)
    expect(typeof (status.message ?? '') === 'string', 'the message of a google.rpc.Status is text')
    expect(Number.isInteger(status.code ?? 0), 'the code of a google.rpc.Status is a whole number')
    expect(Boolean(status.message), 'the google.rpc.Status says nothing')
    return
  }
  const fields = parseProtobuf(answer)
  const isStatus = fields.every(({ number, value }) =>
    number === 1 ? typeof value === 'bigint' : (number === 2 || number === 3) && Buffer.isBuffer(value),
  )
  expect(isStatus, `this is no google.rpc.Status: ${printable(answer.body)}`)
  expect(
    fields.some(({ number }) => number === 2),
    'the google.rpc.Status says nothing',
  )
}

/** @param {Answer} answer @returns {any} */
function parseJson(answer) {
  let value
  try {
    value = JSON.parse(answer.body.toString())
  } catch {
    throw new Failed(`the body (${answer.status}) is not JSON: ${printable(answer.body)}`)
  }
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  expect(isObject, `the body (${answer.status}) is not a JSON object: ${printable(answer.body)}`)
  return value
}

/** @param {Answer} answer */
function parseProtobuf(answer) {
  try {
    return decode(answer.body)
  } catch (error) {
    throw new Failed(
      `the body (${answer.status}) is not protobuf, ${/** @type {Error} */ (error).message}: ${printable(answer.body)}`,
    )
  }
}

/** @param {Buffer} body */
function printable(body) {
  const text = body.toString('latin1').replace(/[^ -~]+/g, '·')
  return text.length > 120 ? `${text.slice(0, 119)}…` : text
}
