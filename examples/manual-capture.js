// Whatever has no instrumentation: measure, begin, record.
import { setTimeout as sleep } from 'node:timers/promises'
import { start } from 'tokmeter'

const tokmeter = start({
  prometheus: { port: 0 },
  prices: [{ model: 'our-model', inputPerMillion: 0.2, outputPerMillion: 0.6 }],
})

// A function, timed; what it throws is counted and thrown on. The last argument reads the usage from its result.
const answer = await tokmeter.measure(
  { operation: 'chat', provider: 'ours', requestModel: 'our-model' },
  async () => {
    await sleep(20)
    return { text: 'Hello.', tokens: { in: 12, out: 3 } }
  },
  ({ tokens }) => ({ usage: { inputTokens: tokens.in, outputTokens: tokens.out }, finishReason: 'stop' }),
)
console.log(answer.text)

// A stream, chunk by chunk. Whatever comes first of `end` and `fail` makes it one operation.
const stream = tokmeter.begin({ operation: 'chat', provider: 'ours', requestModel: 'our-model', streamed: true })
try {
  for (const _word of ['One', 'two', 'three']) {
    await sleep(5)
    stream.chunk()
  }
  stream.end({ usage: { inputTokens: 10, outputTokens: 3 }, finishReason: 'stop' })
} catch (error) {
  stream.fail(error)
}

// Tools, agents and workflows are operations too.
await tokmeter.measure({ operation: 'invoke_agent', agentName: 'helper' }, () =>
  tokmeter.measure({ operation: 'execute_tool', toolName: 'search', toolType: 'function' }, () => sleep(5)),
)

// What is finished already, from a log or a batch.
tokmeter.record({
  operation: 'chat',
  provider: 'ours',
  requestModel: 'our-model',
  durationMs: 850,
  usage: { inputTokens: 1000, outputTokens: 200 },
})

const { recorded, totals } = tokmeter.stats()
console.log(recorded, 'operations,', totals.costNanoDollars, 'nano-dollars')
await tokmeter.shutdown()
