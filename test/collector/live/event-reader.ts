/** Reads a stream of server-sent events as a browser does, an event at a time. */
import { createParser, type EventSourceMessage } from 'eventsource-parser'

export type Received = {
  readonly event: string
  readonly id: string | undefined
  // biome-ignore lint/suspicious/noExplicitAny: what was sent is looked at, not trusted
  readonly data: any
}

export type EventReader = {
  readonly response: Response
  /** Comments and times to wait, as they came. */
  readonly comments: string[]
  readonly retries: number[]
  /** The next event; undefined when the stream has ended. */
  next(): Promise<Received | undefined>
  /** As many as are said. */
  take(count: number): Promise<Received[]>
  /** Goes away. */
  leave(): void
}

export async function readEvents(url: string, headers: { readonly [name: string]: string } = {}): Promise<EventReader> {
  const leaving = new AbortController()
  const response = await fetch(url, { headers: { accept: 'text/event-stream', ...headers }, signal: leaving.signal })
  const waiting: EventSourceMessage[] = []
  const comments: string[] = []
  const retries: number[] = []
  const parser = createParser({
    onEvent: (event) => waiting.push(event),
    onComment: (comment) => comments.push(comment),
    onRetry: (milliseconds) => retries.push(milliseconds),
  })
  const reader = response.body!.getReader()
  const decoder = new TextDecoder()

  async function next(): Promise<Received | undefined> {
    while (waiting.length === 0) {
      const { done, value } = await reader.read()
      if (done) return undefined
      parser.feed(decoder.decode(value, { stream: true }))
    }
    const { event, id, data } = waiting.shift()!
    return { event: event ?? 'message', id, data: JSON.parse(data) }
  }

  return {
    response,
    comments,
    retries,
    next,
    async take(count) {
      const taken: Received[] = []
      while (taken.length < count) {
        const one = await next()
        if (one === undefined) throw new Error(`the stream ended after ${taken.length} events of ${count}`)
        taken.push(one)
      }
      return taken
    },
    leave: () => leaving.abort(),
  }
}
