/** Whether anybody is there at all: asked before the first export, so that no time is spent on retries where nobody listens. */
import { connect } from 'node:net'

/** Longest wait for an answer, in milliseconds. Who does not answer in time may be there, only far away. */
const PATIENCE_MS = 1000

const NOBODY: ReadonlySet<unknown> = new Set(['ECONNREFUSED', 'ENOTFOUND'])

/** True when a connection to the host and port of `url` is refused, or the host has no address. */
export function isUnreachable(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const { hostname, port, protocol } = new URL(url)
    const host = hostname.replace(/^\[|\]$/g, '')
    const socket = connect({ host, port: Number(port) || (protocol === 'https:' ? 443 : 80) })
    const done = (unreachable: boolean) => {
      socket.destroy()
      resolve(unreachable)
    }
    socket.setTimeout(PATIENCE_MS, () => done(false))
    socket.once('connect', () => done(false))
    socket.once('error', (error: NodeJS.ErrnoException) => done(NOBODY.has(error.code)))
  })
}

/** What an export fails with that was not tried for this reason. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError'
  readonly code = 'ECONNREFUSED'
}
