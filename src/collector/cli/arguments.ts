/** Reads the arguments of the command line: which command, with what. What is wrong is refused with the nearest that is right. */
import { parseArgs } from 'node:util'
import { nearest } from '../config/nearest.js'
import { type Command, type CommandOption, type CommandOptions, type Given, WrongUse } from './command.js'

/** Options that every command has. */
export const COMMON_OPTIONS: CommandOptions = {
  help: { type: 'boolean', short: 'h', description: 'say how the command is used' },
  version: { type: 'boolean', short: 'V', description: 'say which version this is' },
}

export type Invocation = {
  /** Absent when none was named and there is no default. */
  readonly command: Command | undefined
  readonly given: Given
}

/** `tokmeter [command] [options] [operands]`. The command stands first; where none does, it is the one named `byDefault`. */
export function readArguments(args: readonly string[], commands: readonly Command[], byDefault?: string): Invocation {
  const [first, ...others] = args
  const isNamed = first !== undefined && !first.startsWith('-')
  const name = isNamed ? first : byDefault
  const command = commands.find((one) => one.name === name)
  if (command === undefined && isNamed) throw new WrongUse(unknownCommand(first, commands))
  return { command, given: readOptions(isNamed ? others : args, command) }
}

function readOptions(args: readonly string[], command: Command | undefined): Given {
  const known = new Map(Object.entries({ ...command?.options, ...COMMON_OPTIONS }))
  const { tokens } = parseArgs({ args: [...args], options: parserOptions(known), strict: false, tokens: true })
  const options: { [name: string]: (string | true)[] } = {}
  const operands: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') operands.push(token.value)
    if (token.kind !== 'option') continue
    const option = known.get(token.name)
    if (option === undefined) throw new WrongUse(unknownOption(token.rawName, known))
    const before = options[token.name] ?? []
    if (before.length > 0 && option.type === 'string' && !option.multiple) {
      throw new WrongUse(`${token.rawName} is given twice`)
    }
    options[token.name] = [...before, checkedValue(token.rawName, option, token.value, token.inlineValue === true)]
  }
  const limit = command?.operandLimit ?? 0
  const isAskedFor = options['help'] !== undefined || options['version'] !== undefined
  if (operands.length > limit && !isAskedFor)
    throw new WrongUse(`${JSON.stringify(operands[limit])} is one argument too many`)
  return { options, operands }
}

function parserOptions(known: ReadonlyMap<string, CommandOption>) {
  const entries = [...known].map(([name, { type, short }]) => [name, { type, ...(short !== undefined && { short }) }])
  return Object.fromEntries(entries) as { [name: string]: { type: 'string' | 'boolean'; short?: string } }
}

function checkedValue(name: string, { type, value }: CommandOption, text: string | undefined, isInline: boolean) {
  if (type === 'boolean') {
    if (text !== undefined) throw new WrongUse(`${name} takes no value`)
    return true
  }
  // An option that follows was hardly meant as the value of this one.
  const isMissing = text === undefined || (!isInline && text.startsWith('-') && text !== '-')
  if (isMissing) throw new WrongUse(`${name} needs a value: ${name} <${value ?? 'value'}>`)
  return text
}

function unknownCommand(name: string, commands: readonly Command[]): string {
  const names = commands.map((one) => one.name)
  return `${JSON.stringify(name.slice(0, 80))} is no command${guess(nearest(name, names))} Commands: ${names.join(', ')}`
}

function unknownOption(name: string, known: ReadonlyMap<string, CommandOption>): string {
  const meant = nearest(name.replace(/^-+/, ''), known.keys())
  return `${name.slice(0, 80)} is no option of this command${guess(meant && `--${meant}`)}`
}

const guess = (meant: string | undefined) => (meant === undefined ? '.' : `; did you mean ${meant}?`)
