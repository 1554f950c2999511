/** Reads single values of a provider's JSON, which may hold anything: what is not as expected is unknown. */

/** A token count: a finite number, not negative. */
export function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined
}

/** A word: a string that is not empty. */
export function word(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** The sum of what is known; unknown when nothing is. */
export function sum(...values: readonly (number | undefined)[]): number | undefined {
  let total: number | undefined
  for (const value of values) if (value !== undefined) total = (total ?? 0) + value
  return total
}
