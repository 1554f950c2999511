/** Targets of forwarding that misbehave, each in its own way, and remember what they took, by content. */
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

/** @typedef {import('node:http').IncomingMessage} Request */
/** @typedef {import('node:http').ServerResponse} Response */

/** What tells a request from all others. @param {string} path @param {{ [name: string]: string | string[] | undefined }} headers @param {Uint8Array} body */
export function contentOf(path, headers, body) {
  const { 'content-type': type = '', 'content-encoding': encoding = '' } = headers
  return createHash('sha256').update(`${path}\n${type}\n${encoding}\n`).update(body).digest('hex')
}

/** @param {Response} response */
function acknowledge(response) {
  response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end()
}

/**
 * A server that remembers the requests it took: how often each, and how often it then gave no answer that can have arrived.
 * @param {(taken: Took, request: Request, response: Response) => void} answer
 */
function createTarget(answer) {
  /** @type {Map<string, { times: number, unanswered: number }>} */
  const taken = new Map()
  const server = createServer((request, response) => {
    /** @type {Buffer[]} */
    const chunks = []
    request.on('data', (chunk) => chunks.push(chunk)).on('error', () => {})
    response.on('error', () => {})
    request.on('end', () => {
      const take = () => {
        const content = contentOf(request.url ?? '', request.headers, Buffer.concat(chunks))
        const entry = taken.get(content) ?? { times: 0, unanswered: 0 }
        taken.set(content, entry)
        entry.times++
        let isAnswered = false
        response.on('finish', () => {
          isAnswered = true
        })
        response.on('close', () => {
          if (!isAnswered) entry.unanswered++
        })
      }
      answer(take, request, response)
    })
  })
  return { server, taken }
}

/** @typedef {() => void} Took Remembers the request as taken. */

/** @typedef {{ name: string, fault: string, taken: ReturnType<typeof createTarget>['taken'], faults: () => number, listen: () => Promise<number>, recover: () => void, close: () => void }} Target */

/** @param {import('node:http').Server} server @param {number} [port] @returns {Promise<number>} */
function listenOn(server, port = 0) {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject)
      resolve(/** @type {import('node:net').AddressInfo} */ (server.address()).port)
    })
  })
}

/** @param {import('node:http').Server} server */
function stopListening(server) {
  server.close()
  server.closeAllConnections()
}

/** Is not there until it recovers. @returns {Target} */
function down() {
  const { server, taken } = createTarget((take, _, response) => {
    take()
    acknowledge(response)
  })
  let port = 0
  return {
    name: 'down',
    fault: 'target down, then back',
    taken,
    faults: () => 1,
    async listen() {
      port = await listenOn(server)
      stopListening(server)
      return port
    },
    recover: () => void listenOn(server, port),
    close: () => stopListening(server),
  }
}

/** Takes its time, and now and then more than it is given: then the answer comes too late, and the request again. @returns {Target} */
function slow() {
  let late = 0
  let isWell = false
  const { server, taken } = createTarget(async (take, _, response) => {
    take()
    const isLate = !isWell && Math.random() < 0.05
    if (isLate) late++
    await sleep(isLate ? TIMEOUT_MS + 500 : Math.random() * 200)
    acknowledge(response)
  })
  return {
    name: 'slow',
    fault: 'target slow, every twentieth answer later than the timeout',
    taken,
    faults: () => late,
    listen: () => listenOn(server),
    recover: () => {
      isWell = true
    },
    close: () => stopListening(server),
  }
}

/** Is there for a moment, and gone for a moment. @returns {Target} */
function flapping() {
  const { server, taken } = createTarget(async (take, _, response) => {
    take()
    await sleep(Math.random() * 50)
    acknowledge(response)
  })
  let faults = 0
  let isWell = false
  /** @param {number} port */
  async function flap(port) {
    while (!isWell) {
      await sleep(300)
      if (isWell) return
      faults++
      stopListening(server)
      await sleep(300)
      await listenOn(server, port)
    }
  }
  return {
    name: 'flapping',
    fault: 'target flapping',
    taken,
    faults: () => faults,
    async listen() {
      const port = await listenOn(server)
      void flap(port)
      return port
    },
    recover: () => {
      isWell = true
    },
    close: () => stopListening(server),
  }
}

/** Answers 70 % of the requests with 503 and Retry-After. @returns {Target} */
function refusing() {
  let refused = 0
  const { server, taken } = createTarget((take, _, response) => {
    if (Math.random() < 0.7) {
      refused++
      response.writeHead(503, { 'retry-after': '1' }).end()
      return
    }
    take()
    acknowledge(response)
  })
  return {
    name: 'refusing',
    fault: 'target answering 70 % with 503 and Retry-After',
    taken,
    faults: () => refused,
    listen: () => listenOn(server),
    recover: () => {},
    close: () => stopListening(server),
  }
}

/** Closes every third connection: before it took the request, after it, or within the answer. @returns {Target} */
function breaking() {
  let broken = 0
  let isWell = false
  const { server, taken } = createTarget((take, request, response) => {
    const fate = isWell ? 1 : Math.random()
    if (fate < 0.33) broken++
    if (fate >= 0.11) take()
    if (fate < 0.22) request.socket.destroy()
    else if (fate < 0.33) {
      // The head of an answer, and less of its body than it announces.
      response.writeHead(200, { 'content-type': 'application/x-protobuf', 'content-length': '100' })
      response.write('x', () => request.socket.destroy())
    } else acknowledge(response)
  })
  // In the middle of the body that comes.
  server.on('connection', (socket) => {
    if (isWell || Math.random() > 0.1) return
    broken++
    socket.once('data', () => socket.destroy())
  })
  return {
    name: 'breaking',
    fault: 'target closing the connection in the middle',
    taken,
    faults: () => broken,
    listen: () => listenOn(server),
    recover: () => {
      isWell = true
    },
    close: () => stopListening(server),
  }
}

/** What the collector waits for an answer of the slow one, in milliseconds. */
export const TIMEOUT_MS = 1500

export const createTargets = () => [down(), slow(), flapping(), refusing(), breaking()]
