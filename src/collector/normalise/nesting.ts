/**
 * Counts a call once that is told by a framework's span and by the client's span inside it: the innermost tells it. Inside one request
 * by the parents of spans; across requests by remembering, for a while, which spans had a call inside: a span ends, and is sent,
 * after those inside it. A tool or an agent between the two makes them two calls. Callback tracers, which put their spans in no
 * context, are known by their names, and their calls by time, model and tokens.
 */
import type { OperationKind } from 'tokmeter/core'
import type { Attributes, DecodedTraces, Span } from '../otlp/decoded.js'
import type { Draft } from './draft.js'
import { RememberedSpans } from './remembered-spans.js'

/** A span that was read. */
export type ReadSpan = {
  readonly span: Span
  readonly resource: Attributes
  readonly scopeName: string
  /** `undefined` for one that is no operation. */
  readonly draft: Draft | undefined
  /** The sort of its operation; `undefined` for one that is no operation. */
  readonly kind: OperationKind | undefined
  readonly id: string
  /** Set when a span inside tells the same call. */
  isWrapper: boolean
}

/** Longest way from a call to what wraps it, in spans. */
const DEPTH = 64
/** Looks at steps in one request: less deep where there are so many that the way through them would hold up everything else. */
const LOOKS = 1 << 18
/** OpenTelemetry's SDK for JavaScript takes starts from a clock of whole milliseconds, and durations from a finer one: a span may seem to end later than the one around it. */
const CLOCK_STEP_MS = 1
/** Calls looked at for each span of a callback tracer. */
const CANDIDATES = 64

/** Scopes of frameworks whose spans are made by callbacks, and of a wrapper that opens no context for the client's. */
const CALLBACK_TRACER = /langchain|langgraph|llama[-_.]?index|haystack|crewai|^langfuse-sdk/i

type CallKind = 'inference' | 'embeddings'

export class Nesting {
  readonly #wrapping = { inference: new RememberedSpans(), embeddings: new RememberedSpans() }

  /** Finds the wrappers among the spans of one request. */
  mark(spans: readonly ReadSpan[], decoded: DecodedTraces): void {
    const calls: ReadSpan[] = []
    const steps: ReadSpan[] = []
    let hasTracer = false
    const traces = new Set<string>()
    for (const one of spans) {
      const { kind } = one
      if (isCall(kind)) {
        calls.push(one)
        if (!hasTracer && CALLBACK_TRACER.test(one.scopeName)) hasTracer = true
        traces.add(one.span.traceId)
        if (one.span.parentSpanId !== '') this.#wrapping[kind].add(one.span.traceId, one.span.parentSpanId)
      } else if ((kind === undefined || kind === 'other') && one.span.parentSpanId !== '') steps.push(one)
    }
    if (steps.length > 0) this.#climb(steps)
    if (traces.size < calls.length) this.#climbForeign(calls, spans, decoded)
    for (const call of calls) call.isWrapper = this.#wrapping[kindOf(call)].has(call.span.traceId, call.span.spanId)
    if (hasTracer) markTraced(calls)
  }

  /** Passes on, from a step to what it is in, that there is a call inside. */
  #climb(steps: readonly ReadSpan[]): void {
    const passes = Math.min(DEPTH, Math.ceil(LOOKS / steps.length))
    for (const wrapping of [this.#wrapping.inference, this.#wrapping.embeddings]) {
      let isChanged = true
      for (let pass = 0; isChanged && pass < passes; pass++) {
        isChanged = false
        for (const step of steps) {
          const { traceId, spanId, parentSpanId } = step.span
          if (!wrapping.has(traceId, spanId) || wrapping.has(traceId, parentSpanId)) continue
          wrapping.add(traceId, parentSpanId)
          isChanged = true
        }
      }
    }
  }

  /** The same through spans that have nothing to do with GenAI, where there may be a wrapper above them: looking costs a map of all spans. */
  #climbForeign(calls: readonly ReadSpan[], spans: readonly ReadSpan[], decoded: DecodedTraces): void {
    const byTrace = new Map<string, ReadSpan[]>()
    for (const call of calls) {
      const others = byTrace.get(call.span.traceId)
      if (others === undefined) byTrace.set(call.span.traceId, [call])
      else others.push(call)
    }
    let ends: ReadonlySet<string> | undefined
    for (const inTrace of byTrace.values()) {
      if (inTrace.length === 1) continue
      if (!hasEnclosed(inTrace)) continue
      ends ??= new Set(spans.filter(isBoundary).map(({ id }) => id))
      for (const call of inTrace) this.#climbFrom(call, ends, decoded.parents())
    }
  }

  #climbFrom(call: ReadSpan, ends: ReadonlySet<string>, parents: ReadonlyMap<string, string>): void {
    const wrapping = this.#wrapping[kindOf(call)]
    let id: string | undefined = call.id
    for (let depth = 0; depth < DEPTH; depth++) {
      id = parents.get(id)
      if (id === undefined) return
      wrapping.add(call.span.traceId, id.slice(call.span.traceId.length + 1))
      if (ends.has(id)) return
    }
  }
}

function isCall(kind: OperationKind | undefined): kind is CallKind {
  return kind === 'inference' || kind === 'embeddings'
}

function kindOf({ kind }: ReadSpan): CallKind {
  return kind === 'embeddings' ? 'embeddings' : 'inference'
}

/** Whether what is inside it is other work than what is around it. */
function isBoundary({ kind }: ReadSpan): boolean {
  return kind === 'tool' || kind === 'agent' || kind === 'workflow'
}

function encloses(outer: Span, inner: Span): boolean {
  return outer.startTime <= inner.startTime && endOf(outer) + CLOCK_STEP_MS >= endOf(inner)
}

/** Whether one of them lies within the time of another. Puts them in the order of their start, the longer first where that is the same. */
function hasEnclosed(calls: ReadSpan[]): boolean {
  calls.sort((one, other) => one.span.startTime - other.span.startTime || endOf(other.span) - endOf(one.span))
  let latestEnd = Number.NEGATIVE_INFINITY
  for (const { span } of calls) {
    if (endOf(span) <= latestEnd + CLOCK_STEP_MS) return true
    latestEnd = Math.max(latestEnd, endOf(span))
  }
  return false
}

function endOf({ startTime, durationMs }: Span): number {
  return startTime + (durationMs ?? 0)
}

/** Marks the spans of callback tracers that a client's span of the same process tells better: within its time, of its model, of its tokens. */
function markTraced(calls: readonly ReadSpan[]): void {
  const clients = calls.filter((call) => !call.isWrapper && !CALLBACK_TRACER.test(call.scopeName))
  clients.sort((one, other) => one.span.startTime - other.span.startTime)
  const taken = new Set<ReadSpan>()
  for (const traced of calls) {
    if (traced.isWrapper || !CALLBACK_TRACER.test(traced.scopeName)) continue
    let index = firstFrom(clients, traced.span.startTime)
    for (let looked = 0; looked < CANDIDATES && index < clients.length; looked++, index++) {
      const client = clients[index]!
      if (client.span.startTime > endOf(traced.span)) break
      if (taken.has(client) || !isSameCall(traced, client)) continue
      taken.add(client)
      traced.isWrapper = true
      break
    }
  }
}

/** The first of `calls`, which are in the order of their start, that starts at `time` or later. */
function firstFrom(calls: readonly ReadSpan[], time: number): number {
  let low = 0
  let high = calls.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (calls[middle]!.span.startTime < time) low = middle + 1
    else high = middle
  }
  return low
}

function isSameCall(traced: ReadSpan, client: ReadSpan): boolean {
  return (
    traced.resource === client.resource &&
    encloses(traced.span, client.span) &&
    kindOf(traced) === kindOf(client) &&
    isSameModel(traced.draft?.requestModel, client.draft) &&
    isSame(traced.draft?.usage?.inputTokens, client.draft?.usage?.inputTokens) &&
    isSame(traced.draft?.usage?.outputTokens, client.draft?.usage?.outputTokens)
  )
}

/** A tracer may know only the model that answered. */
function isSameModel(model: string | undefined, client: Draft | undefined): boolean {
  return isSame(model, client?.requestModel) || (model !== undefined && model === client?.responseModel)
}

function isSame(one: unknown, other: unknown): boolean {
  return one === undefined || other === undefined || one === other
}
