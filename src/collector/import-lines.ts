/** Makes operations of the lines of a file that is imported: what was exported, events, and requests of OTLP. The wiring of that. */
import {
  type Cost,
  createCleaner,
  createIdentityHash,
  createPricer,
  identified,
  type Operation,
  operationKind,
  SPENDING_KINDS,
} from 'tokmeter/core'
import type { IdentifiedOperation } from './batch.js'
import type { Config } from './config.js'
import { identityKeyOf } from './identity-key.js'
import { SELECTIONS } from './normalise/dialects.js'
import { createNormaliser } from './normalise/normalise.js'
import { decode } from './otlp/decode.js'
import { createEventReader } from './receive/events.js'

type Line = { readonly [field: string]: unknown }
type LineReader = (line: unknown) => readonly IdentifiedOperation[]

/** A reader of lines. It gives no operations for a line that is of no use. */
export function createLineReader({ identities, prices, data }: Config): LineReader {
  const hash = identities.hash
    ? createIdentityHash(identities.key ?? identityKeyOf(data))
    : (identity: string) => identity
  const pricer = createPricer({ file: prices.file })
  const price = (operation: Operation) => pricer.price(operation)
  const normalise = createNormaliser({ price, hashIdentity: hash })
  const readEvents = createEventReader({ limit: 1, hashIdentity: hash, onDiscard: () => {} })
  // Exported, its identities are hashes already.
  const clean = createCleaner({ hashIdentity: (identity) => identity, onDiscard: () => {} })

  function operationsOf(line: Line): readonly IdentifiedOperation[] {
    if ('resourceSpans' in line) return normalise(decode('traces', 'json', bytesOf(line), SELECTIONS)).operations
    if ('resourceLogs' in line) return normalise(decode('logs', 'json', bytesOf(line), SELECTIONS)).operations
    if (typeof line['operation'] === 'string' && typeof line['startTime'] === 'number') {
      const cleaned = clean(line as Operation, line['startTime'])
      return cleaned === undefined ? [] : [identified(cleaned)]
    }
    return readEvents(bytesOf(line), 'application/json').operations.map((operation) => priced(operation, price))
  }

  return (line) => {
    if (typeof line !== 'object' || line === null || Array.isArray(line)) return []
    try {
      return operationsOf(line as Line)
    } catch {
      // Of what is no OTLP and no event: the line is counted as rejected.
      return []
    }
  }
}

function bytesOf(line: Line): Uint8Array {
  return Buffer.from(JSON.stringify(line))
}

function priced(
  operation: IdentifiedOperation,
  price: (operation: Operation) => Cost | undefined,
): IdentifiedOperation {
  const spends = SPENDING_KINDS.includes(operationKind(operation.operation))
  const cost = operation.cost === undefined && spends ? price(operation) : undefined
  return cost === undefined ? operation : { ...operation, cost }
}
