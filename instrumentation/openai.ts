/** Counts what an openai client does: chat, responses, embeddings and completions, whoever answers at its base URL. */
import { chatCompletions, embeddings, responses, textCompletions } from './openai-answer.js'
import { instrumentClass, instrumentClient, type Library } from './stainless.js'

const OPENAI: Library = {
  name: 'openai',
  flavour: 'openai',
  // `parse`, `stream` and `runTools` reach these, once for every HTTP call; so do those of `beta.chat.completions`.
  resources: [
    { path: ['chat', 'completions'], dialect: chatCompletions },
    { path: ['responses'], dialect: responses },
    { path: ['beta', 'responses'], dialect: responses },
    { path: ['embeddings'], dialect: embeddings },
    { path: ['completions'], dialect: textCompletions },
  ],
}

/**
 * Counts the calls of an openai client, and of every other client of the same class. Returns the same object. Never throws.
 *
 * @example
 * const openai = instrument(new OpenAI())
 */
export function instrument<T extends object>(client: T): T {
  instrumentClient(client, OPENAI)
  return client
}

/** As `instrument`, given the class. */
export function instrumentOpenAI(ClientClass: object): void {
  instrumentClass(ClientClass, OPENAI)
}

/** Whether `client` has the shape of an openai client: those of other providers made alike have it too. */
export function isOpenAI(client: object): boolean {
  const { chat, post } = client as {
    readonly chat?: { readonly completions?: { readonly create?: unknown } }
    readonly post?: unknown
  }
  return typeof post === 'function' && typeof chat?.completions?.create === 'function'
}
