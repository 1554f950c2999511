/** OTLP requests of spans for the benches of the collector: GenAI spans as a busy program sends them, and spans of other things. */
import { randomBytes } from 'node:crypto'
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'

/** Spans of one request: the size of a batch of OpenTelemetry's own processor. */
export const SPANS = 512

const MODELS = ['gpt-4o-mini', 'gpt-4.1', 'claude-sonnet-4-5', 'gemini-2.5-flash', 'gpt-4o']
const PROVIDERS = ['openai', 'openai', 'anthropic', 'gcp.gemini', 'azure.ai.openai']
const START = 1_795_000_000_000

const prompt = JSON.stringify([{ role: 'user', parts: [{ type: 'text', content: 'word '.repeat(120) }] }])
const answer = JSON.stringify([{ role: 'assistant', parts: [{ type: 'text', content: 'word '.repeat(60) }] }])

/** Attributes of a GenAI span, content included. @param {number} index */
export function genAiAttributes(index) {
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
export function foreignAttributes(index) {
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

/** @param {(index: number) => Record<string, any>} attributesOf @param {number} [count] Spans. @param {number} [start] Epoch milliseconds of the first. */
export function protobufTraces(attributesOf, count = SPANS, start = START) {
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
          span.tag(7, WireType.Bit64).fixed64(BigInt(start + index) * 1_000_000n + 123_456n)
          span.tag(8, WireType.Bit64).fixed64(BigInt(start + index + 1500) * 1_000_000n)
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
export function jsonTraces(count = SPANS) {
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
