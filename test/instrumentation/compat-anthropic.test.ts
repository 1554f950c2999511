/** An Anthropic client does the same with instrumentation as without, and each call is counted once with the right numbers. */
import { ANTHROPIC_ROWS } from './anthropic-rows.js'
import { loadAnthropic } from './client-under-test.js'
import { testCompatibility } from './compatibility-test.js'

const { version, exports } = await loadAnthropic()

await testCompatibility(
  `@anthropic-ai/sdk ${version}`,
  (url) => new exports.default({ apiKey: 'key', baseURL: url }),
  ANTHROPIC_ROWS,
)
