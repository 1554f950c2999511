/** Makes operations of the lines of a file that is imported: what was exported, events, and requests of OTLP. The wiring of that. */
import { type Operation, priceInPlace } from 'tokmeter/core'
import type { IdentifiedOperation } from './batch.js'
import type { Config } from './config.js'
import { identityHashOf, pricerOf } from './configured.js'
import { SELECTIONS } from './normalise/dialects.js'
import { createNormaliser } from './normalise/normalise.js'
import { decode } from './otlp/decode.js'
import { createEventReader } from './receive/events.js'
import { createExportedReader, isExported } from './store/exported-line.js'

type Line = { readonly [field: string]: unknown }
type LineReader = (line: unknown) => readonly IdentifiedOperation[]

/** A reader of lines. It gives no operations for a line that is of no use. */
export function createLineReader(config: Config): LineReader {
  const hash = identityHashOf(config)
  const pricer = pricerOf(config)
  const price = (operation: Operation) => pricer.price(operation)
  const normalise = createNormaliser({ price, hashIdentity: hash })
  const readEvents = createEventReader({ limit: 1, hashIdentity: hash, onDiscard: () => {} })
  const readExported = createExportedReader()

  function operationsOf(line: Line): readonly IdentifiedOperation[] {
    if ('resourceSpans' in line) return normalise(decode('traces', 'json', bytesOf(line), SELECTIONS)).operations
    if ('resourceLogs' in line) return normalise(decode('logs', 'json', bytesOf(line), SELECTIONS)).operations
    if (isExported(line)) {
      const operation = readExported(line)
      return operation === undefined ? [] : [operation]
    }
    const { operations } = readEvents(bytesOf(line), 'application/json')
    for (const operation of operations) priceInPlace(operation, price)
    return operations
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
