/** What an event is called: OTLP has had three places for it. */
import type { Attributes } from './decoded.js'

const NAME = /^[a-z][\w.-]*$/i

/** `body`: the body, where it is a short text. It counts only when it looks like a name: anything else is content. */
export function eventNameOf(eventName: string, attributes: Attributes, body: string): string {
  const attribute = attributes['event.name']
  // Programs in Rust have the place in their source there, as Codex does: then it is the attribute that names it.
  if (NAME.test(eventName) || (eventName !== '' && typeof attribute !== 'string')) return eventName
  if (typeof attribute !== 'string') return NAME.test(body) ? body : ''
  // Claude Code puts the short name there and the whole one in the body.
  return body.endsWith(`.${attribute}`) && NAME.test(body) ? body : attribute
}
