/** A call that a framework's span and a client's span tell is one operation: the innermost. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type PlainSpan, START, spanIdOf, TRACE_ID, tracesRequest } from '../otlp/request.js'
import { normalised, normalisedJson, normaliserOf, toldBy } from './normalising.js'

type Node = {
  readonly id: number
  readonly in?: number
  readonly what: string
  readonly at?: number
  readonly for?: number
  readonly trace?: string
}

/** A span: `id`, `in` which other span, `what` operation (`http` for none of GenAI), from `at` for `for` milliseconds. */
const spanOf = ({
  id,
  in: parent,
  what,
  at = id,
  for: durationMs = 100 - 2 * id,
  trace = TRACE_ID,
}: Node): PlainSpan => ({
  traceId: trace,
  spanId: spanIdOf(id),
  ...(parent !== undefined && { parentSpanId: spanIdOf(parent) }),
  start: START + at,
  durationMs,
  attributes:
    what === 'http' ? { 'http.request.method': 'GET' } : { 'gen_ai.operation.name': what, 'gen_ai.request.model': 'm' },
})

const idsOf = (result: ReturnType<typeof normalised>) =>
  result.operations.map(({ spanId }) => Number.parseInt(spanId!, 16)).sort((a, b) => a - b)

/** Of these spans in one request, in whatever order, those remain. */
function f(nodes: readonly Node[], remaining: readonly number[]) {
  for (const order of [nodes, [...nodes].reverse()]) {
    const request = tracesRequest(order.map(spanOf))
    expect(idsOf(normalised(request))).toEqual(remaining)
    expect(idsOf(normalisedJson(request))).toEqual(remaining)
  }
}

test('in one request, by the parents of spans', () => {
  f([{ id: 1, what: 'chat' }], [1])
  f(
    [
      { id: 1, what: 'chat' },
      { id: 2, in: 1, what: 'chat' },
    ],
    [2],
  )
  f(
    [
      { id: 1, what: 'chat' },
      { id: 2, in: 1, what: 'text_completion' },
      { id: 3, in: 2, what: 'chat' },
    ],
    [3],
  )
  // A framework that calls twice in one span of its own.
  f(
    [
      { id: 1, what: 'chat' },
      { id: 2, in: 1, what: 'chat' },
      { id: 3, in: 1, what: 'chat' },
    ],
    [2, 3],
  )
  // Beside each other.
  f(
    [
      { id: 1, what: 'http' },
      { id: 2, in: 1, what: 'chat' },
      { id: 3, in: 1, what: 'chat' },
    ],
    [2, 3],
  )
})

test('through steps, and through spans that have nothing to do with GenAI', () => {
  f(
    [
      { id: 1, what: 'chat' },
      { id: 2, in: 1, what: 'agent_step' },
      { id: 3, in: 2, what: 'chat' },
    ],
    [3],
  )
  f(
    [
      { id: 1, what: 'chat' },
      { id: 2, in: 1, what: 'agent_step' },
      { id: 3, in: 2, what: 'agent_step' },
      { id: 4, in: 3, what: 'chat' },
    ],
    [4],
  )
  f(
    [
      { id: 1, what: 'chat' },
      { id: 2, in: 1, what: 'http' },
      { id: 3, in: 2, what: 'chat' },
    ],
    [3],
  )
  f(
    [
      { id: 1, what: 'chat' },
      { id: 2, in: 1, what: 'http' },
      { id: 3, in: 2, what: 'http' },
      { id: 4, in: 3, what: 'chat' },
    ],
    [4],
  )
  f(
    [
      { id: 1, what: 'chat' },
      { id: 2, in: 1, what: 'rerank' },
      { id: 3, in: 2, what: 'chat' },
    ],
    [2, 3],
  )
})

test('whatever the clock of whole milliseconds says that the spans are begun by', () => {
  const between = (outer: Partial<Node>, inner: Partial<Node>): readonly Node[] => [
    { id: 3, in: 2, what: 'chat', ...inner },
    { id: 2, in: 1, what: 'http', at: 0, for: 8 },
    { id: 1, what: 'chat', ...outer },
  ]
  f(between({ at: 0, for: 8.9 }, { at: 0, for: 8.1 }), [3])
  // Begun at 0.95 and 1.02.
  f(between({ at: 0, for: 7.9 }, { at: 1, for: 7.85 }), [3])
})

test('a tool or an agent between two calls makes them two', () => {
  f(
    [
      { id: 1, what: 'chat' },
      { id: 2, in: 1, what: 'execute_tool' },
      { id: 3, in: 2, what: 'chat' },
    ],
    [1, 2, 3],
  )
  f(
    [
      { id: 1, what: 'chat' },
      { id: 2, in: 1, what: 'http' },
      { id: 3, in: 2, what: 'invoke_agent' },
      { id: 4, in: 3, what: 'chat' },
    ],
    [1, 3, 4],
  )
  f(
    [
      { id: 1, what: 'chat' },
      { id: 2, in: 1, what: 'execute_tool' },
      { id: 3, in: 2, what: 'http' },
      { id: 4, in: 3, what: 'chat' },
    ],
    [1, 2, 4],
  )
  f(
    [
      { id: 1, what: 'invoke_agent' },
      { id: 2, in: 1, what: 'chat' },
      { id: 3, in: 1, what: 'execute_tool' },
    ],
    [1, 2, 3],
  )
})

test('an embedding inside a call is another call, one inside an embedding is the same', () => {
  f(
    [
      { id: 1, what: 'chat' },
      { id: 2, in: 1, what: 'embeddings' },
    ],
    [1, 2],
  )
  f(
    [
      { id: 1, what: 'embeddings' },
      { id: 2, in: 1, what: 'embeddings' },
    ],
    [2],
  )
})

test('the same span ids in another trace are other spans', () => {
  const other = 'f'.repeat(32)
  f(
    [
      { id: 1, what: 'chat' },
      { id: 2, in: 1, what: 'chat', trace: other },
      { id: 1, what: 'chat', trace: other },
    ],
    [1, 2],
  )
})

test('across requests: the span around a call comes after it', () => {
  const normalise = normaliserOf()
  const send = (...nodes: Node[]) => normalised(tracesRequest(nodes.map(spanOf)), normalise)
  expect(idsOf(send({ id: 3, in: 2, what: 'chat' }))).toEqual([3])
  expect(idsOf(send({ id: 2, in: 1, what: 'agent_step' }))).toEqual([])
  const last = send({ id: 1, what: 'chat' })
  expect(idsOf(last)).toEqual([])
  expect(toldBy(last)).toEqual({ opentelemetry: [0, 1, 0] })
  // Sent once more, since its answer was lost: the same becomes of it.
  expect(idsOf(send({ id: 3, in: 2, what: 'chat' }))).toEqual([3])
  expect(idsOf(send({ id: 1, what: 'chat' }))).toEqual([])
})

const tracer = (...spans: PlainSpan[]) => ({
  scopeSpans: [
    {
      scope: { name: '@arizeai/openinference-instrumentation-langchain' },
      spans: tracesRequest(spans).resourceSpans[0]!.scopeSpans[0]!.spans,
    },
  ],
})

test('a callback tracer and a client, in traces of their own: by time, model and tokens', () => {
  const call = (id: number, at: number, durationMs: number, model: string, tokens: number | undefined): PlainSpan => ({
    traceId: spanIdOf(id).repeat(2),
    spanId: spanIdOf(id),
    start: START + at,
    durationMs,
    attributes: {
      'gen_ai.operation.name': 'chat',
      'gen_ai.request.model': model,
      ...(tokens !== undefined && { 'gen_ai.usage.input_tokens': tokens }),
    },
  })
  const g = (traced: readonly PlainSpan[], clients: readonly PlainSpan[], remaining: readonly number[]) => {
    const request = tracesRequest(clients)
    request.resourceSpans[0]!.scopeSpans.unshift(
      tracer(...traced).scopeSpans[0] as (typeof request.resourceSpans)[0]['scopeSpans'][0],
    )
    expect(idsOf(normalised(request))).toEqual(remaining)
  }
  g([call(1, 0, 100, 'm', 5)], [call(2, 1, 98, 'm', 5)], [2])
  g([call(1, 0, 100, 'm', 5)], [call(2, 1, 98, 'm', undefined)], [2])
  g([call(1, 0, 100, 'm', 5)], [call(2, 1, 98, 'm', 6)], [1, 2])
  g([call(1, 0, 100, 'm', 5)], [call(2, 1, 98, 'other', 5)], [1, 2])
  g([call(1, 0, 100, 'm', 5)], [call(2, 50, 98, 'm', 5)], [1, 2])
  g([call(1, 10, 90, 'm', 5)], [call(2, 1, 98, 'm', 5)], [1, 2])
  // Begun at 0.95 and 1.02.
  g([call(1, 0, 7.9, 'm', 5)], [call(2, 1, 7.85, 'm', 5)], [2])
  g([call(1, 0, 7.9, 'm', 5)], [call(2, 1, 8, 'm', 5)], [1, 2])
  // The client of another process.
  const apart = tracesRequest([call(2, 1, 98, 'm', 5)], { resource: { 'service.name': 'elsewhere' } })
  const traced = tracesRequest([call(1, 0, 100, 'm', 5)], { scope: 'opentelemetry.instrumentation.langchain' })
  const together = { resourceSpans: [...apart.resourceSpans, ...traced.resourceSpans] }
  expect(idsOf(normalised(together))).toEqual([1, 2])
  // Two at the same time: one client's span for each.
  g([call(1, 0, 100, 'm', 5), call(2, 0, 100, 'm', 5)], [call(3, 1, 98, 'm', 5)], [2, 3])
  g([call(1, 0, 100, 'm', 5), call(2, 0, 100, 'm', 5)], [call(3, 1, 98, 'm', 5), call(4, 1, 97, 'm', 5)], [3, 4])
})

test('in any tree of calls, the operations are its leaves', () => {
  // Each span's parent is one before it, or none.
  let run = 0
  const normalise = normaliserOf()
  const trees = fc.array(fc.record({ parent: fc.nat(), isCall: fc.boolean() }), { minLength: 1, maxLength: 20 })
  fc.assert(
    fc.property(trees, fc.boolean(), (shape, isReversed) => {
      const trace = (++run).toString(16).padStart(32, '0')
      const nodes: Node[] = shape.map(({ parent, isCall }, index) => ({
        id: index + 1,
        ...(index > 0 && parent % (index + 1) > 0 && { in: parent % (index + 1) }),
        what: isCall ? 'chat' : 'agent_step',
        trace,
      }))
      const hasCallInside = (id: number): boolean =>
        nodes.some((node) => node.in === id && (node.what === 'chat' || hasCallInside(node.id)))
      const leaves = nodes.filter(({ id, what }) => what === 'chat' && !hasCallInside(id)).map(({ id }) => id)
      const spans = nodes.map(spanOf)
      expect(idsOf(normalised(tracesRequest(isReversed ? spans.reverse() : spans), normalise))).toEqual(leaves)
    }),
    { numRuns: 300 },
  )
})
