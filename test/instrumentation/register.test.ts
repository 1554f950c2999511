/** `tokmeter/register` in programs of every kind: each client is counted, once, however and whenever it was loaded. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Emulator, startEmulator } from '../../demo/emulator.js'
import { type Consumer, createConsumer } from './consumer.js'

const FILES = {
  // What is counted is read from the SDK that runs, which every copy of the package finds in the same place.
  'calls.cjs': `
    exports.call = async (model, Client, options) => {
      const isOpenAI = 'Embeddings' in Client
      const client = new Client({ apiKey: 'key', baseURL: process.env.PROVIDER + (isOpenAI ? '/v1' : ''), ...options })
      const parameters = { model, max_tokens: 5, messages: [{ role: 'user', content: 'Say something.' }] }
      return (await (isOpenAI ? client.chat.completions : client.messages).create(parameters)).id
    }
    exports.tell = () => {
      const { running } = globalThis[Symbol.for('tokmeter.active.1')] ?? {}
      const { byModel, untestedClients } = running?.stats() ?? { byModel: {}, untestedClients: [] }
      const counts = Object.fromEntries(Object.entries(byModel).map(([model, { operations }]) => [model, operations]))
      console.log(JSON.stringify({ counts, untestedClients }))
    }`,
  'app.mjs': `
    import OpenAI from 'openai'
    import Anthropic from '@anthropic-ai/sdk'
    import { call, tell } from './calls.cjs'
    await call('openai', OpenAI)
    await call('anthropic', Anthropic)
    tell()`,
  'app.cjs': `
    const OpenAI = require('openai')
    const { Anthropic } = require('@anthropic-ai/sdk')
    const { call, tell } = require('./calls.cjs')
    call('openai', OpenAI).then(() => call('anthropic', Anthropic)).then(tell)`,
  'both.mjs': `
    import { createRequire } from 'node:module'
    import { OpenAI } from 'openai/client'
    import { AzureOpenAI } from 'openai'
    import { Anthropic } from '@anthropic-ai/sdk/client'
    import { instrument } from 'tokmeter/instrumentation'
    import { call, tell } from './calls.cjs'
    const require = createRequire(import.meta.url)
    await call('deep', OpenAI)
    await call('azure', AzureOpenAI, { apiVersion: '2024-10-21', baseURL: process.env.PROVIDER + '/openai' })
    await call('anthropic', Anthropic)
    await call('required', require('openai'))
    await call('required deep', require('openai/client').OpenAI)
    await call('required anthropic', require('@anthropic-ai/sdk'))
    instrument(new OpenAI({ apiKey: 'key' }))
    await call('instrumented as well', OpenAI)
    tell()`,
  'in-code.mjs': `
    import OpenAI from 'openai'
    import { call, tell } from './calls.cjs'
    import 'tokmeter/register'
    const first = call('first', OpenAI)
    const { default: Anthropic } = await import('@anthropic-ai/sdk')
    await call('second', Anthropic)
    await first
    tell()`,
  'in-code.cjs': `
    const OpenAI = require('openai')
    const { call, tell } = require('./calls.cjs')
    require('tokmeter/register')
    const { Anthropic } = require('@anthropic-ai/sdk')
    call('before', OpenAI).then(() => call('after', Anthropic)).then(() => import('openai')).then((openai) => call('imported', openai.default)).then(tell)`,
  'preload.mjs': `import 'openai'`,
  'ai.mjs': `
    import { generateText } from 'ai'
    import { tell } from './calls.cjs'
    const usage = { inputTokens: { total: 3 }, outputTokens: { total: 4 } }
    const answer = { content: [{ type: 'text', text: 'a' }], finishReason: { unified: 'stop' }, usage, warnings: [] }
    const model = { specificationVersion: 'v4', provider: 'mine.chat', modelId: 'mine', supportedUrls: {}, doGenerate: async () => answer }
    await generateText({ model, prompt: 'a' })
    tell()`,
  'old/node_modules/ai/package.json': `{ "name": "ai", "version": "6.0.1", "type": "module", "main": "dist/index.js" }`,
  'old/node_modules/ai/dist/index.js': `export const old = true`,
  'old/app.mjs': `
    import 'ai'
    import { tell } from '../calls.cjs'
    tell()`,
  'idle.mjs': `
    import { call } from './calls.cjs'
    import OpenAI from 'openai'
    await call('openai', OpenAI)
    console.log('called')
    setInterval(() => {}, 1000)
    setTimeout(() => process.kill(process.pid, 'SIGTERM'), 20)`,
}

let consumer: Consumer
let emulator: Emulator
beforeAll(async () => {
  emulator = await startEmulator()
  consumer = createConsumer(FILES)
}, 60_000)
afterAll(async () => {
  consumer.remove()
  await emulator.close()
})

describe('register', () => {
  const f = async (
    args: string[],
    counts: { [model: string]: number },
    environment: { [name: string]: string } = {},
  ) => {
    const output = await consumer.run(args, { PROVIDER: emulator.url, ...environment })
    // Nothing but what the program prints: no warning, from us or from Node.
    expect(output.trimEnd().split('\n')).toHaveLength(1)
    expect(JSON.parse(output)).toEqual({ counts, untestedClients: [] })
  }
  const preload = (way: string) => [way, 'tokmeter/register']
  const BOTH = { openai: 1, anthropic: 1 }

  test('--import, ES modules', () => f([...preload('--import'), 'app.mjs'], BOTH))
  test('--import, CommonJS', () => f([...preload('--import'), 'app.cjs'], BOTH))
  test('--require, ES modules', () => f([...preload('--require'), 'app.mjs'], BOTH))
  test('--require, CommonJS', () => f([...preload('--require'), 'app.cjs'], BOTH))
  test('NODE_OPTIONS', () => f(['app.mjs'], BOTH, { NODE_OPTIONS: '--import tokmeter/register' }))
  test('given twice', () => f([...preload('--require'), ...preload('--import'), 'app.mjs'], BOTH))
  test('deep imports, subclasses, both copies, and instrument() besides', () =>
    f([...preload('--import'), 'both.mjs'], {
      deep: 1,
      azure: 1,
      anthropic: 1,
      required: 1,
      'required deep': 1,
      'required anthropic': 1,
      'instrumented as well': 1,
    }))
  test('imported by the program itself, after the client', () => f(['in-code.mjs'], { second: 1, first: 1 }))
  test('required by the program itself, after one client and before another', () =>
    f(['in-code.cjs'], { before: 1, after: 1, imported: 1 }))
  test('after another preload that imports the client', () =>
    f(['--import', './preload.mjs', ...preload('--import'), 'app.mjs'], BOTH))
  test('the AI SDK', () => f([...preload('--import'), 'ai.mjs'], { mine: 1 }))
  test('an AI SDK too old to tell anything is reported', async () => {
    const output = await consumer.run(['--no-warnings', ...preload('--import'), 'old/app.mjs'])
    expect(JSON.parse(output)).toEqual({ counts: {}, untestedClients: [{ client: 'ai', version: '6.0.1' }] })
  })

  test('TOKMETER_START=false starts nothing', () =>
    f([...preload('--import'), 'app.mjs'], {}, { TOKMETER_START: 'false' }))

  test('a signal still ends the process', async () => {
    const output = await consumer.run([...preload('--import'), 'idle.mjs'], { PROVIDER: emulator.url })
    expect(output).toBe('called\n')
  })
})
