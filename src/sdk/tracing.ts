/** Spans of operations, through the API alone: where no TracerProvider is registered there is nothing to do, and nothing is done. */
import {
  type Context,
  context,
  isSpanContextValid,
  ProxyTracerProvider,
  type Span,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  type TracerProvider,
  trace,
} from '@opentelemetry/api'
import { type Begun, begunAttributes, setAttributes } from '../attributes.js'
import {
  type CleanOperation,
  cleanInteger,
  cleanName,
  cleanNumber,
  DURATION_LIMIT_MS,
  type SpanIdentity,
  TIME_LIMIT_MS,
} from '../clean.js'
import type { Operation } from '../operation.js'
import { OTHER, operationName } from '../semconv.js'
import { SpanInContext } from '../span-in-context.js'
import { VERSION } from '../version.js'

/** Work in this process rather than a call to somewhere else. */
const INTERNAL: ReadonlySet<string> = new Set([
  operationName.executeTool,
  operationName.invokeAgent,
  operationName.invokeWorkflow,
])

const PORT_LIMIT = 65_535

const NO_TRACER_PROVIDER = new ProxyTracerProvider().getDelegate()

/** A span under way, and the identity it gives its operation. */
export class OperationSpan implements SpanIdentity {
  readonly traceId: string
  readonly spanId: string
  readonly sampled: boolean
  readonly startTime: number
  /** The context in which work belonging to the span runs. */
  readonly context: Context
  readonly #span: Span
  readonly #begun: Begun

  constructor(span: Span, parent: Context, startTime: number, begun: Begun) {
    const { traceId, spanId, traceFlags } = span.spanContext()
    this.traceId = traceId
    this.spanId = spanId
    this.sampled = (traceFlags & TraceFlags.SAMPLED) !== 0
    this.startTime = startTime
    this.context = new SpanInContext(parent, span)
    this.#span = span
    this.#begun = begun
  }

  /** Ends it with what became of the operation, cleaned: what stands on a span leaves the process. One that could not be read tells nothing. */
  end(operation: CleanOperation | undefined): void {
    const span = this.#span
    if (operation === undefined) {
      span.end()
      return
    }
    if (span.isRecording()) {
      setAttributes(span, operation, this.#begun)
      if (operation.error !== undefined) {
        const { type, message } = operation.error
        span.setStatus({ code: SpanStatusCode.ERROR, message: message ?? type })
      }
    }
    span.end(operation.startTime + (operation.durationMs ?? 0))
  }
}

/** Begins the span of an operation, as a child of the active one; `undefined` where nobody traces. */
export function beginSpan(operation: Operation): OperationSpan | undefined {
  const tracer = currentTracer()
  if (tracer === undefined) return undefined
  // The operation is as it came: a time that is none would break the application's span exporter, not only this span.
  const begun: Begun = {
    operation: cleanName(operation.operation) ?? OTHER,
    provider: cleanName(operation.provider),
    requestModel: cleanName(operation.requestModel),
    serverAddress: cleanName(operation.serverAddress),
    serverPort: cleanInteger(operation.serverPort, PORT_LIMIT),
  }
  const { operation: name } = begun
  const subject = name === operationName.executeTool ? cleanName(operation.toolName) : begun.requestModel
  const startTime =
    cleanNumber(operation.startTime, TIME_LIMIT_MS) ??
    Date.now() - (cleanNumber(operation.durationMs, DURATION_LIMIT_MS) ?? 0)
  const parent = context.active()
  const kind = INTERNAL.has(name) ? SpanKind.INTERNAL : SpanKind.CLIENT
  const title = subject === undefined ? name : `${name} ${subject}`
  const span = tracer.startSpan(title, { kind, startTime, attributes: begunAttributes(begun) }, parent)
  // A tracer that does nothing may give the span of somebody else, or none.
  if (!span.isRecording() && !isSpanContextValid(span.spanContext())) return undefined
  return new OperationSpan(span, parent, startTime, begun)
}

let tracer: Tracer | undefined
let tracerProvider: TracerProvider = NO_TRACER_PROVIDER

/** The tracer of the TracerProvider that is registered now, if one is. */
function currentTracer(): Tracer | undefined {
  const registered = trace.getTracerProvider()
  // A provider that is no proxy was put there by somebody.
  const provider = registered instanceof ProxyTracerProvider ? registered.getDelegate() : registered
  if (provider !== tracerProvider) {
    tracerProvider = provider
    tracer = provider === NO_TRACER_PROVIDER ? undefined : provider.getTracer('tokmeter', VERSION)
  }
  return tracer
}
