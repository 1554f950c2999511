/** Checks of options. Each returns what it was given or throws an error that names the option, what was got and what is allowed. */

/** `value` as it may stand in a message: short, and never the inside of an object. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value)
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object'
  return typeof value === 'function' ? 'a function' : String(value)
}

export function optional<T, U>(check: (value: T, option: string) => U, value: T | undefined, option: string) {
  return value === undefined ? undefined : check(value, option)
}

export function text(value: unknown, option: string): string {
  if (typeof value === 'string' && value !== '') return value
  throw new TypeError(`${option} must be a non-empty string; got ${shown(value)}`)
}

export function boolean(value: unknown, option: string): boolean {
  if (typeof value === 'boolean') return value
  throw new TypeError(`${option} must be true or false; got ${shown(value)}`)
}

export function integer(value: unknown, option: string, least: number, most: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value
  throw new RangeError(`${option} must be a whole number from ${least} to ${most}; got ${shown(value)}`)
}

export function oneOf<T extends string>(value: unknown, allowed: readonly T[], option: string): T {
  if (allowed.includes(value as T)) return value as T
  throw new RangeError(`${option} must be one of ${allowed.map(shown).join(', ')}; got ${shown(value)}`)
}

export function object<T>(value: T, option: string): T {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  throw new TypeError(`${option} must be an object; got ${shown(value)}`)
}

/** An object whose values are all strings, empty ones too. */
export function texts(value: unknown, option: string): { readonly [name: string]: string } {
  for (const [name, text] of Object.entries(object(value as object, option)))
    if (typeof text !== 'string') throw new TypeError(`${option}.${name} must be a string; got ${shown(text)}`)
  return value as { readonly [name: string]: string }
}

export function array(value: unknown, option: string): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw new TypeError(`${option} must be an array; got ${shown(value)}`)
}

export function httpUrl(value: unknown, option: string): string {
  const url = text(value, option)
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (parsed?.protocol === 'http:' || parsed?.protocol === 'https:') return url
  throw new TypeError(`${option} must be an http or https URL; got ${shown(url)}`)
}

/** Refuses keys that are none of `allowed`, naming the nearest one. */
export function knownKeys(value: object, allowed: readonly string[], prefix: string): void {
  for (const key of Object.keys(value)) {
    if (allowed.includes(key)) continue
    const [nearest] = [...allowed].sort((a, b) => distance(key, a) - distance(key, b))
    throw new TypeError(
      `${prefix}${key} is no option; did you mean ${prefix}${nearest}? Allowed: ${allowed.join(', ')}`,
    )
  }
}

/** Levenshtein's distance, case ignored. */
function distance(from: string, to: string): number {
  const a = from.toLowerCase().slice(0, 64)
  const b = to.toLowerCase()
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const replaced = previous[column - 1]! + (a[row - 1] === b[column - 1] ? 0 : 1)
      current.push(Math.min(replaced, previous[column]! + 1, current[column - 1]! + 1))
    }
    previous = current
  }
  return previous[b.length]!
}
