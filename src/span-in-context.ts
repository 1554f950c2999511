/** The context in which a span is the active one, made for every operation: so it has to cost next to nothing. */
import { type Context, INVALID_SPAN_CONTEXT, ROOT_CONTEXT, type Span, trace } from '@opentelemetry/api'

/** The API's own key for the active span: not exported, but told to whatever a span is set in. */
const SPAN_KEY = findSpanKey()

function findSpanKey(): symbol | undefined {
  let told: symbol | undefined
  const listening: Context = {
    getValue: () => undefined,
    setValue(key) {
      told = key
      return ROOT_CONTEXT
    },
    deleteValue: () => ROOT_CONTEXT,
  }
  trace.setSpanContext(listening, INVALID_SPAN_CONTEXT)
  return told
}

/**
 * What `trace.setSpan(parent, span)` makes, made when something more is set in it, which is seldom. A context of the API's own is a map,
 * copied each time something is set, with functions of its own: making it takes as long as beginning the span does.
 */
export class SpanInContext implements Context {
  readonly #parent: Context
  readonly #span: Span

  constructor(parent: Context, span: Span) {
    this.#parent = parent
    this.#span = span
  }

  getValue(key: symbol): unknown {
    return key === SPAN_KEY ? this.#span : this.#parent.getValue(key)
  }

  setValue(key: symbol, value: unknown): Context {
    return trace.setSpan(this.#parent, this.#span).setValue(key, value)
  }

  deleteValue(key: symbol): Context {
    return trace.setSpan(this.#parent, this.#span).deleteValue(key)
  }
}
