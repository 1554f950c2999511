/** Who may do what: bearer tokens, of which the configuration holds only hashes. */
import { createHash, randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

/** What a token allows. `admin` includes the other two. */
export type Scope = 'ingest' | 'read' | 'admin'
export const SCOPES: readonly Scope[] = ['ingest', 'read', 'admin']

export type TokenConfig = {
  /** Said in logs. */
  readonly name: string
  /** `sha256:<hex>` for random tokens, `scrypt:<log2 N>:<r>:<p>:<salt hex>:<hash hex>` for what a person can remember. */
  readonly hash: string
  readonly scopes: readonly Scope[]
}

/** A token that was recognised. */
export type Principal = { readonly name: string; readonly scopes: readonly Scope[] }

/** Longest token looked at, in characters. */
export const TOKEN_LENGTH_LIMIT = 1024
/** Computations of scrypt at once: each takes some 50 ms and 16 MB, and whoever sends wrong tokens asks for them. */
const SCRYPT_LIMIT = 4
/** Tokens remembered so that scrypt is computed once for each. */
const REMEMBERED_LIMIT = 1000

type ScryptHash = {
  readonly cost: { readonly N: number; readonly r: number; readonly p: number; readonly maxmem: number }
  readonly salt: Buffer
  readonly hash: Buffer
}
type Known = { readonly principal: Principal; readonly sha256?: Buffer; readonly scrypt?: ScryptHash }

const computeScrypt = promisify<string, Buffer, number, ScryptHash['cost'], Buffer>(scrypt)
const sha256 = (text: string) => createHash('sha256').update(text).digest()

/** Thrown instead of waiting in line for scrypt. */
export class TooManyAttempts extends Error {
  override readonly name = 'TooManyAttempts'
  readonly statusCode = 429
  readonly headers = { 'retry-after': '1' }

  constructor() {
    super('too many tokens are being checked at once')
  }
}

export class Tokens {
  readonly #known: readonly Known[]
  readonly #remembered = new Map<string, Principal>()
  #computing = 0

  /** Throws for a hash that is none; the message does not repeat it. */
  constructor(tokens: readonly TokenConfig[]) {
    this.#known = tokens.map(({ name, hash, scopes }) => ({ principal: { name, scopes }, ...parseHash(name, hash) }))
  }

  get isEmpty(): boolean {
    return this.#known.length === 0
  }

  /** Whose token it is; `undefined` when it is nobody's. */
  async recognise(token: string): Promise<Principal | undefined> {
    if (token === '' || token.length > TOKEN_LENGTH_LIMIT) return undefined
    const digest = sha256(token)
    let found: Principal | undefined
    // All are compared, so that the time tells nothing of which one it was.
    for (const known of this.#known) {
      if (known.sha256 !== undefined && timingSafeEqual(digest, known.sha256)) found ??= known.principal
    }
    return found ?? this.#recogniseByScrypt(token, digest.toString('hex'))
  }

  async #recogniseByScrypt(token: string, digest: string): Promise<Principal | undefined> {
    const slow = this.#known.flatMap(({ principal, scrypt }) => (scrypt === undefined ? [] : [{ principal, scrypt }]))
    const remembered = this.#remembered.get(digest)
    if (remembered !== undefined || slow.length === 0) return remembered
    if (this.#computing >= SCRYPT_LIMIT) throw new TooManyAttempts()
    this.#computing++
    try {
      let found: Principal | undefined
      for (const { principal, scrypt } of slow) {
        const hash = await computeScrypt(token, scrypt.salt, scrypt.hash.length, scrypt.cost)
        if (timingSafeEqual(hash, scrypt.hash)) found ??= principal
      }
      if (found !== undefined) {
        if (this.#remembered.size >= REMEMBERED_LIMIT) this.#remembered.clear()
        this.#remembered.set(digest, found)
      }
      return found
    } finally {
      this.#computing--
    }
  }
}

/** Whether `scopes` are enough for what needs `scope`. */
export function allows(scopes: readonly Scope[], scope: Scope): boolean {
  return scopes.includes(scope) || scopes.includes('admin')
}

/** What the configuration holds of a token. Random tokens need no more than SHA-256; what a person thought of does. */
export async function hashToken(token: string, algorithm: 'sha256' | 'scrypt' = 'sha256'): Promise<string> {
  if (token === '' || token.length > TOKEN_LENGTH_LIMIT) {
    throw new RangeError(`a token has 1 to ${TOKEN_LENGTH_LIMIT} characters; got ${token.length}`)
  }
  if (algorithm === 'sha256') return `sha256:${sha256(token).toString('hex')}`
  const salt = randomBytes(16)
  const hash = await computeScrypt(token, salt, 32, scryptCost(14, 8, 1))
  return `scrypt:14:8:1:${salt.toString('hex')}:${hash.toString('hex')}`
}

/** Throws for what is not the hash of a token. */
export function parseHash(name: string, hash: string): Pick<Known, 'sha256' | 'scrypt'> {
  const plain = /^sha256:([0-9a-f]{64})$/i.exec(hash)
  if (plain !== null) return { sha256: Buffer.from(plain[1]!, 'hex') }
  const salted = /^scrypt:(\d{1,2}):(\d{1,2}):(\d{1,2}):((?:[0-9a-f]{2}){8,64}):((?:[0-9a-f]{2}){16,64})$/i.exec(hash)
  if (salted !== null) {
    const [, logN, r, p, salt, key] = salted
    const cost = scryptCost(Number(logN), Number(r), Number(p))
    if (Number(logN) >= 10 && Number(r) >= 1 && Number(p) >= 1 && cost.maxmem <= 256 * 1024 * 1024) {
      return { scrypt: { cost, salt: Buffer.from(salt!, 'hex'), hash: Buffer.from(key!, 'hex') } }
    }
  }
  // Not repeated: it may be the token itself, put where its hash belongs.
  throw new TypeError(
    `the hash of the token ${JSON.stringify(name)} must be sha256:<64 hex digits> or scrypt:<log2 N>:<r>:<p>:<salt>:<hash>; got ${hash.length} characters that are neither`,
  )
}

function scryptCost(logN: number, r: number, p: number): ScryptHash['cost'] {
  const N = 2 ** logN
  // What it needs, and as much again: OpenSSL counts a little more than the algorithm.
  return { N, r, p, maxmem: 2 * 128 * N * r * p }
}
