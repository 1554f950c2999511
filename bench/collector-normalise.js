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
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { createIdentityHash, createPricer } from '../dist/src/core.js'
import { emit, progress } from './line.js'
import { alternate, cpuMicroseconds, errorOfMedian, median } from './rounds.js'

const { values: options } = parseArgs({
  options: { build: { type: 'string', default: 'src/collector/dist' }, fuzz: { type: 'string' } },
})
const build = new URL(`${pathToFileURL(options.build)}/`)
const { decode } = await import(new URL('otlp/decode.js', build).href)
const { createNormaliser } = await import(new URL('normalise/normalise.js', build).href)
const { SELECTIONS } = await import(new URL('normalise/dialects.js', build).href)

/** Spans of one request: the size of a batch of OpenTelemetry's own processor. */
const SPANS = 512
/** Requests of one round. */
const REQUESTS = 40
const ROUNDS = 15

const MODELS = ['gpt-4o-mini', 'gpt-4.1', 'claude-sonnet-4-5', 'gemini-2.5-flash', 'gpt-4o']
const PROVIDERS = ['openai', 'openai', 'anthropic', 'gcp.gemini', 'azure.ai.openai']
const START = 1_795_000_000_000

const prompt = JSON.stringify([{ role: 'user', parts: [{ type: 'text', content: 'word '.repeat(120) }] }])
const answer = JSON.stringify([{ role: 'assistant', parts: [{ type: 'text', content: 'word '.repeat(60) }] }])

/** @param {number} index */
function genAiAttributes(index) {
  const which = index % MODELS.length
  return {
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': PROVIDERS[which],
    'gen_ai.request.model': MODELS[which],
    'gen_ai.request.temperature': 0.7,
    'gen_ai.request.max_tokens': 1024,
    'gen_ai.request.top_p': 0.95,
    'gen_ai.request.stream': true,
    'gen_ai.response.model': MODELS[which],
    'gen_ai.response.id': `chatcmpl-${randomBytes(12).toString('hex')}`,
    'gen_ai.response.finish_reasons': ['stop'],
    'gen_ai.response.time_to_first_chunk': 0.312,
    'gen_ai.usage.input_tokens': 1200 + index,
    'gen_ai.usage.output_tokens': 300 + index,
    'gen_ai.usage.cache_read.input_tokens': 1024,
    'gen_ai.conversation.id': `conversation-${index % 50}`,
    'user.id': `user-${index % 200}`,
    'server.address': 'api.openai.com',
    'server.port': 443,
    'openai.response.service_tier': 'default',
    'gen_ai.input.messages': prompt,
    'gen_ai.output.messages': answer,
  }
}

/** @param {number} index */
function foreignAttributes(index) {
  return {
    'http.request.method': 'GET',
    'http.response.status_code': 200,
    'url.full': `https://example.com/orders/${index}?page=2&size=50`,
    'url.path': `/orders/${index}`,
    'url.scheme': 'https',
    'http.route': '/orders/:id',
    'server.address': 'example.com',
    'server.port': 443,
    'network.protocol.version': '1.1',
    'network.peer.address': '10.0.0.7',
    'user_agent.original':
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36',
    'db.system.name': 'postgresql',
    'db.query.text': 'SELECT id, name, price FROM orders WHERE customer = $1 ORDER BY created LIMIT 50',
    'db.namespace': 'shop',
    'thread.id': 1,
    'code.function.name': 'listOrders',
  }
}

/** @param {BinaryWriter} writer @param {number} field @param {(writer: BinaryWriter) => void} write */
function message(writer, field, write) {
  writer.tag(field, WireType.LengthDelimited).fork()
  write(writer)
  writer.join()
}

/** @param {BinaryWriter} writer @param {any} value */
function writeValue(writer, value) {
  if (typeof value === 'string') writer.tag(1, WireType.LengthDelimited).string(value)
  else if (typeof value === 'boolean') writer.tag(2, WireType.Varint).bool(value)
  else if (Number.isInteger(value)) writer.tag(3, WireType.Varint).int64(value)
  else if (typeof value === 'number') writer.tag(4, WireType.Bit64).double(value)
  else {
    message(writer, 5, (list) => {
      for (const one of value) message(list, 1, (any) => writeValue(any, one))
    })
  }
}

/** @param {BinaryWriter} writer @param {number} field @param {Record<string, any>} attributes */
function writeAttributes(writer, field, attributes) {
  for (const [key, value] of Object.entries(attributes)) {
    message(writer, field, (pair) => {
      pair.tag(1, WireType.LengthDelimited).string(key)
      message(pair, 2, (any) => writeValue(any, value))
    })
  }
}

const RESOURCE = {
  'service.name': 'chat-api',
  'deployment.environment.name': 'production',
  'cloud.region': 'eu-west-1',
}

/** @param {(index: number) => Record<string, any>} attributesOf @param {number} [count] Spans. */
function protobufTraces(attributesOf, count = SPANS) {
  const writer = new BinaryWriter()
  message(writer, 1, (resourceSpans) => {
    message(resourceSpans, 1, (resource) => writeAttributes(resource, 1, RESOURCE))
    message(resourceSpans, 2, (scopeSpans) => {
      message(scopeSpans, 1, (scope) => scope.tag(1, WireType.LengthDelimited).string('some-instrumentation'))
      for (let index = 0; index < count; index++) {
        message(scopeSpans, 2, (span) => {
          span.tag(1, WireType.LengthDelimited).bytes(randomBytes(16))
          span.tag(2, WireType.LengthDelimited).bytes(randomBytes(8))
          span.tag(4, WireType.LengthDelimited).bytes(randomBytes(8))
          span.tag(5, WireType.LengthDelimited).string('chat gpt-4o-mini')
          span.tag(6, WireType.Varint).int32(3)
          span.tag(7, WireType.Bit64).fixed64(BigInt(START + index) * 1_000_000n + 123_456n)
          span.tag(8, WireType.Bit64).fixed64(BigInt(START + index + 1500) * 1_000_000n)
          writeAttributes(span, 9, attributesOf(index))
          message(span, 15, () => {})
        })
      }
    })
  })
  return writer.finish()
}

/** @param {any} value @returns {any} */
function jsonValue(value) {
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  if (Number.isInteger(value)) return { intValue: value }
  if (typeof value === 'number') return { doubleValue: value }
  return { arrayValue: { values: value.map(jsonValue) } }
}

/** @param {Record<string, any>} attributes */
const jsonAttributes = (attributes) =>
  Object.entries(attributes).map(([key, value]) => ({ key, value: jsonValue(value) }))

/** @param {number} [count] Spans. */
function jsonTraces(count = SPANS) {
  const spans = Array.from({ length: count }, (_, index) => ({
    traceId: randomBytes(16).toString('hex'),
    spanId: randomBytes(8).toString('hex'),
    parentSpanId: randomBytes(8).toString('hex'),
    name: 'chat gpt-4o-mini',
    kind: 3,
    startTimeUnixNano: String(BigInt(START + index) * 1_000_000n),
    endTimeUnixNano: String(BigInt(START + index + 1500) * 1_000_000n),
    attributes: jsonAttributes(genAiAttributes(index)),
    status: {},
  }))
  const request = {
    resourceSpans: [
      {
        resource: { attributes: jsonAttributes(RESOURCE) },
        scopeSpans: [{ scope: { name: 'some-instrumentation' }, spans }],
      },
    ],
  }
  return new Uint8Array(Buffer.from(JSON.stringify(request)))
}

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
