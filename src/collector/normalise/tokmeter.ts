/** What tokmeter's own SDK sends: a span and an event of each operation, with one id. */
import { attribute, type Cost, event } from 'tokmeter/core'
import type { Attributes } from '../otlp/decoded.js'
import { numberOf, numbersOf, tagsUnder, textOf } from './attribute-value.js'
import { conventionMarkers, readConventions } from './conventions.js'
import type { Dialect } from './dialect.js'
import { type Draft, draftOf } from './draft.js'

const SCOPE = 'tokmeter'

export const tokmeter: Dialect = {
  name: 'tokmeter',
  markers: [...conventionMarkers, attribute.operationId],
  details: [
    attribute.durationMs,
    attribute.outputChunks,
    attribute.outputChunkGaps,
    attribute.retries,
    attribute.inferenceCalls,
    attribute.toolCalls,
    attribute.costNanoDollars,
    attribute.costSource,
    attribute.costVersion,
    attribute.errorType,
    attribute.errorCode,
    attribute.errorMessage,
    attribute.cacheWrite1hTokens,
  ],
  prefixes: [attribute.tagPrefix],

  span(span, { scope }) {
    if (scope.name !== SCOPE) return undefined
    const operation = textOf(span.attributes[attribute.operationName])
    if (operation === undefined) return 'ignored'
    const draft = draftOf(operation)
    readOwn(draft, span.attributes)
    draft.startTime = span.startTime
    draft.durationMs = span.durationMs
    return draft
  },

  logRecord(record, { scope }) {
    if (scope.name !== SCOPE) return undefined
    const operation = textOf(record.attributes[attribute.operationName])
    const isOperation = record.eventName === event.inference || record.eventName === event.operation
    if (!isOperation || operation === undefined) return 'ignored'
    const draft = draftOf(operation)
    readOwn(draft, record.attributes)
    draft.id = textOf(record.attributes[attribute.operationId])
    draft.durationMs = numberOf(record.attributes[attribute.durationMs])
    // The event is of the moment the operation ended.
    draft.startTime = record.time === 0 ? undefined : record.time - (draft.durationMs ?? 0)
    return draft
  },
}

function readOwn(draft: Draft, attributes: Attributes): void {
  readConventions(draft, attributes)
  // As it was sent: the SDK's names are the conventions' already, or of the user's own choosing.
  draft.provider = textOf(attributes[attribute.providerName])
  draft.outputChunks = numberOf(attributes[attribute.outputChunks])
  draft.outputChunkGaps = numbersOf(attributes[attribute.outputChunkGaps])
  draft.retries = numberOf(attributes[attribute.retries])
  draft.inferenceCalls = numberOf(attributes[attribute.inferenceCalls])
  draft.toolCalls = numberOf(attributes[attribute.toolCalls])
  draft.cost = ownCost(attributes)
  const cacheWrite1hTokens = numberOf(attributes[attribute.cacheWrite1hTokens])
  if (draft.usage !== undefined && cacheWrite1hTokens !== undefined)
    draft.usage = { ...draft.usage, cacheWrite1hTokens }
  const errorType = textOf(attributes[attribute.errorType])
  if (errorType !== undefined) {
    draft.error = {
      type: errorType,
      code: textOf(attributes[attribute.errorCode]),
      message: textOf(attributes[attribute.errorMessage]),
    }
  }
  draft.tags = tagsUnder(attributes, attribute.tagPrefix)
}

function ownCost(attributes: Attributes): Cost | undefined {
  const nanoDollars = numberOf(attributes[attribute.costNanoDollars])
  if (nanoDollars === undefined) return undefined
  const source = attributes[attribute.costSource]
  return {
    nanoDollars,
    source: source === 'catalogue' || source === 'override' ? source : 'provider',
    version: textOf(attributes[attribute.costVersion]),
  }
}
