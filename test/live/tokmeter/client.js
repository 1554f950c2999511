/** tokmeter's own SDK, told nothing but `OTEL_EXPORTER_OTLP_ENDPOINT`: metrics and events, in protobuf. */
import OpenAI from 'openai'
import { makeCalls } from '../calls.js'
import { PROVIDER_URL } from '../exporting.js'

await makeCalls(new OpenAI({ apiKey: 'none', baseURL: PROVIDER_URL, maxRetries: 0 }))
