#!/usr/bin/env node
/** The program `tokmeter`. The only file that ends the process. */
import { COMMANDS, DEFAULT_COMMAND } from './cli/commands.js'
import { runCommandLine } from './cli/run.js'
import { VERSION } from './version.js'

// `tokmeter … | head`: who reads no more is no failure.
process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
  process.exit(code === 'EPIPE' ? 0 : 1)
})

const code = await runCommandLine(process.argv.slice(2), {
  commands: COMMANDS,
  byDefault: DEFAULT_COMMAND,
  version: VERSION,
  terminal: { input: process.stdin, output: process.stdout, errors: process.stderr },
})
// Not before what was written is on its way: a pipe may take its time.
process.stdout.write('', () => process.exit(code))
