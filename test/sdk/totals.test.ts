import { expect, test } from 'vitest'
import { RunningTotals } from '../../src/sdk/totals.js'

const usage = { inputTokens: 100, outputTokens: 20, cacheReadTokens: 30, cacheWriteTokens: 4, reasoningTokens: 5 }
const none = {
  operations: 0,
  failed: 0,
  inputTokens: 0,
  outputTokens: 0,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  reasoningTokens: 0,
  costNanoDollars: 0,
  usageUnknown: 0,
  costUnknown: 0,
  retries: 0,
}

test('totals add up what is known, and count what is not', () => {
  const totals = new RunningTotals()
  totals.add({
    operation: 'chat',
    provider: 'openai',
    requestModel: 'a',
    usage,
    cost: { nanoDollars: 7, source: 'provider' },
  })
  totals.add({ operation: 'chat', provider: 'openai', requestModel: 'a', responseModel: 'b', usage, retries: 2 })
  totals.add({ operation: 'chat', error: { type: 'TimeoutError' }, usage: { outputTokens: 1 } })
  totals.add({ operation: 'execute_tool', cost: { nanoDollars: 100, source: 'override' } })
  totals.add({ operation: 'embeddings' })
  // What an agent or a workflow reports is what the calls inside it used.
  for (const operation of ['invoke_agent', 'invoke_workflow'])
    totals.add({ operation, usage, cost: { nanoDollars: 1000, source: 'provider' }, retries: 1 })
  const { all, byModel, byProvider } = totals.snapshot()
  expect(all).toEqual({
    operations: 7,
    failed: 1,
    inputTokens: 200,
    outputTokens: 41,
    cacheReadTokens: 60,
    cacheWriteTokens: 8,
    reasoningTokens: 10,
    costNanoDollars: 107,
    usageUnknown: 1,
    costUnknown: 3,
    retries: 4,
  })
  const operations = (by: { [name: string]: { operations: number } }) =>
    Object.entries(by).map(([name, sums]) => [name, sums.operations])
  expect(operations(byModel)).toEqual([
    ['a', 1],
    ['b', 1],
    ['unknown', 5],
  ])
  expect(operations(byProvider)).toEqual([
    ['openai', 2],
    ['unknown', 5],
  ])
})

test('a snapshot stays as it was', () => {
  const totals = new RunningTotals()
  const before = totals.snapshot()
  totals.add({ operation: 'chat', requestModel: 'a' })
  expect(before).toEqual({ all: none, byModel: {}, byProvider: {} })
})

test('names are bounded: later ones are gathered under _OTHER, and nothing is lost', () => {
  const totals = new RunningTotals()
  for (let i = 0; i < 1500; i++) totals.add({ operation: 'chat', requestModel: `model-${i}` })
  const { all, byModel } = totals.snapshot()
  expect(all.operations).toBe(1500)
  expect(Object.keys(byModel)).toHaveLength(1001)
  expect(byModel['_OTHER']?.operations).toBe(500)
  expect(Object.values(byModel).reduce((sum, { operations }) => sum + operations, 0)).toBe(1500)
})

test('a model may be called anything', () => {
  const totals = new RunningTotals()
  for (const requestModel of ['__proto__', 'constructor', 'toString']) totals.add({ operation: 'chat', requestModel })
  expect(Object.keys(totals.snapshot().byModel)).toEqual(['__proto__', 'constructor', 'toString'])
})
