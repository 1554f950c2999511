/** A terminal for tests: what was written to it can be read. */
import { Readable } from 'node:stream'
import type { Terminal } from '../../../src/collector/cli/command.js'

export function createTerminal(input: string | readonly string[] = []) {
  const written = { output: '', errors: '' }
  const writer = (stream: keyof typeof written) => ({
    write(text: string) {
      written[stream] += text
    },
  })
  const terminal: Terminal = {
    input: Readable.from(typeof input === 'string' ? [input] : input),
    output: writer('output'),
    errors: writer('errors'),
  }
  return { terminal, written }
}
