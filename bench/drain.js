/** CPU of draining an operation - cleaning, pricing, totals, measuring - beside the same direct OTel calls alone. Prints JSON lines. */
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
 * @param {import('./operations.js').Sample[]} samples
 * @param {{ limits?: import('./line.js').Limits, note?: string }} details
 */
async function compare(name, samples, details) {
  progress(`${name}: draining ${OPERATIONS} operations beside direct OTel calls`)
  const pricer = createPricer()
  const dollars = samples.map(({ operation }) => {
    const cost = pricer.price(operation)
    return cost && cost.nanoDollars / 1e9
  })
  const reader = new ManualReader()
  const tokmeter = start({ readers: [reader], prometheus: false, otlp: false, registerGlobally: false })
  const directReader = new ManualReader()
  const directProvider = new MeterProvider({ readers: [directReader] })
  const measureDirectly = createDirect(directProvider.getMeter('direct'))

  const drainRound = async () => {
    for (const { operation } of samples) tokmeter.record(operation)
    const begin = cpuMicroseconds()
    await tokmeter.forceFlush()
    return (cpuMicroseconds() - begin) / samples.length
  }
  const directRound = () => {
    const begin = cpuMicroseconds()
    for (let index = 0; index < samples.length; index++) {
      measureDirectly(samples[index].operation, samples[index].gapsMs, dollars[index])
    }
    return (cpuMicroseconds() - begin) / samples.length
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
if (isWanted('drain')) await compare('drain', createSamples(OPERATIONS), { limits })
if (isWanted('drain.stream')) {
  const samples = createSamples(OPERATIONS, { chunks: 20, isStreamOnly: true })
  await compare('drain.stream', samples, { limits, note: '19 gaps each, one measurement a gap on both sides' })
}
if (isWanted('drain.shapes')) {
  const note = 'as drain, recorded by hand in eight places, each with the fields it knows'
  await compare('drain.shapes', createSamples(OPERATIONS, { isByHand: true }), { note })
}
