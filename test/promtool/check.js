/**
 * Has Prometheus' own promtool judge the SDK's page of metrics: one with every metric of the catalogue in both editions, its names
 * and values hostile where they come from outside. Needs `promtool` (Debian: the package `prometheus`).
 */
import { start } from 'tokmeter'
import { HOSTILE } from './hostile.js'
import { judge } from './judge.js'

const usage = {
  inputTokens: 100,
  outputTokens: 50,
  cacheReadTokens: 10,
  cacheWriteTokens: 5,
  reasoningTokens: 7,
  inputByModality: { text: 60, audio: 20, image: 5 },
}

const tokmeter = start({ prometheus: { port: 0 }, semconv: 'both', hostMetrics: true, runtimeMetrics: true })
for (const name of HOSTILE) {
  for (const operation of ['chat', 'embeddings', 'execute_tool', 'invoke_agent', 'invoke_workflow', name]) {
    tokmeter.record({
      operation,
      provider: name,
      requestModel: name,
      responseModel: name,
      serverAddress: name,
      toolName: name,
      agentName: name,
      workflowName: name,
      durationMs: 12,
      timeToFirstChunkMs: 3,
      outputChunkGaps: [5, 3],
      inferenceCalls: 2,
      toolCalls: 1,
      retries: 1,
      usage,
      cost: { nanoDollars: 1_000_000, source: 'provider' },
    })
    tokmeter.record({ operation, provider: name, error: { type: name, message: name } })
  }
}
const url = await tokmeter.prometheus?.listening
const page = await (await fetch(String(url))).text()
await tokmeter.shutdown()

process.exitCode = judge(page) ? 0 : 1
