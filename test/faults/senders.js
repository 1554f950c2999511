/** Senders as OTLP has them: each sends a batch until it is acknowledged, then the next one; and remembers what was acknowledged. */
import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { KIND_NAMES, makeBatch } from './batches.js'

/** Longest one attempt, in milliseconds. */
const ATTEMPT_MS = 20_000
/** Of the batches of senders that go on by themselves, those that are sent again though they were acknowledged. */
const SENT_AGAIN = 0.05

/** @typedef {import('./batches.js').Batch} Batch */
/** @typedef {{ status: number, headers: import('node:http').IncomingHttpHeaders, body: Buffer }} Answer */

/**
 * Posts a body; throws when there is no answer.
 * @param {string} url @param {Pick<Batch, 'path' | 'headers' | 'body'>} what @param {Agent} [agent]
 * @returns {Promise<Answer>}
 */
export function post(url, { path, headers, body }, agent) {
  return new Promise((resolve, reject) => {
    const sending = request(
      `${url}${path}`,
      { method: 'POST', agent, headers: { ...headers, 'content-length': body.length } },
      (response) => {
        /** @type {Buffer[]} */
        const chunks = []
        response.on('data', (chunk) => chunks.push(chunk)).on('error', reject)
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
        )
      },
    )
    sending.setTimeout(ATTEMPT_MS, () => sending.destroy(new Error(`no answer within ${ATTEMPT_MS} ms`)))
    sending.on('error', reject).end(body)
  })
}

/**
 * Senders that may be told to go on and to pause. A pause ends when each of them has had its batch acknowledged.
 * @param {object} options
 * @param {() => string} options.url Where to at the moment; empty when there is nobody.
 * @param {number} [options.senders]
 * @param {number} [options.operations] Most of them in one batch.
 * @param {number} [options.pauseMs] Between two batches of one sender.
 * @param {boolean} [options.isSentAgain] Whether now and then an acknowledged batch is.
 * @param {(batch: Batch, answer: Answer) => void} [options.onAcknowledged]
 */
export function createSenders({
  url,
  senders = 4,
  operations = 50,
  pauseMs = 0,
  isSentAgain = true,
  onAcknowledged = () => {},
}) {
  const agent = new Agent({ keepAlive: true, maxSockets: senders })
  /** @type {Set<string>} */
  const sent = new Set()
  /** @type {Set<string>} */
  const acknowledged = new Set()
  /** What was answered that senders must not be answered, and 503 without a time to come back. @type {string[]} */
  const wrong = []
  const counts = { requests: 0, refused: 0, refusedOperations: 0, unanswered: 0 }
  let isGoing = false
  /** @type {Promise<void>[]} */
  let working = []

  /** @param {Batch} batch */
  async function deliver(batch) {
    for (;;) {
      const to = url()
      if (to === '') {
        await sleep(10)
        continue
      }
      let answer
      try {
        answer = await post(to, batch, agent)
      } catch {
        counts.unanswered++
        await sleep(10 + 40 * Math.random())
        continue
      }
      if (answer.status === 200 || answer.status === 202) {
        for (const id of batch.ids) acknowledged.add(id)
        onAcknowledged(batch, answer)
        return
      }
      if (answer.status !== 503) {
        wrong.push(`a good batch was answered with ${answer.status}: ${answer.body.toString('utf8').slice(0, 200)}`)
        return
      }
      counts.refused++
      counts.refusedOperations += batch.ids.length
      if (!(Number(answer.headers['retry-after']) > 0)) wrong.push('503 came without Retry-After')
      // Sooner than asked: it is a test of the collector, not of patience.
      await sleep(50 + 100 * Math.random())
    }
  }

  async function work() {
    while (isGoing) {
      const kind = KIND_NAMES[Math.floor(Math.random() * KIND_NAMES.length)] ?? ''
      const batch = makeBatch(kind, 1 + Math.floor(Math.random() * operations))
      for (const id of batch.ids) sent.add(id)
      counts.requests++
      await deliver(batch)
      // As one does whose answer was lost on the way.
      if (isSentAgain && Math.random() < SENT_AGAIN) await deliver(batch)
      if (pauseMs > 0) await sleep(pauseMs)
    }
  }

  return {
    sent,
    acknowledged,
    wrong,
    counts,
    start() {
      isGoing = true
      working = Array.from({ length: senders }, work)
    },
    /** Sends one batch until it is acknowledged. @param {Batch} batch */
    async send(batch) {
      for (const id of batch.ids) sent.add(id)
      counts.requests++
      await deliver(batch)
    },
    /** Ends when each sender has had its batch acknowledged, for which there must be somebody to acknowledge it. */
    async pause() {
      isGoing = false
      await Promise.all(working)
    },
    close: () => agent.destroy(),
  }
}
