/**
 * Counts what the AI SDK (`ai` 7) does, as one of its telemetry integrations: model calls, tool executions, embeddings. A model
 * call is one operation with its retries; what a client below does for it is not counted again.
 */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { begin, isSuppressed, type OperationHandle, reportClient, suppress } from '../src/index.js'
import { embedCalls, modelCalls } from './ai-answer.js'
import { providerNamed } from './ai-provider.js'
import { Call, type Dialect } from './call.js'
import { OpenCalls } from './open-calls.js'
import { endpointAt } from './provider-host.js'
import { watchReadable } from './readable-stream.js'
import { isSupported } from './supported.js'
import { word } from './wire-value.js'

type Model = { readonly provider?: unknown; readonly modelId?: unknown; readonly aiVersion?: unknown }

type ModelCall = Model & { readonly callId: string; readonly execute: () => PromiseLike<unknown> }

type ToolCall = {
  readonly toolCall?: { readonly toolName?: unknown }
  readonly execute: () => PromiseLike<unknown>
}

type EmbedStart = Model & {
  readonly callId: string
  readonly embedCallId: string
  readonly operationId?: unknown
  readonly values?: unknown
}

type EmbedEnd = { readonly callId: string; readonly embedCallId: string }

type Failure = { readonly callId: string; readonly error: unknown }

/** One request for embeddings of an `embed` or `embedMany`. */
type Embedding = { embedCallId: string; readonly values: WeakRef<object> | undefined; readonly call: Call }

/** Model calls whose last attempt failed in a way that the AI SDK may repeat. */
const failed = new OpenCalls<{ readonly call: Call; readonly error: unknown }>()
/** Steps of `generateObject` and `streamObject`, which have no wrapper around the call, only events. */
const objects = new OpenCalls<Call>()
const embeddings = new OpenCalls<Embedding[]>()
/** The streams being read, held by those who read them: a stream that nobody reads any more must be collected. */
const streams = new OpenCalls<WeakRef<Call>>()

const REGISTERED = Symbol.for('tokmeter.aiSdk')

const integration = {
  [REGISTERED]: true,

  executeLanguageModelCall({ callId, execute, ...model }: ModelCall): PromiseLike<unknown> {
    if (isSuppressed()) return execute()
    const before = failed.take(callId)
    const call = before?.call ?? beginCall(modelCalls, model)
    if (call.handle.ended) return execute()
    if (before !== undefined) call.handle.retry()
    return runModelCall(callId, call, execute)
  },

  executeTool({ toolCall, execute }: ToolCall): PromiseLike<unknown> {
    if (isSuppressed()) return execute()
    const handle = begin({ operation: 'execute_tool', toolName: word(toolCall?.toolName), toolType: 'function' })
    return handle.ended ? execute() : runTool(handle, execute)
  },

  onObjectStepStart({ callId, ...model }: Model & { readonly callId: string }): void {
    objects.set(callId, beginCall(modelCalls, model))
  },

  onObjectStepEnd(event: { readonly callId: string }): void {
    objects.take(event.callId)?.answer(event)
  },

  onEmbedStart({ callId, embedCallId, operationId, values, ...model }: EmbedStart): void {
    const open = embeddings.get(callId) ?? []
    // An attempt that failed is not told of, only the next one: of the same values, or of the one value that `embed` has.
    const before = open.find((one) => operationId === 'ai.embed.doEmbed' || one.values?.deref() === values)
    if (before !== undefined) {
      before.call.handle.retry()
      before.embedCallId = embedCallId
      return
    }
    const reference = typeof values === 'object' && values !== null ? new WeakRef(values) : undefined
    open.push({ embedCallId, values: reference, call: beginCall(embedCalls, model) })
    embeddings.set(callId, open)
  },

  onEmbedEnd(event: EmbedEnd): void {
    const open = embeddings.get(event.callId) ?? []
    const index = open.findIndex((one) => one.embedCallId === event.embedCallId)
    if (index < 0) return
    open[index]?.call.answer(event)
    open.splice(index, 1)
    if (open.length === 0) embeddings.take(event.callId)
  },

  onError({ callId, error }: Failure): void {
    const before = failed.take(callId)
    before?.call.fail(before.error)
    objects.take(callId)?.fail(error)
    for (const { call } of embeddings.take(callId) ?? []) call.fail(error)
  },

  onAbort({ callId, reason }: { readonly callId: string; readonly reason?: unknown }): void {
    const before = failed.take(callId)
    before?.call.fail(before.error)
    streams
      .take(callId)
      ?.deref()
      ?.fail(reason ?? new DOMException('This operation was aborted', 'AbortError'))
  },
}

/** Makes the AI SDK tell of what it does from now on. It need not be loaded, now or ever: its registry is global. */
export function registerAiSdk(): void {
  const holder = globalThis as { AI_SDK_TELEMETRY_INTEGRATIONS?: unknown[] | undefined }
  holder.AI_SDK_TELEMETRY_INTEGRATIONS ??= []
  const registry = holder.AI_SDK_TELEMETRY_INTEGRATIONS
  const isRegistered = registry.some((one) => typeof one === 'object' && one !== null && REGISTERED in one)
  if (!isRegistered) registry.push(integration)
}

async function runModelCall(callId: string, call: Call, execute: () => PromiseLike<unknown>): Promise<unknown> {
  let result: unknown
  try {
    result = await call.handle.run(() => suppress(execute))
  } catch (error) {
    if ((error as { isRetryable?: unknown } | undefined)?.isRetryable === true) failed.set(callId, { call, error })
    else call.fail(error)
    throw error
  }
  call.handle.responded()
  const { stream, request } = (result ?? {}) as { stream?: unknown; request?: { url?: unknown } }
  const { serverAddress, serverPort } = endpointAt(request?.url, '')
  call.locate({ serverAddress, serverPort, streamed: stream !== undefined })
  if (stream === undefined) call.answer(result)
  else if (watchReadable(stream, call)) streams.set(callId, new WeakRef(call))
  return result
}

async function runTool(handle: OperationHandle, execute: () => PromiseLike<unknown>): Promise<unknown> {
  try {
    const result = await handle.run(execute)
    handle.end()
    return result
  } catch (error) {
    handle.fail(error)
    throw error
  }
}

function beginCall(dialect: Dialect, { provider, modelId, aiVersion }: Model): Call {
  const { operation } = dialect
  report(word(aiVersion))
  const handle = begin({ operation, provider: providerNamed(provider), requestModel: word(modelId) })
  return new Call(handle, dialect, integration)
}

let reportedVersion: string | undefined

function report(version: string | undefined): void {
  if (version === undefined || version === reportedVersion) return
  reportedVersion = version
  reportClient({ client: 'ai', version, supported: isSupported('ai', version) })
}

/**
 * Makes a version visible that is not a tested one, given its main file: before 7 the AI SDK tells nothing to anybody, and before
 * 7.0.154 not its version.
 */
export function reportAiSdk(mainFile: string): void {
  const file = mainFile.startsWith('file:') ? fileURLToPath(mainFile) : mainFile
  report(word(JSON.parse(readFileSync(join(dirname(file), '..', 'package.json'), 'utf8')).version))
}
