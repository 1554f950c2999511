/** What was received becomes operations, priced, and goes into the queue: the stage between receiving and what is durable. */
import { type Cost, type Operation, priceInPlace } from 'tokmeter/core'
import type { Batch, IdentifiedOperation, Signal } from './batch.js'
import type { Arrival } from './ledger.js'
import type { Decoded } from './otlp/decoded.js'

/** What became of the items of a request, as the normaliser tells it. */
export type Found = {
  readonly operations: readonly IdentifiedOperation[]
  readonly items: number
  readonly rejected: number
  readonly message?: string
}

type Encoding = 'protobuf' | 'json'
type Received = Pick<Batch['body'], 'contentType' | 'contentEncoding' | 'bytes'>

type OtlpRequest = {
  readonly signal: Exclude<Signal, 'events'>
  readonly encoding: Encoding
  /** Decompressed. */
  readonly body: Uint8Array
  readonly received: Received
}

/** The stages behind, and what is told besides. */
export type IntakeOptions<Details extends Found> = {
  /** Throws for what is no OTLP. */
  readonly decode: (signal: OtlpRequest['signal'], encoding: Encoding, body: Uint8Array) => Decoded
  readonly normalise: (decoded: Decoded) => Details
  readonly price: (operation: Operation) => Cost | undefined
  readonly queue: {
    append(batch: Batch): Promise<{ readonly fresh: readonly IdentifiedOperation[]; readonly duplicates: number }>
    count(outcome: 'rejected' | 'refused', arrival: Arrival): void
  }
  /** Told the operations that are new, once they are on the disk. */
  readonly onAccepted: (operations: readonly IdentifiedOperation[]) => void
  /** Told of every request that was normalised. */
  readonly onNormalised: (found: Details) => void
}

/** Resolves when what was received is on the disk. What `decode` and `append` throw is thrown on. */
export function createIntake<Details extends Found>(options: IntakeOptions<Details>) {
  const { decode, normalise, price, queue, onAccepted, onNormalised } = options

  async function append(signal: Signal, received: Received, items: number, operations: readonly IdentifiedOperation[]) {
    const { fresh, duplicates } = await queue.append({ body: { signal, ...received, items }, operations })
    if (fresh.length > 0) onAccepted(fresh)
    return { accepted: fresh.length, duplicates }
  }

  return {
    async accept({ signal, encoding, body, received }: OtlpRequest) {
      const found = normalise(decode(signal, encoding, body))
      onNormalised(found)
      const { operations, items, rejected, message } = found
      // What is no operation goes on to the targets all the same: they may make more of it.
      await append(signal, received, items - rejected, operations)
      if (rejected > 0) queue.count('rejected', { signal, operations: rejected, items: rejected })
      return { rejected, ...(message !== undefined && { message }) }
    },

    async acceptEvents({ operations, received }: { operations: readonly IdentifiedOperation[]; received: Received }) {
      // They were made by receiving for nobody else.
      for (const operation of operations) priceInPlace(operation, price)
      return append('events', received, operations.length, operations)
    },
  }
}
