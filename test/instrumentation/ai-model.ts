/** Models for the AI SDK on top of an openai client: the shape the AI SDK wants of a provider, over real HTTP. */
import type { Any } from './client-under-test.js'

/** What the AI SDK takes for an error it may repeat. */
class RetryableError extends Error {
  constructor(statusCode: number) {
    super(`Status ${statusCode}`)
    Object.assign(this, {
      name: 'AI_APICallError',
      [Symbol.for('vercel.ai.error')]: true,
      [Symbol.for('vercel.ai.error.AI_APICallError')]: true,
      statusCode,
      isRetryable: true,
      url: '',
      requestBodyValues: {},
      responseHeaders: { 'retry-after-ms': '10' },
    })
  }
}

async function retryable<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    const { status } = error as { status?: number }
    throw status === 429 ? new RetryableError(status) : error
  }
}

/** The tool's result has to be among the messages, or the emulator asks for it again. */
function messages(prompt: Any[]): Any[] {
  const result = prompt.some(({ role }) => role === 'tool')
    ? [{ role: 'tool', tool_call_id: 'call', content: 'seen' }]
    : []
  return [{ role: 'user', content: 'Say something.' }, ...result]
}

function usageOf(usage: Any): Any {
  return {
    inputTokens: { total: usage?.prompt_tokens, cacheRead: usage?.prompt_tokens_details?.cached_tokens },
    outputTokens: { total: usage?.completion_tokens, reasoning: usage?.completion_tokens_details?.reasoning_tokens },
    raw: usage,
  }
}

export function languageModel(openai: Any): Any {
  return {
    specificationVersion: 'v4',
    provider: 'openai.chat',
    modelId: 'gpt-test',
    supportedUrls: {},
    async doGenerate({ prompt, headers, abortSignal }: Any) {
      const parameters = { model: 'gpt-test', messages: messages(prompt) }
      const answer = await retryable(
        () => openai.chat.completions.create(parameters, { headers, signal: abortSignal }) as Promise<Any>,
      )
      const [{ message, finish_reason }] = answer.choices
      const calls = (message.tool_calls ?? []).map(({ id, function: { name, arguments: input } }: Any) => {
        return { type: 'tool-call', toolCallId: id, toolName: name, input }
      })
      return {
        content: [...(message.content ? [{ type: 'text', text: message.content }] : []), ...calls],
        finishReason: { unified: calls.length > 0 ? 'tool-calls' : 'stop', raw: finish_reason },
        usage: usageOf(answer.usage),
        request: { url: openai.baseURL },
        response: { id: answer.id, modelId: answer.model },
        warnings: [],
      }
    },
    async doStream({ prompt, headers, abortSignal }: Any) {
      const parameters = {
        model: 'gpt-test',
        messages: messages(prompt),
        stream: true,
        stream_options: { include_usage: true },
      }
      const stream = await retryable(
        () => openai.chat.completions.create(parameters, { headers, signal: abortSignal }) as Promise<Any>,
      )
      const chunks = stream[Symbol.asyncIterator]()
      return { stream: partsOf(chunks), request: { url: openai.baseURL } }
    },
  }
}

function partsOf(chunks: AsyncIterator<Any>): ReadableStream {
  let usage: Any
  let reason: string | undefined
  let call: { id: string; name: string; input: string } | undefined
  let isStarted = false
  return new ReadableStream({
    async pull(controller) {
      const { value: chunk, done } = await chunks.next()
      if (done) {
        if (call) controller.enqueue({ type: 'tool-call', toolCallId: call.id, toolName: call.name, input: call.input })
        else controller.enqueue({ type: 'text-end', id: 'text' })
        controller.enqueue({
          type: 'finish',
          usage: usageOf(usage),
          finishReason: { unified: call ? 'tool-calls' : 'stop', raw: reason },
        })
        return controller.close()
      }
      if (!isStarted) {
        isStarted = true
        controller.enqueue({ type: 'stream-start', warnings: [] })
        controller.enqueue({ type: 'response-metadata', id: chunk.id, modelId: chunk.model })
        controller.enqueue({ type: 'text-start', id: 'text' })
      }
      usage = chunk.usage ?? usage
      const [choice] = chunk.choices
      reason = choice?.finish_reason ?? reason
      const [part] = choice?.delta?.tool_calls ?? []
      if (part) {
        call ??= { id: part.id, name: part.function.name, input: '' }
        call.input += part.function.arguments ?? ''
      }
      const text = choice?.delta?.content
      controller.enqueue(text ? { type: 'text-delta', id: 'text', delta: text } : { type: 'raw', rawValue: chunk })
    },
    async cancel() {
      await chunks.return?.()
    },
  })
}

/** By HTTP of its own: around this call the AI SDK has no wrapper, so a client below would count it as well. */
export function embeddingModel(baseURL: string): Any {
  return {
    specificationVersion: 'v4',
    provider: 'openai.embedding',
    modelId: 'embed-test',
    maxEmbeddingsPerCall: 2,
    supportsParallelCalls: true,
    async doEmbed({ values, headers }: Any) {
      const body = JSON.stringify({ model: 'embed-test', input: values })
      const response = await fetch(`${baseURL}/embeddings`, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json' },
        body,
      })
      if (!response.ok) throw new RetryableError(response.status)
      const { usage } = (await response.json()) as Any
      return { embeddings: values.map(() => [1, 2]), usage: { tokens: usage.prompt_tokens }, warnings: [] }
    },
  }
}
