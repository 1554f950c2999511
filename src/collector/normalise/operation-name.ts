/** What instrumentations call an operation, in the names of the conventions. */
import { operationName } from 'tokmeter/core'

/** By the name that was sent. What is not here keeps its name, as one of somebody's own. */
const NAMES: ReadonlyMap<string, string> = new Map([
  ['embedding', operationName.embeddings],
  ['embed', operationName.embeddings],
  ['completion', operationName.textCompletion],
  ['text.completion', operationName.textCompletion],
  ['chat.completions', operationName.chat],
  ['tool', operationName.executeTool],
  ['agent', operationName.invokeAgent],
  ['workflow', operationName.invokeWorkflow],
])

export function operationNamed(name: string): string {
  return NAMES.get(name) ?? name
}

/** Operations of the conventions that a span's name may begin with. */
const KNOWN: ReadonlySet<string> = new Set([...Object.values(operationName)])

/** The operation that the name of a span begins with: `chat gpt-4o`. */
export function operationOfSpanName(name: string): string | undefined {
  const first = name.split(' ', 1)[0] ?? ''
  return KNOWN.has(first) ? first : undefined
}
