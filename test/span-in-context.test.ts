import { type Context, createContextKey, ROOT_CONTEXT, type Span, TraceFlags, trace } from '@opentelemetry/api'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SpanInContext } from '../src/span-in-context.js'

const KEYS = ['a', 'b'].map(createContextKey)
const spans = [1, 2, 3].map((n) =>
  trace.wrapSpanContext({
    traceId: String(n).padStart(32, '0'),
    spanId: String(n).padStart(16, '0'),
    traceFlags: TraceFlags.SAMPLED,
  }),
)

const span = fc.constantFrom(...spans)
const key = fc.constantFrom(...KEYS)
/** What may be done to a context: each makes another. */
const step: fc.Arbitrary<(context: Context) => Context> = fc.oneof(
  fc.tuple(key, fc.integer()).map(
    ([key, value]) =>
      (context: Context) =>
        context.setValue(key, value),
  ),
  key.map((key) => (context: Context) => context.deleteValue(key)),
  span.map((span) => (context: Context) => trace.setSpan(context, span)),
  fc.constant((context: Context) => trace.deleteSpan(context)),
)
const steps = fc.array(step, { maxLength: 6 })
const after = (context: Context, done: readonly ((context: Context) => Context)[]) =>
  done.reduce((made, step) => step(made), context)
const seen = (context: Context) => [trace.getSpan(context), ...KEYS.map((key) => context.getValue(key))]

test('a span in a context is what the API makes of it, whatever is done before and after', () => {
  const made = (parent: Context, span: Span) => [new SpanInContext(parent, span), trace.setSpan(parent, span)] as const
  fc.assert(
    fc.property(steps, span, steps, span, steps, (before, first, between, second, later) => {
      const [ours, theirs] = made(after(ROOT_CONTEXT, before), first)
      expect(seen(after(ours, between))).toEqual(seen(after(theirs, between)))
      const below = after(new SpanInContext(after(ours, between), second), later)
      expect(seen(below)).toEqual(seen(after(trace.setSpan(after(theirs, between), second), later)))
      // What is made of it does not change it.
      expect(seen(ours)).toEqual(seen(theirs))
    }),
  )
})
