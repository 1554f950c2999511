/**
 * Reads OpenTelemetry's environment variables. As its specification has it, a value that cannot be used is warned of and ignored:
 * the environment is often shared by programs that can do more, and it must not keep this one from running.
 */
import { shown } from './option-checks.js'
import { reportOnce } from './report.js'

export type Environment = { readonly [name: string]: string | undefined }

/** The value without the space around it; empty is absent. */
export function textFrom(environment: Environment, name: string): string | undefined {
  return environment[name]?.trim() || undefined
}

/** A whole number of at least `least`. */
export function numberFrom(environment: Environment, name: string, least: number, most: number): number | undefined {
  const value = textFrom(environment, name)
  if (value === undefined) return undefined
  const number = Number(value)
  if (/^\d+$/.test(value) && number >= least && number <= most) return number
  ignored(name, value, `a whole number from ${least} to ${most}`)
  return undefined
}

/** One of `allowed`. */
export function wordFrom<T extends string>(
  environment: Environment,
  name: string,
  allowed: readonly T[],
): T | undefined {
  const value = textFrom(environment, name)
  if (value === undefined || allowed.includes(value as T)) return value as T | undefined
  ignored(name, value, `one of ${allowed.join(', ')}`)
  return undefined
}

/** Those of a list separated by commas that are among `allowed`; `undefined` when none is. */
export function wordsFrom<T extends string>(
  environment: Environment,
  name: string,
  allowed: readonly T[],
): readonly T[] | undefined {
  const words = textFrom(environment, name)?.split(',') ?? []
  const known = words.flatMap((word) => wordFrom({ [name]: word }, name, allowed) ?? [])
  return known.length === 0 ? undefined : known
}

export function isTrue(environment: Environment, name: string): boolean {
  return textFrom(environment, name)?.toLowerCase() === 'true'
}

function ignored(name: string, value: string, allowed: string): void {
  reportOnce(`TOKMETER_${name}`, `${name} is ignored: it must be ${allowed}; got ${shown(value)}`)
}
