/** Line 16: requests that use what OTLP has, of the kinds that opentelemetry-proto gives examples of. */
import { GOLDEN } from '../bodies.js'
import { ENCODINGS, expectFullSuccess, exportOf, gzippedExportOf } from '../check.js'

/** @type {import('../check.js').Check[]} */
export const GOLDEN_BODIES = GOLDEN.map(({ name, signal, body }) => ({
  name: `golden-${name}`,
  line: 16,
  level: /** @type {const} */ ('must'),
  says: `takes the golden ${name}, in both encodings, compressed or not`,
  run: async ({ client }) => {
    for (const encoding of ENCODINGS) {
      expectFullSuccess(await client.send(exportOf(signal, encoding, body)), encoding, signal)
      expectFullSuccess(await client.send(gzippedExportOf(signal, encoding, body)), encoding, signal)
    }
  },
}))
