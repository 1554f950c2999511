/** What a command of `tokmeter` is. */

/** Where a command reads from and writes to; the process's own in production. */
export type Terminal = {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean }
  readonly output: Output
  readonly errors: Output
}

export type Output = {
  write(text: string): unknown
  readonly isTTY?: boolean
  readonly columns?: number
}

export type CommandOption = {
  readonly type: 'string' | 'boolean'
  readonly short?: string
  /** May be given more than once. */
  readonly multiple?: boolean
  /** Name of the value in the help: `--port <number>`. */
  readonly value?: string
  readonly description: string
}

export type CommandOptions = { readonly [name: string]: CommandOption }

/** What was given: of each option its values, `true` for one without. */
export type Given = {
  readonly options: { readonly [name: string]: readonly (string | true)[] }
  readonly operands: readonly string[]
}

export type Command = {
  readonly name: string
  /** One line. */
  readonly summary: string
  /** What follows the name in the first line of the help, beside options: `[file]`. */
  readonly operands?: string
  /** How many operands at most. */
  readonly operandLimit?: number
  readonly options: CommandOptions
  /** More for the help. */
  readonly details?: string
  /** Returns the exit code: 0 done, 1 failed. Throws `WrongUse` for what was not to be given. */
  run(given: Given, terminal: Terminal): Promise<number>
}

/** The command was not used as it has to be: exit code 2. */
export class WrongUse extends Error {
  override readonly name = 'WrongUse'
}

/** The text of an option that is given once; the last one where it is given more often. */
export function textOf({ options }: Given, name: string): string | undefined {
  const last = options[name]?.at(-1)
  return typeof last === 'string' ? last : undefined
}

export function isGiven({ options }: Given, name: string): boolean {
  return options[name] !== undefined
}
