/** Spans and events by the conventions themselves, of any edition and from anybody. The last dialect asked: others write some of these attributes too. */
import { attribute, event } from 'tokmeter/core'
import type { Attributes, LogRecord, Span } from '../otlp/decoded.js'
import { textOf } from './attribute-value.js'
import {
  conventionDetails,
  conventionMarkers,
  conventionProvider,
  conventionStatus,
  hasUsage,
  readConventions,
} from './conventions.js'
import type { Dialect, Reading } from './dialect.js'
import { draftOf } from './draft.js'
import { failureOf } from './failure.js'
import { operationNamed, operationOfSpanName } from './operation-name.js'

const SERVER = 2

/** Steps of an agent's loop: what is done in them has spans of its own. */
const STEPS: ReadonlySet<string> = new Set(['agent_step', 'task'])

export const opentelemetry: Dialect = {
  name: 'opentelemetry',
  markers: conventionMarkers,
  details: conventionDetails,

  span(span) {
    const operation = operationOf(span.attributes, span)
    // A model server's own span tells of the call that the client's span tells of; operations are what clients do.
    if (operation === undefined || span.kind === SERVER) return 'ignored'
    return spanOperation(operation, span)
  },

  logRecord(record) {
    if (record.eventName !== event.inference) {
      return record.eventName.startsWith('gen_ai.') || isOperation(record.attributes) ? 'ignored' : undefined
    }
    return eventOperation(operationOf(record.attributes, undefined) ?? 'chat', record)
  },
}

function isOperation(attributes: Attributes): boolean {
  return attributes[attribute.operationName] !== undefined || conventionProvider(attributes) !== undefined
}

function operationOf(attributes: Attributes, span: Span | undefined): string | undefined {
  const name = textOf(attributes[attribute.operationName])
  if (name !== undefined) return STEPS.has(name) ? undefined : operationNamed(name)
  // Required since v1.27, but not by everybody sent. A count of tokens alone is told by summaries, too.
  const hasModel = attributes[attribute.requestModel] !== undefined || attributes[attribute.responseModel] !== undefined
  if (!hasModel || (!hasUsage(attributes) && conventionProvider(attributes) === undefined)) return undefined
  return (span && operationOfSpanName(span.name)) ?? 'chat'
}

/** The operation of a span that has the conventions' attributes. */
export function spanOperation(operation: string, span: Span): Reading {
  const draft = draftOf(operation)
  readConventions(draft, span.attributes)
  draft.startTime = span.startTime
  draft.durationMs = span.durationMs
  draft.error = failureOf(span, span.attributes[attribute.errorType], conventionStatus(span.attributes))
  return draft
}

/** The operation of an event that has the conventions' attributes. How long it took an event does not say. */
export function eventOperation(operation: string, record: LogRecord): Reading {
  const draft = draftOf(operation)
  readConventions(draft, record.attributes)
  draft.startTime = record.time
  const errorType = textOf(record.attributes[attribute.errorType])
  const status = conventionStatus(record.attributes)
  if (errorType !== undefined)
    draft.error = { type: errorType, code: status === undefined ? undefined : String(status) }
  return draft
}
