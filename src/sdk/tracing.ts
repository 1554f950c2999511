/** Spans of operations, through the API alone: where no TracerProvider is registered there is nothing to do, and nothing is done. */
import {
  type Attributes,
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
import { visitAttributes } from '../attributes.js'
import { cleanName, cleanNumber, DURATION_LIMIT_MS, type SpanIdentity, TIME_LIMIT_MS } from '../clean.js'
import type { Operation } from '../operation.js'
import { attribute, OTHER, operationName } from '../semconv.js'
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
  /** The attributes it has from its begin: setting them again would cost as much as the first time. */
  readonly #begun: Attributes

  constructor(span: Span, parent: Context, startTime: number, begun: Attributes) {
    const { traceId, spanId, traceFlags } = span.spanContext()
    this.traceId = traceId
    this.spanId = spanId
    this.sampled = (traceFlags & TraceFlags.SAMPLED) !== 0
    this.startTime = startTime
    this.context = trace.setSpan(parent, span)
    this.#span = span
    this.#begun = begun
  }

  /** Ends it with what became of the operation, cleaned: what stands on a span leaves the process. */
  end(operation: Operation): void {
    const span = this.#span
    const begun = this.#begun
    if (span.isRecording()) {
      visitAttributes(operation, (name, value) => {
        // How long it lasted a span says by itself.
        if (name !== attribute.durationMs && begun[name] !== value) span.setAttribute(name, value)
      })
      if (operation.error !== undefined) {
        const { type, message } = operation.error
        span.setStatus({ code: SpanStatusCode.ERROR, message: message ?? type })
      }
    }
    span.end((operation.startTime ?? Date.now()) + (operation.durationMs ?? 0))
  }
}

/** Begins the span of an operation, as a child of the active one; `undefined` where nobody traces. */
export function beginSpan(operation: Operation): OperationSpan | undefined {
  const tracer = currentTracer()
  if (tracer === undefined) return undefined
  // The operation is as it came: a time that is none would break the application's span exporter, not only this span.
  const name = cleanName(operation.operation) ?? OTHER
  const provider = cleanName(operation.provider)
  const requestModel = cleanName(operation.requestModel)
  const subject = name === operationName.executeTool ? cleanName(operation.toolName) : requestModel
  const startTime =
    cleanNumber(operation.startTime, TIME_LIMIT_MS) ??
    Date.now() - (cleanNumber(operation.durationMs, DURATION_LIMIT_MS) ?? 0)
  const parent = context.active()
  const serverAddress = cleanName(operation.serverAddress)
  const serverPort = cleanNumber(operation.serverPort, PORT_LIMIT)
  // What a sampler may want to decide by, as the conventions list it.
  const attributes: Attributes = { [attribute.operationName]: name }
  if (provider !== undefined) attributes[attribute.providerName] = provider
  if (requestModel !== undefined) attributes[attribute.requestModel] = requestModel
  if (serverAddress !== undefined) attributes[attribute.serverAddress] = serverAddress
  if (serverPort !== undefined && Number.isInteger(serverPort)) attributes[attribute.serverPort] = serverPort
  const kind = INTERNAL.has(name) ? SpanKind.INTERNAL : SpanKind.CLIENT
  const title = subject === undefined ? name : `${name} ${subject}`
  const span = tracer.startSpan(title, { kind, startTime, attributes }, parent)
  // A tracer that does nothing may give the span of somebody else, or none.
  if (!span.isRecording() && !isSpanContextValid(span.spanContext())) return undefined
  return new OperationSpan(span, parent, startTime, attributes)
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
