/** Counts what an @anthropic-ai/sdk client does: messages, on Anthropic's own API, on Bedrock, Vertex and others. */
import { completions, messages } from './anthropic-answer.js'
import { instrumentClass, instrumentClient, type Library } from './stainless.js'

const ANTHROPIC: Library = {
  name: '@anthropic-ai/sdk',
  flavour: 'anthropic',
  // `stream`, `parse` and the tool runner reach these, once for every HTTP call.
  resources: [
    { path: ['messages'], dialect: messages },
    { path: ['beta', 'messages'], dialect: messages },
    // Where versions before 0.28 and 0.38 had messages as well.
    { path: ['beta', 'tools', 'messages'], dialect: messages },
    { path: ['beta', 'promptCaching', 'messages'], dialect: messages },
    { path: ['completions'], dialect: completions },
  ],
}

/**
 * Counts the calls of an Anthropic client, and of every other client of the same class. Returns the same object. Never throws.
 *
 * @example
 * const anthropic = instrument(new Anthropic())
 */
export function instrument<T extends object>(client: T): T {
  instrumentClient(client, ANTHROPIC)
  return client
}

/** As `instrument`, given the class. */
export function instrumentAnthropic(ClientClass: object): void {
  instrumentClass(ClientClass, ANTHROPIC)
}

/** Whether `client` has the shape of an Anthropic client. */
export function isAnthropic(client: object): boolean {
  const { messages, post } = client as { readonly messages?: { readonly create?: unknown }; readonly post?: unknown }
  return typeof post === 'function' && typeof messages?.create === 'function'
}
