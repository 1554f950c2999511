/**
 * What the collector spends on a span before it is queued: decoding, reading its dialect, cleaning, pricing. GenAI spans as a busy
 * program sends them, spans that are none of its business, log events, JSON. Prints JSON lines; `--fuzz <inputs>` instead throws that
 * many broken requests at it.
 *
 *     node bench/collector-normalise.js [--build <folder of the compiled collector>] [--fuzz 1000000]
 */
import { randomBytes, randomInt } from 'node:crypto'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { createIdentityHash, createPricer } from '../dist/src/core.js'
import { emit, progress } from './line.js'
import { foreignAttributes, genAiAttributes, jsonTraces, protobufTraces, SPANS } from './otlp-bodies.js'
import { alternate, cpuMicroseconds, errorOfMedian, median } from './rounds.js'

const { values: options } = parseArgs({
  options: {
    build: { type: 'string', default: 'src/collector/dist' },
    fuzz: { type: 'string' },
    short: { type: 'boolean' },
  },
  // Names, which the command that runs all benches gives: everything here is one run.
  allowPositionals: true,
})
const build = new URL(`${pathToFileURL(options.build)}/`)
const { decode } = await import(new URL('otlp/decode.js', build).href)
const { createNormaliser } = await import(new URL('normalise/normalise.js', build).href)
const { SELECTIONS } = await import(new URL('normalise/dialects.js', build).href)

/** Requests of one round. */
const REQUESTS = 40
const ROUNDS = options.short ? 5 : 15

const pricer = createPricer()
const hashIdentity = createIdentityHash('bench')
const newNormaliser = () => createNormaliser({ price: (operation) => pricer.price(operation), hashIdentity })

if (options.fuzz === undefined) await measure()
else fuzz(Number(options.fuzz))

async function measure() {
  // As many different requests as a round has: a collector never sees one twice.
  const several = (/** @type {() => Uint8Array} */ make) => Array.from({ length: REQUESTS }, () => make())
  const genAi = several(() => protobufTraces(genAiAttributes))
  const foreign = several(() => protobufTraces(foreignAttributes))
  const json = several(jsonTraces)
  const normalise = newNormaliser()
  progress(
    `${SPANS} spans a request, ${genAi[0].length >> 10} KiB GenAI, ${foreign[0].length >> 10} KiB others, ${json[0].length >> 10} KiB JSON`,
  )

  /** @param {Uint8Array[]} bodies @param {(body: Uint8Array) => number} work */
  const round = (bodies, work) => () => {
    const begin = cpuMicroseconds()
    let items = 0
    for (const body of bodies) items += work(body)
    return (cpuMicroseconds() - begin) / items
  }
  const results = await alternate(
    {
      'normalise.span': round(genAi, (body) => {
        const { operations } = normalise(decode('traces', 'protobuf', body, SELECTIONS))
        if (operations.length !== SPANS) throw new Error(`BUG: ${operations.length} operations`)
        return SPANS
      }),
      'normalise.decode': round(genAi, (body) => decode('traces', 'protobuf', body, SELECTIONS).count),
      'normalise.foreign': round(foreign, (body) => {
        const { foreign: passed } = normalise(decode('traces', 'protobuf', body, SELECTIONS))
        if (passed !== SPANS) throw new Error(`BUG: ${passed} passed`)
        return SPANS
      }),
      'normalise.json': round(json, (body) => normalise(decode('traces', 'json', body, SELECTIONS)).items),
    },
    { rounds: ROUNDS, warmUp: 5 },
  )
  /** @type {Record<string, { limits?: import('./line.js').Limits, note: string }>} */
  const about = {
    'normalise.span': {
      limits: { atMost: 8 },
      note: 'CPU of a GenAI span of 21 attributes: decode, dialect, clean, price',
    },
    'normalise.decode': { note: 'of that, decoding' },
    'normalise.foreign': { note: 'CPU of a span of 16 attributes without a GenAI one' },
    'normalise.json': { note: 'CPU of the same GenAI span in JSON' },
  }
  for (const [name, values] of Object.entries(results)) {
    emit({ name, value: median(values), unit: 'µs', error: errorOfMedian(values), ...about[name] })
  }
}

/** Random bytes, and real requests with some bytes changed, removed or added: each is read, or refused as InvalidOtlp. @param {number} inputs */
function fuzz(inputs) {
  const normalise = newNormaliser()
  const seeds = { protobuf: protobufTraces(genAiAttributes, 3), json: jsonTraces(3) }
  const counts = { read: 0, refused: 0 }
  for (let index = 0; index < inputs; index++) {
    const encoding = index % 2 === 0 ? 'protobuf' : 'json'
    const signal = ['traces', 'logs', 'metrics'][randomInt(3)]
    const body = index % 5 === 0 ? randomBytes(randomInt(200)) : mutated(seeds[encoding])
    try {
      normalise(decode(signal, encoding, body, index % 3 === 0 ? undefined : SELECTIONS))
      counts.read++
    } catch (error) {
      if (error?.name !== 'InvalidOtlp') throw error
      counts.refused++
    }
    if (index % 100_000 === 99_999) progress(`${index + 1} inputs: ${counts.read} read, ${counts.refused} refused`)
  }
  emit({
    name: 'normalise.fuzz',
    value: inputs,
    unit: 'inputs',
    limits: { atLeast: inputs },
    note: `${counts.read} read, ${counts.refused} refused as InvalidOtlp, no other error`,
  })
}

/** @param {Uint8Array} seed */
function mutated(seed) {
  let body = Buffer.from(randomInt(4) === 0 ? seed.subarray(0, randomInt(seed.length)) : seed)
  for (let changes = randomInt(5); changes > 0 && body.length > 0; changes--) {
    const at = randomInt(body.length)
    const kind = randomInt(3)
    if (kind === 0) body[at] = randomInt(256)
    else if (kind === 1) body = Buffer.concat([body.subarray(0, at), body.subarray(at + 1 + randomInt(8))])
    else body = Buffer.concat([body.subarray(0, at), randomBytes(1 + randomInt(8)), body.subarray(at)])
  }
  return body
}
