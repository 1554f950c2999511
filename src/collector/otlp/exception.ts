/** The exception that a span's event tells of. Its stack trace is not read. */
import { AttributeSelection } from './attribute-selection.js'
import type { Attributes, Span } from './decoded.js'

const TYPE = 'exception.type'
const MESSAGE = 'exception.message'

/** The attributes of an event that say what went wrong. */
export const EXCEPTION_ATTRIBUTES = new AttributeSelection({ markers: [TYPE, MESSAGE], details: [], prefixes: [] })

/** `undefined` when the event is about something else. */
export function exceptionFrom(attributes: Attributes): Span['exception'] {
  const type = attributes[TYPE]
  const message = attributes[MESSAGE]
  if (typeof type !== 'string' && typeof message !== 'string') return undefined
  return { type: typeof type === 'string' ? type : '', message: typeof message === 'string' ? message : '' }
}
