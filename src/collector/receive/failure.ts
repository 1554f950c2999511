/** Every way a request may fail, as what is answered: status, message, and how to count it. */
import { InvalidBody, Refused } from './intake.js'

export type Failure = {
  readonly statusCode: number
  /** For the sender: says what to do, holds nothing secret. */
  readonly message: string
  /** For counting: few different ones. */
  readonly reason: string
  readonly headers?: { readonly [name: string]: string }
  readonly retryAfterSeconds?: number
  /** Where in the body it went wrong. */
  readonly field?: string
}

/** A request that receiving itself does not take. */
export class RequestFailure extends Error {
  override readonly name = 'RequestFailure'
  readonly failure: Failure

  constructor(failure: Failure) {
    super(failure.message)
    this.failure = failure
  }
}

/** The sender went away before its request was whole: there is nobody to answer. */
export class SenderGone extends Error {
  override readonly name = 'SenderGone'
}

export function tooLarge(limit: number, what: 'body' | 'decompressed body'): RequestFailure {
  return new RequestFailure({
    statusCode: 413,
    message: `the ${what} is larger than the ${limit} bytes that are taken: send less at a time`,
    reason: 'too_large',
  })
}

export function unsupported(message: string, headers?: { readonly [name: string]: string }): RequestFailure {
  return new RequestFailure({ statusCode: 415, message, reason: 'unsupported', ...(headers && { headers }) })
}

export function methodNotAllowed(): RequestFailure {
  return new RequestFailure({
    statusCode: 405,
    message: 'only POST is taken here',
    reason: 'method',
    headers: { allow: 'POST' },
  })
}

/** What is answered to `error`. `retryAfterSeconds`: where it does not say itself when to come back. */
export function failureOf(error: unknown, retryAfterSeconds: number): Failure {
  if (error instanceof RequestFailure) return error.failure
  if (error instanceof InvalidBody) {
    const field = error.field === undefined ? {} : { field: error.field }
    return { statusCode: 400, message: error.message, reason: 'invalid', ...field }
  }
  if (error instanceof Refused) {
    return {
      statusCode: error.statusCode,
      message: error.message,
      reason: error.reason,
      retryAfterSeconds: Math.max(1, Math.ceil(error.retryAfterSeconds ?? retryAfterSeconds)),
    }
  }
  return failureOfHttp(error, retryAfterSeconds) ?? defect(retryAfterSeconds)
}

/** Errors of the framework, and of hooks such as the one that asks for a token, say themselves how they are answered. */
function failureOfHttp(error: unknown, retryAfterSeconds: number): Failure | undefined {
  if (!(error instanceof Error)) return undefined
  const { statusCode, headers } = error as { statusCode?: unknown; headers?: { readonly [name: string]: string } }
  if (typeof statusCode !== 'number' || statusCode < 400) return undefined
  // Other errors of a server are no answers that anybody chose.
  if (statusCode >= 500 && statusCode !== 503 && statusCode !== 504) return undefined
  return {
    statusCode,
    message: error.message,
    reason: statusCode === 401 || statusCode === 403 ? 'denied' : 'http',
    ...(headers && { headers }),
    // Some know better when to come again.
    ...((statusCode === 429 || statusCode === 503) && headers?.['retry-after'] === undefined && { retryAfterSeconds }),
  }
}

// A defect of ours is no reason to lose what was sent: the sender is asked to come again, and the message keeps to itself what broke.
function defect(retryAfterSeconds: number): Failure {
  return {
    statusCode: 503,
    message: 'the request could not be taken because of a defect of the collector, which its log tells',
    reason: 'defect',
    retryAfterSeconds,
  }
}

/** How the errors of interfaces other than OTLP are named, by status. */
const CODES: { readonly [statusCode: number]: string } = {
  400: 'VALIDATION_ERROR',
  401: 'UNAUTHORIZED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  405: 'METHOD_NOT_ALLOWED',
  413: 'TOO_LARGE',
  415: 'UNSUPPORTED_MEDIA_TYPE',
  429: 'RATE_LIMIT_EXCEEDED',
  500: 'INTERNAL_ERROR',
  503: 'UNAVAILABLE',
  504: 'TIMEOUT',
}

/** The body of a failure where OTLP does not say what it is: `{ error: { code, message, …details } }`. */
export function errorBody({ statusCode, message }: Failure, details: object = {}): Buffer {
  const code = CODES[statusCode] ?? 'BAD_REQUEST'
  return Buffer.from(JSON.stringify({ error: { code, message, ...details } }))
}
