/** What `record` costs the caller, beside making the same measurements on the spot. Prints JSON lines. */
import { MeterProvider } from '@opentelemetry/sdk-metrics'
import { start } from 'tokmeter'
import { createPricer } from '../dist/src/price.js'
import { createDirect } from './direct.js'
import { emit, progress } from './line.js'
import { createSamples } from './operations.js'
import { checkSame, ManualReader } from './reader.js'
import { alternate, median } from './rounds.js'

/** Half the buffer, so that it is never full. */
const OPERATIONS = 5000
/** As many different ones as stay in the processor's cache: in life an operation is recorded right after it was made. */
const DIFFERENT = 64
const isShort = process.argv.includes('--short')

const samples = createSamples(DIFFERENT, { isByHand: true })
const operations = samples.map(({ operation }) => operation)
const pricer = createPricer()
const dollars = operations.map((operation) => {
  const cost = pricer.price(operation)
  return cost && cost.nanoDollars / 1e9
})

const reader = new ManualReader()
const tokmeter = start({ readers: [reader], prometheus: false, otlp: false, registerGlobally: false })
const directReader = new ManualReader()
const directProvider = new MeterProvider({ readers: [directReader] })
const measureDirectly = createDirect(directProvider.getMeter('direct'))

/** @param {() => void} work */
function nanosecondsPerOperation(work) {
  const begin = process.hrtime.bigint()
  work()
  return Number(process.hrtime.bigint() - begin) / OPERATIONS
}

async function recordRound() {
  const nanoseconds = nanosecondsPerOperation(() => {
    for (let index = 0; index < OPERATIONS; index++) tokmeter.record(operations[index % DIFFERENT])
  })
  await tokmeter.forceFlush()
  return nanoseconds
}

/** With the making of the operation, as it stands in a program. */
async function literalRound() {
  const nanoseconds = nanosecondsPerOperation(() => {
    for (let index = 0; index < OPERATIONS; index++) {
      tokmeter.record({
        operation: 'chat',
        provider: 'openai',
        requestModel: 'gpt-4o-mini',
        responseModel: 'gpt-4o-mini-2024-07-18',
        startTime: 1_780_000_000_000 + index,
        durationMs: 800.5 + index,
        usage: { inputTokens: 1200 + index, outputTokens: 300, cacheReadTokens: 1024 },
        finishReason: 'stop',
        serverAddress: 'api.openai.com',
        serverPort: 443,
      })
    }
  })
  await tokmeter.forceFlush()
  return nanoseconds
}

function directRound() {
  return nanosecondsPerOperation(() => {
    for (let index = 0; index < OPERATIONS; index++) {
      const which = index % DIFFERENT
      measureDirectly(operations[which], samples[which].gapsMs, dollars[which])
    }
  })
}

progress('record: tokmeter.record(operation) beside direct OTel calls')
const { record, direct } = await alternate(
  { record: recordRound, direct: directRound },
  { rounds: isShort ? 20 : 60, warmUp: 10 },
)
const { recorded, measured, size } = tokmeter.stats()
if (recorded !== measured || size !== 0)
  throw new Error(`BUG: ${recorded} recorded, ${measured} measured, ${size} left`)
await checkSame(reader, directReader)
const { literal } = await alternate({ literal: literalRound }, { rounds: isShort ? 20 : 60, warmUp: 10 })

emit({
  name: 'record',
  value: median(record),
  unit: 'ns/operation',
  rival: 'direct OTel calls',
  ratio: median(record) / median(direct),
  rivalValue: median(direct),
  limits: { atMost: 150, ratioAtMost: 0.01 },
})
emit({
  name: 'record.literal',
  value: median(literal),
  unit: 'ns/operation',
  note: 'as record, with the making of the operation',
})
await tokmeter.shutdown()
await directProvider.shutdown()
