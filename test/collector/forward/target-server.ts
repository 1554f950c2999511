/** A target that does as it is told, on a port of its own, for tests of forwarding. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach } from 'vitest'
import type { ReceivedBody, Signal } from '../../../src/collector/batch.js'
import type { Delivery, DeliverySource } from '../../../src/collector/forward/target.js'

export type Reply = {
  readonly status?: number
  readonly headers?: Record<string, string>
  readonly body?: string | Buffer
}

/** What was received: the request, and its body as it came. */
export type Request = { readonly path: string; readonly headers: IncomingMessage['headers']; readonly body: Buffer }

const closing: (() => unknown)[] = []

afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

/** Answers each request as `reply` says; nothing means that the connection is cut. */
export async function targetServer(
  reply: (request: Request, count: number) => Reply | undefined | Promise<Reply | undefined>,
) {
  const requests: Request[] = []
  const server = createServer(async (request, response: ServerResponse) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const received = { path: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks) }
    requests.push(received)
    const answer = await reply(received, requests.length)
    if (answer === undefined) return void request.socket.destroy()
    response.writeHead(answer.status ?? 200, answer.headers)
    response.end(answer.body ?? '')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests, server }
}

export const bodyOf = (text: string, rest: Partial<ReceivedBody> = {}): ReceivedBody => ({
  signal: 'traces',
  contentType: 'application/x-protobuf',
  bytes: Buffer.from(text),
  items: 10,
  ...rest,
})

/** Hands out bodies, and what became of each in words; ends when all are settled. */
export function sourceOf(bodies: readonly ReceivedBody[]) {
  const outcomes: string[] = []
  const waiting = [...bodies]
  let left = bodies.length
  let end: () => void
  const ended = new Promise<void>((resolve) => {
    end = resolve
  })
  const settle = (index: number, outcome: string) => {
    outcomes[index] = outcome
    if (--left === 0) end()
  }
  const dropped = bodies.map(() => new AbortController())
  const source: DeliverySource = {
    async next(signal) {
      const body = signal?.aborted === true ? undefined : waiting.shift()
      if (body === undefined) {
        if (signal?.aborted !== true) await new Promise((resolve) => signal?.addEventListener('abort', resolve))
        return undefined
      }
      const index = bodies.indexOf(body)
      const delivery: Delivery = {
        body,
        dropped: dropped[index]!.signal,
        sent: (rejected = 0) => settle(index, `sent, ${rejected} rejected`),
        rejected: () => settle(index, 'rejected'),
        release: () => settle(index, 'released'),
      }
      return delivery
    },
  }
  return { source, outcomes, ended, dropped }
}

export const signals: readonly Signal[] = ['traces', 'metrics', 'logs']
