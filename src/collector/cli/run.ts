/** Runs one command line: finds the command, helps, and turns what goes wrong into words and an exit code. */
import { ConfigError } from '../config.js'
import { type Invocation, readArguments } from './arguments.js'
import { type Command, isGiven, type Terminal, WrongUse } from './command.js'
import { commandHelp, generalHelp } from './help.js'

export type RunOptions = {
  readonly commands: readonly Command[]
  /** The command when none is named. */
  readonly byDefault?: string
  readonly version: string
  readonly terminal: Terminal
}

/** Returns the exit code: 0 done, 1 failed, 2 wrongly used. */
export async function runCommandLine(args: readonly string[], options: RunOptions): Promise<number> {
  const { commands, byDefault, version, terminal } = options
  let invocation: Invocation | undefined
  try {
    invocation = readArguments(args, commands, byDefault)
    const { command, given } = invocation
    if (isGiven(given, 'version')) {
      terminal.output.write(`tokmeter ${version}\n`)
      return 0
    }
    if (isGiven(given, 'help')) {
      // Nobody who asks for help without a command knows yet which one is the default.
      const isNamed = args[0] === command?.name
      terminal.output.write(
        command === undefined || !isNamed
          ? generalHelp(commands, byDefault)
          : commandHelp(command, command.name === byDefault),
      )
      return 0
    }
    if (command === undefined) {
      terminal.errors.write(generalHelp(commands, byDefault))
      return 2
    }
    return await command.run(given, terminal)
  } catch (error) {
    return failed(error, invocation?.command, terminal)
  }
}

function failed(error: unknown, command: Command | undefined, { errors }: Terminal): number {
  if (error instanceof WrongUse) {
    const help = command === undefined ? 'tokmeter --help' : `tokmeter ${command.name} --help`
    errors.write(`tokmeter: ${error.message}\n(${help} says how it is used)\n`)
    return 2
  }
  if (error instanceof ConfigError) errors.write(`${error.message}\n`)
  else errors.write(`tokmeter: ${error instanceof Error ? error.message : String(error)}\n`)
  return 1
}
