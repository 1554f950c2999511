/** What an event is called: OTLP has had three places for it. */
import type { Attributes } from './decoded.js'

const NAME = /^[a-z][\w.-]*$/i

/** `body`: the body, where it is a short text. It counts only when it looks like a name: anything else is content. */
export function eventNameOf(eventName: string, attributes: Attributes, body: string): string {
  if (eventName !== '') return eventName
  const attribute = attributes['event.name']
  if (typeof attribute !== 'string') return NAME.test(body) ? body : ''
  // Claude Code puts the short name there and the whole one in the body.
  return body.endsWith(`.${attribute}`) && NAME.test(body) ? body : attribute
}
