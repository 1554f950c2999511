/** Compares the collector's page of metrics with the operations that must be in it: sums by metric and model, exactly. */
import { BILLABLE_KINDS, operationKind } from 'tokmeter/core'
import { readMetricsPage } from '../../demo/metrics-page.js'

/** @typedef {import('./calls.js').Truth} Truth */

/** Tokens of inferences, by their metric. @type {Readonly<Record<string, keyof Truth>>} */
const TOKENS = {
  gen_ai_client_inference_usage_input_tokens_total: 'inputTokens',
  gen_ai_client_inference_usage_output_tokens_total: 'outputTokens',
  gen_ai_client_inference_usage_cache_read_input_tokens_total: 'cacheReadTokens',
  gen_ai_client_inference_usage_reasoning_output_tokens_total: 'reasoningTokens',
}

/** Counts of operations, by their kind. @type {Readonly<Record<string, string>>} */
const COUNTS = {
  inference: 'gen_ai_client_inference_duration_count',
  embeddings: 'gen_ai_client_embeddings_duration_count',
  tool: 'gen_ai_execute_tool_duration_count',
  agent: 'gen_ai_invoke_agent_duration_count',
}
const EMBEDDED = 'gen_ai_client_embeddings_operation_input_tokens_sum'
const COST = 'tokmeter_operation_cost_sum'
const UNKNOWN_USAGE = 'tokmeter_operation_usage_missing_total'
const UNPRICED = 'tokmeter_operation_unpriced_total'
const COMPARED = new Set([...Object.keys(TOKENS), ...Object.values(COUNTS), EMBEDDED, COST, UNKNOWN_USAGE, UNPRICED])

/** @param {Map<string, number>} sums @param {string} key @param {number} value */
const add = (sums, key, value) => sums.set(key, (sums.get(key) ?? 0) + value)

/** @param {string} metric @param {string | undefined} model @param {string | undefined} error */
const keyOf = (metric, model = '', error = '') => [metric, model, error].join(' ').trimEnd()

/** @param {readonly Truth[]} rows */
function sumsOfRows(rows) {
  /** @type {Map<string, number>} */
  const sums = new Map()
  for (const row of rows) {
    const kind = operationKind(row.operation)
    const model = kind === 'tool' ? undefined : row.requestModel
    add(sums, keyOf(COUNTS[kind], model, row.error), 1)
    if (kind === 'inference') {
      for (const [metric, field] of Object.entries(TOKENS)) {
        if (row[field] !== undefined) add(sums, keyOf(metric, model), Number(row[field]))
      }
    }
    if (kind === 'embeddings' && row.inputTokens !== undefined) add(sums, keyOf(EMBEDDED, model), row.inputTokens)
    // In nano-dollars, which add up exactly.
    if (row.costNanoDollars !== undefined) add(sums, keyOf(COST, model), row.costNanoDollars)
    if (!BILLABLE_KINDS.includes(kind)) continue
    if (row.inputTokens === undefined) add(sums, keyOf(UNKNOWN_USAGE, model, row.error), 1)
    if (row.costNanoDollars === undefined) add(sums, keyOf(UNPRICED, model, row.error), 1)
  }
  return sums
}

/** @param {string} page */
function sumsOfPage(page) {
  /** @type {Map<string, number>} */
  const sums = new Map()
  for (const { name, labels, value } of readMetricsPage(page)) {
    if (!COMPARED.has(name)) continue
    const isCounted = name.endsWith('_count') || name === UNKNOWN_USAGE || name === UNPRICED
    const key = keyOf(name, labels.gen_ai_request_model, isCounted ? labels.error_type : undefined)
    add(sums, key, name === COST ? Math.round(value * 1e9) : value)
  }
  return sums
}

/**
 * @param {string} page
 * @param {readonly Truth[]} rows
 * @returns {{ compared: number, differences: string[] }}
 */
export function comparePage(page, rows) {
  const wanted = sumsOfRows(rows)
  const got = sumsOfPage(page)
  const differences = []
  for (const key of new Set([...wanted.keys(), ...got.keys()])) {
    // A token count of 0 may stand there or not.
    if ((wanted.get(key) ?? 0) === (got.get(key) ?? 0)) continue
    differences.push(`/metrics: ${key} must be ${wanted.get(key) ?? 'absent'}, is ${got.get(key) ?? 'absent'}`)
  }
  return { compared: wanted.size, differences }
}
