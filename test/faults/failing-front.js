/** The HTTP interface of a store in front of a real engine, that fails on demand: is gone, breaks, hangs, or takes what comes and does not say so. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer, request } from 'node:http'
import { fileURLToPath } from 'node:url'

const FRONT = fileURLToPath(new URL('../collector/store/http-front.js', import.meta.url))

/** @typedef {'works' | 'refuses' | 'errs' | 'hangs' | 'cuts'} Mode */

/** @param {string} directory Where the engine is to keep its files. */
export async function createFailingFront(directory) {
  const engine = fork(FRONT, [directory], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const [{ port: enginePort }] = await once(engine, 'message')
  /** @type {Mode} */
  let mode = 'works'
  const counts = { faults: 0, cut: 0 }

  const server = createServer((incoming, response) => {
    response.on('error', () => {})
    incoming.on('error', () => {})
    if (mode === 'hangs' || mode === 'errs') {
      counts.faults++
      incoming.resume()
      // The words of a server that has a trouble of its own; one that hangs says nothing.
      if (mode === 'errs') {
        incoming.on('end', () => {
          response.writeHead(500, { 'x-clickhouse-exception-code': '241' })
          response.end('Code: 241. DB::Exception: Memory limit (total) exceeded. (MEMORY_LIMIT_EXCEEDED)')
        })
      }
      return
    }
    const isCut = mode === 'cuts'
    const { method, url, headers } = incoming
    const passed = request({ host: '127.0.0.1', port: enginePort, method, path: url, headers }, (answer) => {
      if (isCut && method === 'POST') {
        // The engine did it.
        counts.faults++
        if (answer.statusCode === 200) counts.cut++
        answer.resume().on('end', () => incoming.socket.destroy())
        return
      }
      response.writeHead(answer.statusCode ?? 500, answer.headers)
      answer.pipe(response)
    })
    passed.on('error', () => response.destroy())
    incoming.pipe(passed)
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)))
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())

  return {
    url: `http://127.0.0.1:${port}`,
    counts,
    /** @param {Mode} next */
    async become(next) {
      if (next === 'refuses') {
        counts.faults++
        server.close()
      } else if (mode === 'refuses') {
        await new Promise((resolve) => server.listen(port, '127.0.0.1', () => resolve(undefined)))
      }
      // Those who wait for an answer that never comes are not kept by the next way to fail.
      if (next !== mode) server.closeAllConnections()
      mode = next
    },
    async close() {
      server.close()
      server.closeAllConnections()
      const exit = once(engine, 'exit')
      engine.disconnect()
      await exit
    },
  }
}
