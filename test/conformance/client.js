/** Sends one request as it is told, byte by byte if need be, and tells what came back. */
import { Agent as HttpAgent, request as httpRequest } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'

/**
 * @typedef {object} Sent
 * @property {string} [method]
 * @property {string} path
 * @property {{ [name: string]: string }} [headers] over those of every request
 * @property {Buffer} [body]
 * @property {boolean} [isChunked] without a Content-Length
 * @property {boolean} [asksFirst] by `Expect: 100-continue`
 * @property {boolean} [isAnonymous] without the headers of every request
 * @property {import('node:http').Agent} [agent]
 */

/**
 * @typedef {object} Answer
 * @property {number} status
 * @property {import('node:http').IncomingHttpHeaders} headers
 * @property {Buffer} body
 * @property {boolean} wasAsked whether `100 Continue` came before it
 */

/**
 * @typedef {object} Target
 * @property {URL} url
 * @property {{ [name: string]: string }} headers of every request
 * @property {number} timeoutMs
 * @property {{ ca?: string, cert?: string, key?: string, rejectUnauthorized?: boolean }} tls
 */

const PIECE = 64 * 1024
// A connection for each request, unless the check says otherwise: what one leaves behind must not reach the next.
const agents = { 'http:': new HttpAgent(), 'https:': new HttpsAgent() }

/** @param {Target} target */
export function createClient(target) {
  /** All answers so far. @type {Answer[]} */
  const seen = []

  /** @param {Sent} sent @returns {Promise<Answer>} */
  function send(sent) {
    return new Promise((resolve, reject) => {
      const { method = 'POST', path, headers = {}, body = Buffer.alloc(0), isChunked, asksFirst } = sent
      const agent = sent.agent ?? agents[target.url.protocol === 'https:' ? 'https:' : 'http:']
      const isSecure = target.url.protocol === 'https:'
      const all = {
        ...(sent.isAnonymous ? {} : target.headers),
        ...headers,
        ...(asksFirst ? { expect: '100-continue' } : {}),
        ...(isChunked ? { 'transfer-encoding': 'chunked' } : { 'content-length': String(body.length) }),
      }
      const url = new URL(target.url.pathname.replace(/\/$/, '') + path, target.url)
      const request = (isSecure ? httpsRequest : httpRequest)(url, { method, headers: all, agent, ...target.tls })
      let wasAsked = false
      let isAnswered = false

      request.setTimeout(target.timeoutMs, () => request.destroy(new Error(`no answer in ${target.timeoutMs} ms`)))
      // A server that answers early may close before it has read all: what counts is what it answered.
      request.on('error', (error) => {
        if (!isAnswered) reject(error)
      })
      request.on('response', (response) => {
        isAnswered = true
        /** @type {Buffer[]} */
        const chunks = []
        const settle = () => {
          const answer = {
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks),
            wasAsked,
          }
          seen.push(answer)
          resolve(answer)
          if (!request.writableEnded) request.destroy()
        }
        response.on('data', (chunk) => chunks.push(chunk))
        response.on('end', settle)
        response.on('error', reject)
      })
      request.on('continue', () => {
        wasAsked = true
        write()
      })
      // In pieces, and no faster than they are taken: the answer may come before the last of them.
      let at = 0
      function write() {
        while (at < body.length && !isAnswered) {
          const piece = body.subarray(at, at + PIECE)
          at += piece.length
          if (!request.write(piece)) {
            request.once('drain', write)
            return
          }
        }
        if (!isAnswered) request.end()
      }
      if (asksFirst) request.flushHeaders()
      else write()
    })
  }

  return { send, seen, target }
}

/** @typedef {ReturnType<typeof createClient>} Client */
