/** The rival of `record` and `drain`: the same measurements, written directly on OTel instruments by somebody who knows the conventions. */
import { boundaries } from '../dist/src/semconv.js'

/** @typedef {import('../dist/src/operation.js').Operation} Operation */

/**
 * A function that measures one operation. Attributes are made anew for each operation, as they are where a call has just ended;
 * those that several measurements share are made once. What the operation cost is handed in: this side does not have to price it.
 * @param {import('@opentelemetry/api').Meter} meter
 */
export function createDirect(meter) {
  /**
   * @param {string} name
   * @param {string} unit
   * @param {readonly number[]} explicitBucketBoundaries
   */
  const histogram = (name, unit, explicitBucketBoundaries) =>
    meter.createHistogram(name, { unit, advice: { explicitBucketBoundaries: [...explicitBucketBoundaries] } })
  /**
   * @param {string} name
   * @param {string} unit
   */
  const counter = (name, unit) => meter.createCounter(name, { unit })

  const duration = histogram('gen_ai.client.inference.duration', 's', boundaries.duration)
  const timeToFirstChunk = histogram('gen_ai.client.inference.time_to_first_chunk', 's', boundaries.duration)
  const timePerOutputChunk = histogram('gen_ai.client.inference.time_per_output_chunk', 's', boundaries.duration)
  const usageInput = counter('gen_ai.client.inference.usage.input_tokens', '{token}')
  const usageOutput = counter('gen_ai.client.inference.usage.output_tokens', '{token}')
  const usageCacheRead = counter('gen_ai.client.inference.usage.cache_read.input_tokens', '{token}')
  const usageCacheWrite = counter('gen_ai.client.inference.usage.cache_write.input_tokens', '{token}')
  const usageReasoning = counter('gen_ai.client.inference.usage.reasoning.output_tokens', '{token}')
  const operationInput = histogram('gen_ai.client.inference.operation.input_tokens', '{token}', boundaries.tokens)
  const operationOutput = histogram('gen_ai.client.inference.operation.output_tokens', '{token}', boundaries.tokens)
  const embeddingsDuration = histogram('gen_ai.client.embeddings.duration', 's', boundaries.duration)
  const embeddingsInput = histogram('gen_ai.client.embeddings.operation.input_tokens', '{token}', boundaries.tokens)
  const costs = histogram('tokmeter.operation.cost', 'USD', boundaries.cost)
  const usageMissing = counter('tokmeter.operation.usage_missing', '{operation}')
  const unpriced = counter('tokmeter.operation.unpriced', '{operation}')
  const retried = counter('tokmeter.operation.retries', '{retry}')

  /**
   * @param {Operation} operation
   * @param {readonly number[]} gapsMs
   * @param {number | undefined} dollars
   */
  return (operation, gapsMs, dollars) => {
    const { usage, error, retries, responseModel, serviceTier } = operation
    /** @type {import('@opentelemetry/api').Attributes} */
    const attributes = {
      'gen_ai.operation.name': operation.operation,
      'gen_ai.provider.name': operation.provider,
      'gen_ai.request.model': operation.requestModel,
      'server.address': operation.serverAddress,
      'server.port': operation.serverPort,
    }
    if (responseModel !== undefined) attributes['gen_ai.response.model'] = responseModel
    const withError = error === undefined ? attributes : { ...attributes, 'error.type': error.type }

    if (operation.operation === 'embeddings') {
      embeddingsDuration.record(operation.durationMs / 1000, withError)
      if (usage?.inputTokens !== undefined) embeddingsInput.record(usage.inputTokens, withError)
    } else {
      const tier = serviceTier === undefined ? undefined : { 'openai.response.service_tier': serviceTier }
      const withTier = tier === undefined ? withError : { ...withError, ...tier }
      const ofTokens = { ...attributes, ...tier, 'gen_ai.token.modality': 'unknown' }
      duration.record(operation.durationMs / 1000, withTier)
      if (operation.timeToFirstChunkMs !== undefined)
        timeToFirstChunk.record(operation.timeToFirstChunkMs / 1000, attributes)
      for (const ms of gapsMs) timePerOutputChunk.record(ms / 1000, attributes)
      usageInput.add(usage?.inputTokens ?? 0, ofTokens)
      usageOutput.add(usage?.outputTokens ?? 0, ofTokens)
      if (usage !== undefined) {
        if (usage.cacheReadTokens !== undefined) usageCacheRead.add(usage.cacheReadTokens, ofTokens)
        if (usage.cacheWriteTokens !== undefined) usageCacheWrite.add(usage.cacheWriteTokens, ofTokens)
        if (usage.reasoningTokens !== undefined) usageReasoning.add(usage.reasoningTokens, ofTokens)
        operationInput.record(usage.inputTokens, withTier)
        operationOutput.record(usage.outputTokens, withTier)
      }
    }
    if (usage === undefined) usageMissing.add(1, withError)
    if (dollars === undefined) unpriced.add(1, withError)
    else costs.record(dollars, { ...attributes, 'tokmeter.cost.source': 'catalogue' })
    if (retries !== undefined) retried.add(retries, attributes)
  }
}
