/**
 * CPU of draining an operation - cleaning, pricing, totals, measuring - beside the same direct OTel calls alone. Prints JSON lines.
 * `drain.adopted` is the same with a MeterProvider of the application's: there each measurement is a call of its instruments.
 */
import { MeterProvider } from '@opentelemetry/sdk-metrics'
import { start } from 'tokmeter'
import { createPricer } from '../dist/src/price.js'
import { createDirect } from './direct.js'
import { emit, progress } from './line.js'
import { createSamples } from './operations.js'
import { checkSame, ManualReader } from './reader.js'
import { alternate, cpuMicroseconds, median } from './rounds.js'

const OPERATIONS = 5000
const names = process.argv.slice(2).filter((argument) => !argument.startsWith('--'))
const isShort = process.argv.includes('--short')

/**
 * @param {string} name
 * @param {Parameters<typeof createSamples>[1]} kind
 * @param {{ limits?: import('./line.js').Limits, note?: string }} details
 * @param {boolean} [isAdopted]
 */
async function compare(name, kind, details, isAdopted = false) {
  progress(`${name}: draining ${OPERATIONS} operations beside direct OTel calls`)
  const pricer = createPricer()
  /**
   * The operations of a round and what they cost, the same for both sides, and never seen before: their texts are new ones,
   * as those of answers are.
   * @type {Map<number, { samples: import('./operations.js').Sample[], dollars: (number | undefined)[] }>}
   */
  const rounds = new Map()
  /** @param {number} round */
  const ofRound = (round) => {
    let found = rounds.get(round)
    if (found === undefined) {
      const samples = createSamples(OPERATIONS, { ...kind, first: round * OPERATIONS })
      const dollars = samples.map(({ operation }) => {
        const cost = pricer.price(operation)
        return cost && cost.nanoDollars / 1e9
      })
      found = { samples, dollars }
      rounds.clear()
      rounds.set(round, found)
    }
    return found
  }
  const reader = new ManualReader()
  const tokmeter = start({
    ...(isAdopted ? { meterProvider: new MeterProvider({ readers: [reader] }) } : { readers: [reader] }),
    prometheus: false,
    otlp: false,
    registerGlobally: false,
  })
  const directReader = new ManualReader()
  const directProvider = new MeterProvider({ readers: [directReader] })
  const measureDirectly = createDirect(directProvider.getMeter('direct'))

  let drained = 0
  const drainRound = async () => {
    const { samples } = ofRound(drained++)
    for (const { operation } of samples) tokmeter.record(operation)
    const begin = cpuMicroseconds()
    await tokmeter.forceFlush()
    return (cpuMicroseconds() - begin) / OPERATIONS
  }
  let measuredDirectly = 0
  const directRound = () => {
    const { samples, dollars } = ofRound(measuredDirectly++)
    const begin = cpuMicroseconds()
    for (let index = 0; index < OPERATIONS; index++) {
      measureDirectly(samples[index].operation, samples[index].gapsMs, dollars[index])
    }
    return (cpuMicroseconds() - begin) / OPERATIONS
  }
  const { drain, direct } = await alternate(
    { drain: drainRound, direct: directRound },
    { rounds: isShort ? 12 : 40, warmUp: 6 },
  )
  const { recorded, measured } = tokmeter.stats()
  if (recorded !== measured) throw new Error(`BUG: ${recorded} recorded, ${measured} measured`)
  const series = await checkSame(reader, directReader)
  emit({
    name,
    value: median(drain),
    unit: 'µs CPU/operation',
    rival: 'direct OTel calls',
    ratio: median(drain) / median(direct),
    rivalValue: median(direct),
    ...details,
    series,
  })
  await tokmeter.shutdown()
  await directProvider.shutdown()
}

const isWanted = (/** @type {string} */ name) => names.length === 0 || names.includes(name)
const limits = { ratioAtMost: 0.7 }
if (isWanted('drain')) await compare('drain', {}, { limits })
if (isWanted('drain.stream')) {
  const note = '19 gaps each, one measurement a gap on both sides'
  await compare('drain.stream', { chunks: 20, isStreamOnly: true }, { limits, note })
}
if (isWanted('drain.adopted')) await compare('drain.adopted', {}, { limits }, true)
if (isWanted('drain.shapes')) {
  const note = 'as drain, recorded by hand in eight places, each with the fields it knows'
  await compare('drain.shapes', { isByHand: true }, { note })
}
