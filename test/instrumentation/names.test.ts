/** How providers are told from hosts and from the AI SDK's names, and which versions count as tested. */
import { expect, test } from 'vitest'
import { providerNamed } from '../../instrumentation/ai-provider.js'
import { endpointAt } from '../../instrumentation/provider-host.js'
import { isSupported } from '../../instrumentation/supported.js'

test('the provider is told by the host', () => {
  const f = (baseUrl: string, provider: string) =>
    expect(endpointAt(baseUrl, 'flavour').provider, baseUrl).toBe(provider)
  f('https://api.openai.com/v1', 'openai')
  f('https://eu.api.openai.com/v1', 'openai')
  f('https://mine.openai.azure.com/openai', 'azure.ai.openai')
  f('https://mine.cognitiveservices.azure.com/openai', 'azure.ai.openai')
  f('https://mine.services.ai.azure.com/models', 'azure.ai.inference')
  f('https://mine.services.ai.azure.com/openai/v1', 'azure.ai.openai')
  f('https://api.groq.com/openai/v1', 'groq')
  f('https://api.deepseek.com', 'deepseek')
  f('https://api.x.ai/v1', 'x_ai')
  f('https://api.mistral.ai/v1', 'mistral_ai')
  f('https://api.perplexity.ai', 'perplexity')
  f('https://api.moonshot.cn/v1', 'moonshot_ai')
  f('https://generativelanguage.googleapis.com/v1beta/openai/', 'gcp.gemini')
  f('https://europe-west4-aiplatform.googleapis.com/v1', 'gcp.vertex_ai')
  f('https://aiplatform.googleapis.com/v1', 'gcp.vertex_ai')
  f('https://bedrock-runtime.eu-west-1.amazonaws.com/openai/v1', 'aws.bedrock')
  f('https://bedrock-mantle.us-east-1.api.aws/v1', 'aws.bedrock')
  f('https://openrouter.ai/api/v1', 'openrouter')
  f('https://api.together.xyz/v1', 'together')
  f('https://api.fireworks.ai/inference/v1', 'fireworks')
  f('https://api.cerebras.ai/v1', 'cerebras')
  f('https://api.cohere.com/compatibility/v1', 'cohere')
  // A proxy, a gateway, a server of one's own: known is the format alone.
  f('http://localhost:11434/v1', 'flavour')
  f('https://gateway.example.com/v1', 'flavour')
  // Ends like one, and is none.
  f('https://notapi.openai.com.example.com', 'flavour')
  f('https://fakeapi.x.ai', 'flavour')
  f('no url', 'flavour')
})

test('the port is that of the scheme unless it is said', () => {
  const f = (baseUrl: string, serverAddress: string, serverPort: number) =>
    expect(endpointAt(baseUrl, 'openai')).toMatchObject({ serverAddress, serverPort })
  f('https://api.openai.com/v1', 'api.openai.com', 443)
  f('http://localhost/v1', 'localhost', 80)
  f('http://localhost:8080/v1', 'localhost', 8080)
  f('http://[::1]:8080/v1', '::1', 8080)
})

test('the AI SDK’s names become those of the conventions', () => {
  const f = (name: unknown, provider: string | undefined) => expect(providerNamed(name)).toBe(provider)
  f('openai.responses', 'openai')
  f('openai.chat', 'openai')
  f('azure.chat', 'azure.ai.openai')
  f('anthropic.messages', 'anthropic')
  f('google.generative-ai', 'gcp.gemini')
  f('google.vertex.chat', 'gcp.vertex_ai')
  f('vertex.anthropic.messages', 'gcp.vertex_ai')
  f('amazon-bedrock', 'aws.bedrock')
  f('bedrock.anthropic.messages', 'aws.bedrock')
  f('mistral.chat', 'mistral_ai')
  f('xai.responses', 'x_ai')
  f('groq.chat', 'groq')
  f('constructor', 'constructor')
  f('', undefined)
  f(undefined, undefined)
})

test('versions outside the tested range are not supported', () => {
  const f = (client: string, version: string | undefined, supported: boolean) =>
    expect(isSupported(client, version), `${client} ${version}`).toBe(supported)
  f('openai', '4.18.9', false)
  f('openai', '4.19.0', true)
  f('openai', '7.99.12', true)
  f('openai', '8.0.0', false)
  f('openai', '8.0.0-beta.1', false)
  f('openai', undefined, false)
  f('@anthropic-ai/sdk', '0.19.2', false)
  f('@anthropic-ai/sdk', '1.12.0', true)
  f('another', '1.0.0', false)
})
