/** The log: one line of JSON for each event, or a readable one on a terminal. No secret gets into it, wherever it stood. */
import { type Logger, pino, type StreamEntry, stdTimeFunctions } from 'pino'
import { build as pretty } from 'pino-pretty'
import type { Config } from './config.js'

export type Log = Logger

export type LogOptions = {
  readonly level: Config['log']['level']
  readonly format: Config['log']['format']
  /** Where the lines go: the standard error output, in production. */
  readonly output: NodeJS.WritableStream & { readonly isTTY?: boolean }
  /** Whether a readable line may have colours. */
  readonly isColored: boolean
}

/** Set `log.level` to change the level while it runs. */
export function createLog({ level, format, output, isColored }: LogOptions): Log {
  const isPretty = format === 'pretty' || (format === 'auto' && output.isTTY === true)
  // Written at once: what was logged last is what is asked for after a crash.
  const stream = isPretty
    ? pretty({ destination: output, colorize: isColored, translateTime: 'SYS:HH:MM:ss.l', sync: true })
    : (output as StreamEntry['stream'])
  return pino(
    {
      level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: {
        level: (label) => ({ level: label }),
        log: plainFields,
      },
      serializers: {
        // Plain by then.
        err: (error: unknown) => error,
        req: ({ method, url, ip }: Request) => ({ method, url, remoteAddress: ip }),
        // Fields of child logs do not come by the formatters.
        ...Object.fromEntries([...SECRET_FIELDS].map((name) => [name, () => MASK])),
      },
      hooks: { streamWrite: maskSecrets },
    },
    stream,
  )
}

const MASK = '***'
const DEEPEST = 6
/** Objects and lists in the fields of one line, and entries of each. */
const MOST_VALUES = 200

/** Names of fields that are never shown; compared in lower case, without separators. */
const SECRET_FIELDS = new Set([
  'accesstoken',
  'apikey',
  'authorization',
  'clientsecret',
  'cookie',
  'credentials',
  'identitykey',
  'key',
  'passphrase',
  'password',
  'privatekey',
  'proxyauthorization',
  'refreshtoken',
  'secret',
  'setcookie',
  'token',
  'xapikey',
])

// None crosses a quote or a backslash, so that a line of JSON stays one; each is linear.
const SECRET_TEXTS: readonly (readonly [pattern: RegExp, replacement: string])[] = [
  [/\b(Bearer|Basic) +[A-Za-z0-9._~+/=-]{8,4096}/gi, `$1 ${MASK}`],
  [/\b([a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/?#"\\@]{1,512}@/gi, `$1${MASK}@`],
  [/([?&](?:access_token|api[-_]?key|auth|key|password|secret|sig|signature|token)=)[^&\s#"\\]{1,4096}/gi, `$1${MASK}`],
  [/\b(sha256|scrypt):[0-9a-f:]{32,512}/gi, `$1:${MASK}`],
  [/\b(sk|pk|rk|xox[abprs]|gh[pousr]|AKIA|AIza|hf|gsk)[-_]?[A-Za-z0-9_-]{16,512}/g, `$1${MASK}`],
  [/\beyJ[A-Za-z0-9_-]{8,4096}\.[A-Za-z0-9_-]{8,4096}\.[A-Za-z0-9_-]{0,1024}/g, MASK],
]

/** A text without what looks like a secret. */
export function maskSecrets(text: string): string {
  let masked = text
  for (const [pattern, replacement] of SECRET_TEXTS) masked = masked.replace(pattern, replacement)
  return masked
}

type Fields = { [name: string]: unknown }

/** Fields without secrets, plain and bounded, with what fastify puts there told by the little of it that is wanted. */
function plainFields(fields: object): Fields {
  const budget = { left: MOST_VALUES }
  const { req, res, ...others } = fields as Fields & { req?: Request; res?: { statusCode?: number } }
  return {
    ...(req && { req: requestFields(req) }),
    ...(res && { res: { statusCode: res.statusCode } }),
    ...(plain(others, DEEPEST, budget) as Fields),
  }
}

function plain(value: unknown, depth: number, budget: { left: number }): unknown {
  if (typeof value === 'string') return printable(value)
  if (typeof value === 'bigint') return String(value)
  if (typeof value !== 'object' || value === null) return value
  if (depth === 0 || budget.left-- <= 0) return '…'
  if (value instanceof Error) return errorFields(value, depth, budget)
  if (Array.isArray(value)) return value.slice(0, MOST_VALUES).map((item) => plain(item, depth - 1, budget))
  if (value instanceof URL) return value.href
  if (value instanceof Date) return value.toJSON()
  const prototype = Object.getPrototypeOf(value)
  // A socket or a server is no field of a log, nor are bytes.
  if (prototype !== Object.prototype && prototype !== null) return `[${prototype.constructor?.name ?? 'object'}]`
  const fields = Object.entries(value).slice(0, MOST_VALUES)
  return Object.fromEntries(
    fields.map(([name, inside]) => [name, isSecretField(name) ? MASK : plain(inside, depth - 1, budget)]),
  )
}

function isSecretField(name: string): boolean {
  return SECRET_FIELDS.has(name.toLowerCase().replace(/[^a-z0-9]/g, ''))
}

function errorFields(error: Error, depth: number, budget: { left: number }): Fields {
  const { code, cause } = error as NodeJS.ErrnoException & { cause?: unknown }
  return {
    type: error.name,
    // One line: what an error quotes of a request must not look like a line of the log.
    message: printable(error.message).replace(/[\r\n\u2028\u2029]+/g, ' '),
    ...(code !== undefined && { code }),
    ...(error.stack !== undefined && { stack: printable(error.stack) }),
    ...(cause !== undefined && { cause: plain(cause, depth - 1, budget) }),
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it is for
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g

/** A text whose control characters, but for tabs and ends of lines, can be seen: a terminal obeys them, where a readable log shows them as they are. */
function printable(text: string): string {
  return text.replace(CONTROLS, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`)
}

type Request = {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly ip?: string | undefined
}

/** Its path without the query: that is where people put tokens. In the form that fastify's own serializer takes as well. */
function requestFields({ method, url, ip }: Request): Request {
  return { method, url: url === undefined ? undefined : printable(url.split('?', 1)[0]!), ip }
}
