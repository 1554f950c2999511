/** When to try again: OTLP's rules of what may be, exponential back-off with jitter, and what the target asks for. */

export type RetryOptions = {
  /** Before the first retry, in milliseconds. @default 5000 */
  readonly initialMs: number
  /** The longest wait, in milliseconds. @default 30000 */
  readonly maxMs: number
  /** Each wait is so many times the one before. @default 1.5 */
  readonly multiplier: number
}

/** The only statuses after which the same request may be sent again. */
const RETRYABLE: ReadonlySet<number> = new Set([429, 502, 503, 504])
/** The longest a target may make itself be left alone: what it says is not checked by anybody. */
const LONGEST_RETRY_AFTER_MS = 3_600_000

export const isRetryable = (status: number) => RETRYABLE.has(status)

/** How long to wait after so many failures, in milliseconds: between half and one and a half of the planned time. */
export function backOff(
  { initialMs, maxMs, multiplier }: RetryOptions,
  failures: number,
  random: () => number,
): number {
  const planned = Math.min(maxMs, initialMs * multiplier ** (failures - 1))
  return planned * (0.5 + random())
}

/** How long a `Retry-After` asks to wait, in milliseconds: it tells seconds or a date. Undefined when it tells neither. */
export function retryAfter(value: string | undefined, now: number): number | undefined {
  const text = value?.trim() ?? ''
  if (text === '') return undefined
  const waits = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now
  return Number.isNaN(waits) ? undefined : Math.min(Math.max(waits, 0), LONGEST_RETRY_AFTER_MS)
}
