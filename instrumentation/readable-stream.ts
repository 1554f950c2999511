/** Watches a web stream while its consumer reads it, at the consumer's pace. */
import type { ReadableStreamDefaultReader, ReadableStreamReadResult } from 'node:stream/web'
import type { Call } from './call.js'

const READERS = ['getReader', 'pipeThrough', 'pipeTo', 'tee', 'values', 'cancel', Symbol.asyncIterator] as const

type Method = (this: unknown, ...values: unknown[]) => unknown

/**
 * Lets `call` see what `stream` yields and how reading it ends. The stream keeps its identity: whatever begins to read it is led
 * to one that forwards, made only then. False when it is no stream.
 */
export function watchReadable(stream: unknown, call: Call): boolean {
  if (!(stream instanceof ReadableStream)) return false
  let forwarding: ReadableStream | undefined
  const getReader = stream.getReader.bind(stream)
  for (const name of READERS) {
    if (!(name in stream)) continue
    const value: Method = (...values) => {
      forwarding ??= forward(getReader(), call)
      return (forwarding as unknown as { [name: string | symbol]: Method })[name]?.(...values)
    }
    Object.defineProperty(stream, name, { value, configurable: true, writable: true })
  }
  return true
}

function forward(reader: ReadableStreamDefaultReader<unknown>, call: Call): ReadableStream {
  return new ReadableStream(
    {
      async pull(controller) {
        let result: ReadableStreamReadResult<unknown>
        try {
          result = await reader.read()
        } catch (error) {
          call.fail(error)
          throw error
        }
        if (result.done) {
          call.end()
          controller.close()
        } else {
          call.event(result.value)
          controller.enqueue(result.value)
        }
      },
      cancel(reason) {
        // The AI SDK cancels for a break and for an abort, and tells of an abort right after.
        setImmediate(() => call.leave())
        return reader.cancel(reason)
      },
    },
    { highWaterMark: 0 },
  )
}
