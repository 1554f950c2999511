/** Sessions of browsers: whoever logged in with a token reads by a cookie until it ends. In memory alone: a restart ends them all. */
import { createHash, randomBytes } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Principal } from './tokens.js'

export type SessionsOptions = {
  /** Sessions at once; the one that was used least recently gives way. @default 1000 */
  readonly limit?: number
  /** Milliseconds from login to the end of a session. @default 12 hours */
  readonly lifetimeMs?: number
  /** Epoch milliseconds. @default Date.now */
  readonly now?: () => number
}

type Session = { readonly name: string; readonly end: number }

const LIMIT = 1000
const LIFETIME_MS = 12 * 3_600_000
/** A cookie is for a host and all its ports: two collectors on one machine must not log each other out. */
const cookieName = ({ socket }: FastifyRequest) => `tokmeter_${socket.localPort ?? 0}`
/** What is kept of an id: who reads the memory has no cookie by it. */
const digestOf = (id: string) => createHash('sha256').update(id).digest('base64url')

export class Sessions {
  readonly #limit: number
  readonly #lifetimeMs: number
  readonly #now: () => number
  /** By digest of the id, in the order of their last use. */
  readonly #sessions = new Map<string, Session>()

  constructor({ limit = LIMIT, lifetimeMs = LIFETIME_MS, now = Date.now }: SessionsOptions = {}) {
    this.#limit = limit
    this.#lifetimeMs = lifetimeMs
    this.#now = now
  }

  /** How many there are, ended ones that nobody asked for again included. */
  get size(): number {
    return this.#sessions.size
  }

  /** Begins one for whom a token was recognised. */
  begin({ name }: Principal, request: FastifyRequest, reply: FastifyReply): void {
    this.end(request, reply)
    const id = randomBytes(32).toString('base64url')
    const oldest = this.#sessions.keys().next()
    if (this.#sessions.size >= this.#limit && !oldest.done) this.#sessions.delete(oldest.value)
    this.#sessions.set(digestOf(id), { name, end: this.#now() + this.#lifetimeMs })
    setCookie(request, reply, id, Math.floor(this.#lifetimeMs / 1000))
  }

  /** Who the session of a request belongs to, and may read by it; undefined where it has none. */
  principal(request: FastifyRequest): Principal | undefined {
    const id = idOf(request)
    if (id === undefined || isFromElsewhere(request)) return undefined
    const digest = digestOf(id)
    const session = this.#sessions.get(digest)
    this.#sessions.delete(digest)
    if (session === undefined || session.end <= this.#now()) return undefined
    this.#sessions.set(digest, session)
    // Whatever else the token may do: a browser sends its cookie with requests that others made it send.
    return { name: session.name, scopes: ['read'] }
  }

  end(request: FastifyRequest, reply: FastifyReply): void {
    const id = idOf(request)
    if (id === undefined) return
    this.#sessions.delete(digestOf(id))
    setCookie(request, reply, '', 0)
  }

  /** For when the tokens changed: theirs may be gone. */
  clear(): void {
    this.#sessions.clear()
  }
}

function idOf(request: FastifyRequest): string | undefined {
  const name = cookieName(request)
  for (const pair of (request.headers.cookie ?? '').split(';')) {
    const at = pair.indexOf('=')
    if (pair.slice(0, at).trim() !== name) continue
    const id = pair.slice(at + 1).trim()
    return /^[\w-]{43}$/.test(id) ? id : undefined
  }
  return undefined
}

// SameSite knows no ports: another program on this machine has pages of the same site. Browsers say where a request comes from.
function isFromElsewhere({ headers }: FastifyRequest): boolean {
  const site = headers['sec-fetch-site']
  return site !== undefined && site !== 'same-origin' && site !== 'none'
}

function setCookie(request: FastifyRequest, reply: FastifyReply, id: string, maxAgeSeconds: number): void {
  // A proxy may hold the certificate. Whoever only says so gets a cookie that is of no use to him.
  const isSecure = request.protocol === 'https' || request.headers['x-forwarded-proto'] === 'https'
  reply.header(
    'set-cookie',
    `${cookieName(request)}=${id}; Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Strict${isSecure ? '; Secure' : ''}`,
  )
}
