/** Takes the bytes of a request's body off the connection, within its limit and the budget of all requests. */
import type { IncomingMessage } from 'node:http'
import type { Lease } from '../security/memory-budget.js'
import { SenderGone, tooLarge } from './failure.js'
import { Refused } from './intake.js'
import { lingerBeforeClose } from './lingering.js'

/** Refused since the requests in flight hold all the memory there is for them. */
export function outOfMemory(): Refused {
  return new Refused('too much is being received at once', { reason: 'memory' })
}

/** Throws when the sender announces more than `limit` bytes. */
export function checkAnnounced(request: IncomingMessage, limit: number): void {
  if (Number(request.headers['content-length'] ?? 0) > limit) throw tooLarge(limit, 'body')
}

/** The whole body. What is held of it is taken from `lease`, chunk by chunk: announcing much, and sending little, costs little. */
export function readBody(request: IncomingMessage, limit: number, lease: Lease): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0

    function settle(): void {
      request.off('data', onData).off('end', onEnd).off('close', onGone).off('error', onGone)
      // Without a listener an error of the connection would end the process.
      request.on('error', () => {})
    }
    function onData(chunk: Buffer): void {
      length += chunk.length
      if (length > limit) fail(tooLarge(limit, 'body'))
      else if (!lease.take(chunk.length)) fail(outOfMemory())
      else chunks.push(chunk)
    }
    function fail(error: Error): void {
      settle()
      chunks.length = 0
      reject(error)
    }
    function onEnd(): void {
      settle()
      resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, length))
    }
    function onGone(): void {
      fail(new SenderGone('the sender went away before its request was whole'))
    }

    if (request.destroyed) onGone()
    else request.on('data', onData).on('end', onEnd).on('close', onGone).on('error', onGone)
  })
}

/**
 * Lets the rest of a body that is not wanted pass by, so that the sender reads the answer instead of finding the connection
 * closed while it still writes; at most `limit` bytes of it, then the connection is closed.
 */
export function discardBody(request: IncomingMessage, limit: number): void {
  if (request.readableEnded || request.destroyed) return
  let length = 0
  request.on('error', () => {})
  request.on('data', (chunk: Buffer) => {
    length += chunk.length
    if (length > limit) request.destroy()
  })
  lingerBeforeClose(request.socket)
}
