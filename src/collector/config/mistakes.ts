/** Mistakes in the configuration: each says where it stands, what was got and what is allowed. All are named, not the first alone. */

/** Where a value was given. */
export type Origin =
  | { readonly in: 'file'; readonly file: string; readonly line: number; readonly column: number }
  | { readonly in: 'environment'; readonly name: string }
  | { readonly in: 'flag'; readonly name: string }

export type Mistake = {
  readonly origin: Origin | undefined
  readonly message: string
}

/** Thrown when the configuration cannot be used. Its message is all mistakes, one a line, and never holds a secret. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly mistakes: readonly Mistake[]

  constructor(mistakes: readonly Mistake[]) {
    super(mistakes.map(describeMistake).join('\n'))
    this.mistakes = mistakes
  }
}

/** `tokmeter.yaml:4:9: listen.port must be …` */
export function describeMistake({ origin, message }: Mistake): string {
  if (origin === undefined) return message
  if (origin.in === 'file') return `${origin.file}:${origin.line}:${origin.column}: ${message}`
  return `${origin.name}: ${message}`
}

/** Those of the file in the order of its lines, before those of the environment and of flags. */
export function inOrder(mistakes: readonly Mistake[]): Mistake[] {
  const order = ['file', 'environment', 'flag', undefined]
  const rank = ({ origin }: Mistake) => order.indexOf(origin?.in)
  const position = ({ origin }: Mistake) => (origin?.in === 'file' ? origin.line * 1e6 + origin.column : 0)
  return [...mistakes].sort((a, b) => rank(a) - rank(b) || position(a) - position(b))
}

/** `value` as it may stand in a message: short, and never the inside of an object. */
export function shown(value: unknown): string {
  if (value === undefined || value === null) return 'nothing'
  if (typeof value === 'string') return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value)
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'a section' : String(value)
}

/** What kind of thing a secret is, and no more. */
export function shownSecret(value: unknown): string {
  if (typeof value === 'string') return value === '' ? 'an empty text' : 'a text that is not shown'
  return typeof value === 'number' ? 'a number that is not shown' : shown(value)
}
