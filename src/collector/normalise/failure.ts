/** Why the operation of a span failed. */
import { type OperationError, OTHER } from 'tokmeter/core'
import type { AttributeValue, Span } from '../otlp/decoded.js'
import { numberOf, textOf } from './attribute-value.js'

/** `undefined` for a span that did not fail. `type`, `code`: its attributes of that meaning. */
export function failureOf(
  span: Span,
  type?: AttributeValue | undefined,
  code?: AttributeValue | undefined,
): OperationError | undefined {
  const sentType = textOf(type)
  if (!span.hasError && sentType === undefined) return undefined
  const message = span.exception?.message || span.statusMessage
  const status = numberOf(code)
  return {
    type: sentType ?? (span.exception?.type || undefined) ?? (status === undefined ? OTHER : String(status)),
    code: status === undefined ? undefined : String(status),
    message: message === '' ? undefined : message,
  }
}
