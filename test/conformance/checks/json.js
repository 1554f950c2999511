/** Lines 11 and 12: the JSON of OTLP, and the kinds of values attributes may have. */
import { traces } from '../bodies.js'
import { ENCODINGS, expect, expectFullSuccess, expectStatus, exportOf, partialSuccess } from '../check.js'

/** @param {object} json */
const asJson = (json) => exportOf('traces', 'json', json)

/** @param {import('../check.js').Context} context @param {object} json @param {string} what */
async function isTaken({ client }, json, what) {
  expectFullSuccess(await client.send(asJson(json)), 'json', 'traces', what)
}

/** @type {{ [name: string]: { says: string, values: object[] } }} */
const VALUES = {
  'value-empty': { says: 'takes attribute values that are empty', values: [{}] },
  'value-bytes': {
    says: 'takes attribute values of bytes',
    values: [{ bytesValue: 'AAEC/w==' }, { bytesValue: '' }],
  },
  'value-map': {
    says: 'takes attribute values that are maps, in maps too',
    values: [
      { kvlistValue: { values: [] } },
      { kvlistValue: { values: [{ key: 'a', value: { kvlistValue: { values: [{ key: 'b', value: {} }] } } }] } },
    ],
  },
  'value-mixed-list': {
    says: 'takes attribute values that are lists of different kinds',
    values: [
      { arrayValue: { values: [] } },
      {
        arrayValue: {
          values: [
            { stringValue: 'a' },
            { intValue: '1' },
            { doubleValue: 1.5 },
            { boolValue: true },
            {},
            { arrayValue: { values: [{ stringValue: 'b' }] } },
            { kvlistValue: { values: [{ key: 'c', value: { stringValue: 'd' } }] } },
            { bytesValue: 'AAEC' },
          ],
        },
      },
    ],
  },
}

/** @type {import('../check.js').Check[]} */
export const JSON_DIALECT = [
  {
    name: 'json-hex-ids',
    line: 11,
    level: 'must',
    says: 'reads trace and span ids as hex, in either letter case',
    run: async (context) => {
      await isTaken(
        context,
        traces({ traceId: '5B8EFFF798038103D269B633813FC60C', spanId: 'EEE19B7EC3C1B174' }),
        'upper case',
      )
      await isTaken(
        context,
        traces({ traceId: '5b8efff798038103d269b633813fc60c', spanId: 'eee19b7ec3c1b174' }),
        'lower case',
      )
      await isTaken(context, traces({ parentSpanId: '' }), 'a span without a parent')
    },
  },
  {
    name: 'json-no-base64-ids',
    line: 11,
    level: 'must',
    says: 'does not take ids written in base64 for ids: 400, or partial_success',
    run: async ({ client }) => {
      const answer = await client.send(asJson(traces({ traceId: 'W47/95gDgQPSabYzgT/GDA==', spanId: '7uGbfsPBsXQ=' })))
      expectStatus(answer, [200, 400], 'ids in base64')
      if (answer.status !== 200) return
      expect(partialSuccess(answer, 'json', 'traces')?.rejected === 1, 'a span with ids in base64 was taken as it is')
    },
  },
  {
    name: 'json-enums',
    line: 11,
    level: 'must',
    says: 'reads enums as numbers',
    run: async (context) => {
      for (const kind of [0, 1, 2, 3, 4, 5]) await isTaken(context, traces({ kind }), `kind ${kind}`)
      for (const code of [0, 1, 2]) await isTaken(context, traces({ status: { code } }), `status ${code}`)
      await isTaken(context, traces({ kind: 77 }), 'a kind of later versions')
      const named = await context.client.send(asJson(traces({ kind: 'SPAN_KIND_SERVER' })))
      expectStatus(named, [200, 400], 'an enum by its name, which senders must not write')
    },
  },
  {
    name: 'json-unknown-fields',
    line: 11,
    level: 'must',
    says: 'ignores fields it does not know, wherever they are',
    run: async (context) => {
      const unknown = { unknownField: { deep: [1, 'two', { three: null }] }, another: 'one' }
      const body = /** @type {any} */ (traces({ ...unknown, status: { code: 1, ...unknown } }))
      Object.assign(body, unknown)
      Object.assign(body.resourceSpans[0], unknown)
      Object.assign(body.resourceSpans[0].resource, unknown)
      Object.assign(body.resourceSpans[0].scopeSpans[0], unknown)
      Object.assign(body.resourceSpans[0].scopeSpans[0].scope, unknown)
      await isTaken(context, body, 'unknown fields at every level')
    },
  },
  {
    name: 'json-camel-case',
    line: 11,
    level: 'must',
    says: 'knows fields by their lowerCamelCase names alone: others are unknown, and ignored',
    run: async (context) => {
      await isTaken(context, { resource_spans: 'not a list' }, 'resource_spans')
      await isTaken(context, traces({ trace_id: 5, start_time_unix_nano: {} }), 'trace_id and start_time_unix_nano')
    },
  },
  {
    name: 'json-int64',
    line: 11,
    level: 'must',
    says: 'reads 64-bit integers written as text or as numbers',
    run: async (context) => {
      await isTaken(context, traces({ startTimeUnixNano: '1790000000000000000' }), 'a time as text')
      await isTaken(
        context,
        traces({ startTimeUnixNano: 1790000000000000000, endTimeUnixNano: 1790000000000000000 }),
        'a time as a number',
      )
      const values = ['-5', -5, '9223372036854775807', 0]
      await isTaken(
        context,
        traces(
          {},
          values.map((intValue, index) => ({ key: `n${index}`, value: { intValue } })),
        ),
        'integers',
      )
    },
  },
  ...Object.entries(VALUES).map(([name, { says, values }]) => ({
    name,
    line: 12,
    level: /** @type {const} */ ('must'),
    says,
    run: async (/** @type {import('../check.js').Context} */ { client }) => {
      const attributes = values.map((value, index) => ({ key: `a${index}`, value }))
      for (const encoding of ENCODINGS) {
        const answer = await client.send(exportOf('traces', encoding, traces({}, attributes)))
        expectFullSuccess(answer, encoding, 'traces')
      }
    },
  })),
]
