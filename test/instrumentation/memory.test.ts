/** What is kept for a call goes with it: streams nobody reads, promises nobody awaits, whatever the application holds on to. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Emulator, startEmulator } from '../../demo/emulator.js'
import { type Consumer, createConsumer } from './consumer.js'

const CALLS = 300

const FILES = {
  'leave.mjs': `
    import { setTimeout as delay } from 'node:timers/promises'
    import OpenAI from 'openai'
    import { start } from 'tokmeter'
    import { instrument } from 'tokmeter/instrumentation'
    const tokmeter = start({ otlp: false, prometheus: false, registerGlobally: false })
    const openai = instrument(new OpenAI({ apiKey: 'key', baseURL: process.env.PROVIDER + '/v1' }))
    const parameters = { model: 'gpt-test', messages: [], stream: true }
    const options = { headers: { 'x-emulate': JSON.stringify({ chunks: 20 }) } }
    // One that lives as long as the program, as many have it.
    const shutdown = new AbortController()
    const streams = []
    const leave = {
      async unread() { streams.push(new WeakRef(await openai.chat.completions.create(parameters, options))) },
      async signal() { streams.push(new WeakRef(await openai.chat.completions.create(parameters, { ...options, signal: shutdown.signal }))) },
      async begun() {
        const stream = await openai.chat.completions.create(parameters, options)
        await stream[Symbol.asyncIterator]().next()
        streams.push(new WeakRef(stream))
      },
      async promise() {
        const promise = openai.chat.completions.create({ ...parameters, stream: false })
        streams.push(new WeakRef(promise))
        await delay(5)
      },
    }[process.argv[2]]
    for (let index = 0; index < ${CALLS}; index += 10) await Promise.all(Array.from({ length: 10 }, leave))
    for (let round = 0; round < 160 && tokmeter.stats().open > 0; round++) {
      await delay(25)
      gc()
    }
    await tokmeter.forceFlush()
    const alive = streams.filter((stream) => stream.deref() !== undefined).length
    const { open, recorded, totals } = tokmeter.stats()
    console.log(JSON.stringify({ open, recorded, operations: totals.operations, alive }))
    process.exit()`,
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

test.for(['unread', 'signal', 'begun', 'promise'])(
  '%s: all is let go of, and each is counted',
  { timeout: 60_000 },
  async (way) => {
    const output = await consumer.run(['--expose-gc', 'leave.mjs', way], { PROVIDER: emulator.url })
    const { open, recorded, operations, alive } = JSON.parse(output)
    // The collector of garbage owes nobody the last few.
    expect(open).toBeLessThan(CALLS / 20)
    expect(recorded).toBe(CALLS - open)
    expect(operations).toBe(recorded)
    // Where the client itself ties its request to the caller's signal, it is the client that keeps it.
    if (way !== 'signal') expect(alive).toBeLessThan(CALLS / 20)
  },
)
