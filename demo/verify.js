/** Compares a page of metrics with what the recordings say must be on it: every sample that counts, tokens, money and outcomes. */
import { calcPrice } from '@pydantic/genai-prices'
import { readMetricsPage } from './metrics-page.js'
import { expected } from './recordings.js'

/** @typedef {import('./plan.js').Call} Call */
/** @typedef {{ key: string, wanted: number | undefined, got: number | undefined }} Difference */

/** The client retries twice by itself what is answered with 429. */
const CLIENT_RETRIES = 2

/** What the clients call the failures of the recordings: by status; inside a stream there is none. */
const ERROR_CLASSES = /** @type {Record<string, string>} */ ({ 400: 'BadRequestError', 429: 'RateLimitError' })

/** Where a value stands that cannot be known beforehand, only its count: durations. */
const TIMES = /(_duration|_time_to_first_chunk|_time_per_output_chunk)_(sum|bucket)$/

/**
 * What must be on the page, by metric and labels.
 * @param {readonly Call[]} calls
 * @returns {Map<string, number>}
 */
export function expectedSamples(calls) {
  /** @type {Map<string, number>} */
  const samples = new Map()
  /** @param {string} name @param {Record<string, string | undefined>} labels @param {number} value */
  const add = (name, labels, value) => {
    const key = sampleKey(name, labels)
    samples.set(key, (samples.get(key) ?? 0) + value)
  }
  for (const call of calls) {
    const { operation, responseModel, usage, chunks, error, serviceTier } = expected(call.recording)
    // To a client that was told another base URL, the provider is the one whose format it speaks.
    const provider = call.api === 'messages' ? 'anthropic' : 'openai'
    const base = {
      gen_ai_operation_name: operation,
      gen_ai_provider_name: provider,
      gen_ai_request_model: call.model,
      gen_ai_response_model: responseModel,
    }
    const failed = { ...base, error_type: error && (ERROR_CLASSES[error.status ?? ''] ?? 'APIError') }
    const tier = provider === 'openai' ? { openai_response_service_tier: serviceTier } : {}
    if (operation === 'embeddings') {
      add('gen_ai_client_embeddings_duration_count', failed, 1)
      if (usage) add('gen_ai_client_embeddings_operation_input_tokens_count', failed, 1)
      if (usage) add('gen_ai_client_embeddings_operation_input_tokens_sum', failed, usage.inputTokens ?? 0)
    } else {
      add('gen_ai_client_inference_duration_count', { ...failed, ...tier }, 1)
      const unknown = { gen_ai_token_modality: 'unknown' }
      const counters = /** @type {const} */ ([
        ['input_tokens', usage ? usage.inputTokens : 0],
        ['output_tokens', usage ? usage.outputTokens : 0],
        ['cache_read_input_tokens', usage?.cacheReadTokens],
        ['cache_write_input_tokens', usage?.cacheWriteTokens],
        ['reasoning_output_tokens', usage?.reasoningTokens],
      ])
      for (const [name, tokens] of counters) {
        if (tokens !== undefined)
          add(`gen_ai_client_inference_usage_${name}_total`, { ...base, ...tier, ...unknown }, tokens)
      }
      for (const kind of /** @type {const} */ (['input', 'output'])) {
        const tokens = usage?.[`${kind}Tokens`]
        if (tokens === undefined) continue
        add(`gen_ai_client_inference_operation_${kind}_tokens_count`, { ...failed, ...tier }, 1)
        add(`gen_ai_client_inference_operation_${kind}_tokens_sum`, { ...failed, ...tier }, tokens)
      }
      if (chunks) add('gen_ai_client_inference_time_to_first_chunk_count', base, 1)
      if (chunks && chunks > 1) add('gen_ai_client_inference_time_per_output_chunk_count', base, chunks - 1)
    }
    const nanoDollars = usage && price(provider, responseModel ?? call.model, usage)
    if (nanoDollars !== undefined) {
      add('tokmeter_operation_cost_count', { ...base, tokmeter_cost_source: 'catalogue' }, 1)
      add('tokmeter_operation_cost_sum', { ...base, tokmeter_cost_source: 'catalogue' }, nanoDollars)
    } else add('tokmeter_operation_unpriced_total', failed, 1)
    if (usage === undefined) add('tokmeter_operation_usage_missing_total', failed, 1)
    if (error?.status === 429) add('tokmeter_operation_retries_total', base, CLIENT_RETRIES)
  }
  add('tokmeter_sdk_operations_recorded_total', {}, calls.length)
  add('tokmeter_sdk_operations_measured_total', {}, calls.length)
  add('tokmeter_sdk_buffer_size', {}, 0)
  return samples
}

/**
 * Every sample of the page against what must be there. Buckets are checked by their counts' being rising to the whole.
 * @param {string} page @param {readonly Call[]} calls
 * @returns {{ compared: number, differences: Difference[] }}
 */
export function verifyPage(page, calls) {
  const wanted = expectedSamples(calls)
  const seen = new Set()
  /** @type {Difference[]} */
  const differences = []
  for (const { name, labels, value } of readMetricsPage(page)) {
    const { le: _le, otel_scope_name: _n, otel_scope_version: _v, otel_scope_schema_url: _s, ...rest } = labels
    const { server_address: _a, server_port: _p, ...own } = rest
    if (TIMES.test(name) || name.endsWith('_bucket') || name === 'target_info') continue
    const key = sampleKey(name, own)
    // Sums of money are compared as whole nano-dollars: on the page they are dollars, in binary fractions.
    const got = name === 'tokmeter_operation_cost_sum' ? Math.round(value * 1e9) : value
    const expectedValue =
      wanted.get(key) ?? (name.startsWith('tokmeter_sdk_') && !wanted.has(key) ? selfValue(name, got) : undefined)
    seen.add(key)
    if (got !== expectedValue) differences.push({ key, wanted: expectedValue, got })
  }
  for (const [key, value] of wanted) if (!seen.has(key)) differences.push({ key, wanted: value, got: undefined })
  return { compared: seen.size, differences }
}

/** Of the SDK's other metrics of itself: what tells of loss must be 0, the rest may be what it is. @param {string} name @param {number} got */
const selfValue = (name, got) => (/_(dropped|overflow|discarded|lag|open|untested)/.test(name) ? 0 : got)

/** @param {string} name @param {Record<string, string | undefined>} labels */
function sampleKey(name, labels) {
  const present = Object.entries(labels).filter(([, value]) => value !== undefined)
  return `${name}{${present
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([label, value]) => `${label}="${value}"`)
    .join(',')}}`
}

/** The catalogue's own calculation. @param {string} providerId @param {string} model @param {import('../src/operation.js').Usage} usage */
function price(providerId, model, usage) {
  const { inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens } = usage
  const result = calcPrice(
    {
      input_tokens: inputTokens,
      output_tokens: outputTokens,
      cache_read_tokens: cacheReadTokens,
      cache_write_tokens: cacheWriteTokens,
    },
    model,
    { providerId },
  )
  return result === null ? undefined : Math.round(result.total_price * 1e9)
}
