/** The texts of `--help`, made from the table of commands. */
import { COMMON_OPTIONS } from './arguments.js'
import type { Command, CommandOptions } from './command.js'

const SUMMARY = 'tokmeter receives telemetry of language-model use, keeps it, and sends it on.'

/** Of `tokmeter --help`. */
export function generalHelp(commands: readonly Command[], byDefault?: string): string {
  const rows = commands.map(({ name, summary }): [string, string] => {
    return [name, name === byDefault ? `${summary} (the default)` : summary]
  })
  const usage = byDefault === undefined ? 'tokmeter <command> [options]' : 'tokmeter [command] [options]'
  return [
    SUMMARY,
    '',
    `Usage: ${usage}`,
    '',
    'Commands:',
    ...table(rows),
    ...defaultOptions(commands.find(({ name }) => name === byDefault)),
    '',
    '`tokmeter <command> --help` says more of each.',
    '',
  ].join('\n')
}

// Who asks for help without a command means the one that runs without being named.
function defaultOptions(command: Command | undefined): string[] {
  if (command === undefined) return []
  return ['', `Options of ${command.name}:`, ...table(rowsOf({ ...command.options, ...COMMON_OPTIONS }))]
}

/** Of `tokmeter <command> --help`. */
export function commandHelp({ name, summary, operands, options, details }: Command, isDefault = false): string {
  const usage = ['tokmeter', isDefault ? `[${name}]` : name, '[options]', operands].filter(Boolean).join(' ')
  return [
    `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`,
    '',
    `Usage: ${usage}`,
    '',
    'Options:',
    ...table(rowsOf({ ...options, ...COMMON_OPTIONS })),
    ...(details === undefined ? [] : ['', details]),
    '',
  ].join('\n')
}

function rowsOf(options: CommandOptions): [string, string][] {
  return Object.entries(options).map(([name, { short, type, value, description }]) => {
    const flag = short === undefined ? `    --${name}` : `-${short}, --${name}`
    return [type === 'string' ? `${flag} <${value ?? 'value'}>` : flag, description]
  })
}

function table(rows: readonly [string, string][]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`)
}
