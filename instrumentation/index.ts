/** Counts what a client of a language model does, whichever it is. */
import { reportClient } from '../src/index.js'
import { instrument as instrumentAnthropic, isAnthropic } from './anthropic.js'
import { instrument as instrumentOpenAI, isOpenAI } from './openai.js'

export { SUPPORTED, type SupportedRange } from './supported.js'

/**
 * Counts the calls of `client`, known by its shape, and of every other client of the same class. Returns the same object. Never
 * throws: a client it does not know stays as it is, and is reported.
 *
 * @example
 * const openai = instrument(new OpenAI())
 */
export function instrument<T>(client: T): T {
  try {
    if (typeof client === 'object' && client !== null) {
      if (isOpenAI(client)) return instrumentOpenAI(client)
      if (isAnthropic(client)) return instrumentAnthropic(client)
    }
    reportClient({ client: nameOf(client), version: undefined, supported: false })
  } catch {
    // A client whose properties throw when read is none that could be counted.
  }
  return client
}

function nameOf(client: unknown): string {
  return (typeof client === 'object' && client !== null && client.constructor?.name) || typeof client
}
