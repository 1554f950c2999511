/**
 * Has Prometheus' own promtool judge the page of metrics: one with every metric of the catalogue in both editions, its names
 * and values hostile where they come from outside. Needs `promtool` (Debian: the package `prometheus`).
 */
import { spawnSync } from 'node:child_process'
import { start } from 'tokmeter'

const hostile = [
  'plain',
  'quote"d',
  'back\\slash',
  'new\nline',
  'carriage\rreturn',
  'U+2028\u2028here',
  'lone\ud800surrogate',
  'emoji 😀',
  '}{,="',
  '# HELP x y',
  '__proto__',
  'x'.repeat(10_000),
]
const usage = {
  inputTokens: 100,
  outputTokens: 50,
  cacheReadTokens: 10,
  cacheWriteTokens: 5,
  reasoningTokens: 7,
  inputByModality: { text: 60, audio: 20, image: 5 },
}

const tokmeter = start({ prometheus: { port: 0 }, semconv: 'both', hostMetrics: true, runtimeMetrics: true })
for (const name of hostile) {
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

const { status, stdout, stderr, error } = spawnSync('promtool', ['check', 'metrics'], { input: page, encoding: 'utf8' })
const samples = page.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length
const families = page.split('\n').filter((line) => line.startsWith('# TYPE')).length
if (error !== undefined) console.log(`promtool cannot be run: ${error.message} (Debian: apt-get install prometheus)`)
process.stdout.write(`${stdout ?? ''}${stderr ?? ''}`)
console.log(
  `promtool check metrics: ${samples} samples of ${families} metrics, ${status === 0 ? 'clean' : 'not clean'}`,
)
process.exitCode = status === 0 ? 0 : 1
