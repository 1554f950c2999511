/**
 * Closes a connection on which more is still being written: the answer goes out, and what comes is read and thrown away until
 * the sender ends too. Closed at once, with bytes unread, TCP resets the connection, and the sender sees a broken pipe in place
 * of the answer. nginx calls this lingering close.
 */
import type { Socket } from 'node:net'

export type LingerTimes = {
  /** Longest altogether, in milliseconds. @default 30,000, as in nginx */
  readonly totalMs?: number
  /** Longest without anything coming, in milliseconds. @default 5,000, as in nginx */
  readonly idleMs?: number
}

const lingering = new WeakSet<Socket>()

/** Makes `socket`, when it is to be closed after an answer, wait for its sender. How much is read meanwhile is bounded by who reads it. */
export function lingerBeforeClose(socket: Socket, { totalMs = 30_000, idleMs = 5000 }: LingerTimes = {}): void {
  if (lingering.has(socket)) return
  lingering.add(socket)
  // What Node calls when the last answer of a connection is written. It would destroy the socket as soon as that has left.
  socket.destroySoon = () => {
    // A second time, as for what comes behind the end of the last request: now it is meant.
    Reflect.deleteProperty(socket, 'destroySoon')
    if (socket.destroyed) return
    const close = () => socket.destroy()
    const total = setTimeout(close, totalMs).unref()
    socket.once('close', () => clearTimeout(total))
    socket.once('end', close)
    socket.setTimeout(idleMs, close)
    socket.end()
  }
}
