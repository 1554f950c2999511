/** Reads one line of what `exportOperations` wrote as `jsonl`. */
import { createCleaner, identified } from 'tokmeter/core'
import type { IdentifiedOperation } from '../batch.js'

/** Whether a line means to be an exported operation, and no event or request of OTLP. Without its own time it would land in the window of the import. */
export function isExported(line: object): boolean {
  const { operation, startTime } = line as { readonly operation?: unknown; readonly startTime?: unknown }
  return typeof operation === 'string' && operation !== '' && typeof startTime === 'number'
}

/** Makes a reader of the JSON of a line: the operation, or undefined for what is none. Identities are left as they are: exported, they are hashes already. */
export function createExportedReader(): (line: unknown) => IdentifiedOperation | undefined {
  // Checked as one from outside: the file may have been written by anybody.
  const clean = createCleaner({ hashIdentity: (identity) => identity, onDiscard: () => {} })
  return (line) => {
    if (typeof line !== 'object' || line === null || Array.isArray(line) || !isExported(line)) return undefined
    const cleaned = clean(line, (line as { readonly startTime: number }).startTime)
    return cleaned && identified(cleaned)
  }
}
