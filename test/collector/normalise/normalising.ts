/** Decoding and normalising as the collector does it, with prices and hashes that a test can foresee. */
import type { Cost, Operation } from 'tokmeter/core'
import { SELECTIONS } from '../../../src/collector/normalise/dialects.js'
import { createNormaliser, type Normalised, type Normaliser } from '../../../src/collector/normalise/normalise.js'
import { decode } from '../../../src/collector/otlp/decode.js'
import { toProtobuf } from '../otlp/encode.js'
import { bytesOf } from '../otlp/request.js'

/** 2026-11-22T00:00:00Z: when everything is received. */
export const NOW = 1_795_305_600_000

/** 100 nano-dollars a token of input, 1000 of output; of models whose name begins with `unpriced`, nothing is known. */
export function price({ usage, requestModel }: Operation): Cost | undefined {
  if (usage === undefined || requestModel?.startsWith('unpriced')) return undefined
  const nanoDollars = (usage.inputTokens ?? 0) * 100 + (usage.outputTokens ?? 0) * 1000
  return { nanoDollars, source: 'catalogue', version: 'test' }
}

export function normaliserOf(onDiscard: (field: string) => void = () => {}): Normaliser {
  return createNormaliser({ price, hashIdentity: (identity) => `hash of ${identity}`, onDiscard, now: () => NOW })
}

/** Normalises a request in JSON, by way of protobuf. */
export function normalised(request: object, normalise: Normaliser = normaliserOf()): Normalised {
  return normalise(decode(signalOf(request), 'protobuf', toProtobuf(request), SELECTIONS))
}

/** The same, without the detour. */
export function normalisedJson(request: object, normalise: Normaliser = normaliserOf()): Normalised {
  return normalise(decode(signalOf(request), 'json', bytesOf(request), SELECTIONS))
}

function signalOf(request: object): 'traces' | 'logs' | 'metrics' {
  return 'resourceSpans' in request ? 'traces' : 'resourceLogs' in request ? 'logs' : 'metrics'
}

/** The fields that operations have: those that are unknown are left out. */
export function fieldsOf(operations: readonly Operation[]): unknown {
  return JSON.parse(JSON.stringify(operations))
}

/** Items by what became of them, of the dialects that had any. */
export function toldBy({ dialects }: Normalised): unknown {
  const told = Object.entries(dialects).filter(
    ([, { recognised, ignored, rejected }]) => recognised + ignored + rejected > 0,
  )
  return Object.fromEntries(
    told.map(([name, { recognised, ignored, rejected }]) => [name, [recognised, ignored, rejected]]),
  )
}
