/** An openai client does the same with instrumentation as without, and each call is counted once with the right numbers. */
import { loadOpenAI } from './client-under-test.js'
import { testCompatibility } from './compatibility-test.js'
import { CHAT_ROWS } from './openai-chat-rows.js'
import { HELPERS_AND_OTHERS } from './openai-helper-rows.js'
import { STREAM_ROWS } from './openai-stream-rows.js'

const { version, exports } = await loadOpenAI()

await testCompatibility(`openai ${version}`, (url) => new exports.default({ apiKey: 'key', baseURL: `${url}/v1` }), [
  ...CHAT_ROWS,
  ...STREAM_ROWS,
  ...HELPERS_AND_OTHERS,
])
