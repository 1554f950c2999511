/** Which provider answers at a host, in the names of the OpenTelemetry conventions. */

/** Endings of host names; the first that fits wins. */
const PROVIDERS: readonly (readonly [suffix: string, provider: string])[] = [
  ['api.openai.com', 'openai'],
  ['openai.azure.com', 'azure.ai.openai'],
  ['cognitiveservices.azure.com', 'azure.ai.openai'],
  ['services.ai.azure.com', 'azure.ai.inference'],
  ['models.ai.azure.com', 'azure.ai.inference'],
  ['inference.ai.azure.com', 'azure.ai.inference'],
  ['api.anthropic.com', 'anthropic'],
  ['api.groq.com', 'groq'],
  ['api.deepseek.com', 'deepseek'],
  ['api.x.ai', 'x_ai'],
  ['api.mistral.ai', 'mistral_ai'],
  ['api.perplexity.ai', 'perplexity'],
  ['api.moonshot.ai', 'moonshot_ai'],
  ['api.moonshot.cn', 'moonshot_ai'],
  ['generativelanguage.googleapis.com', 'gcp.gemini'],
  ['aiplatform.googleapis.com', 'gcp.vertex_ai'],
  ['api.cohere.com', 'cohere'],
  ['api.cohere.ai', 'cohere'],
  ['ml.cloud.ibm.com', 'ibm.watsonx.ai'],
  // Names the conventions do not list; they allow such.
  ['openrouter.ai', 'openrouter'],
  ['api.together.xyz', 'together'],
  ['api.together.ai', 'together'],
  ['api.fireworks.ai', 'fireworks'],
  ['api.cerebras.ai', 'cerebras'],
]

/** Where a client sends its requests, and who answers there. */
export type Endpoint = {
  readonly provider: string
  readonly serverAddress: string | undefined
  readonly serverPort: number | undefined
}

/**
 * The endpoint at `baseUrl`. A host nobody knows is a proxy, a gateway or a server of one's own: then the provider is `flavour`,
 * the format the client speaks, as the conventions have it.
 */
export function endpointAt(baseUrl: unknown, flavour: string): Endpoint {
  if (typeof baseUrl !== 'string' || !URL.canParse(baseUrl)) {
    return { provider: flavour, serverAddress: undefined, serverPort: undefined }
  }
  const { hostname, port, protocol, pathname } = new URL(baseUrl)
  return {
    provider: providerAt(hostname, pathname) ?? flavour,
    serverAddress: hostname === '' ? undefined : hostname.replace(/^\[(.*)\]$/, '$1'),
    serverPort: port === '' ? DEFAULT_PORTS[protocol] : Number(port),
  }
}

const DEFAULT_PORTS: { readonly [protocol: string]: number | undefined } = { 'https:': 443, 'http:': 80 }

function providerAt(hostname: string, pathname: string): string | undefined {
  // Regional hosts: bedrock-runtime.eu-west-1.amazonaws.com, bedrock-mantle.us-east-1.api.aws, europe-west4-aiplatform.googleapis.com.
  if (/^bedrock[a-z-]*\..*\.(amazonaws\.com(\.cn)?|api\.aws)$/.test(hostname)) return 'aws.bedrock'
  if (hostname.endsWith('-aiplatform.googleapis.com')) return 'gcp.vertex_ai'
  for (const [suffix, provider] of PROVIDERS) {
    if (hostname !== suffix && !hostname.endsWith(`.${suffix}`)) continue
    // One Azure host serves two APIs.
    return provider === 'azure.ai.inference' && pathname.startsWith('/openai') ? 'azure.ai.openai' : provider
  }
  return undefined
}

const known = new WeakMap<object, { readonly baseUrl: unknown; readonly endpoint: Endpoint }>()

/** The endpoint of a client, read anew only when its base URL has changed. */
export function endpointOf(client: { readonly baseURL?: unknown }, flavour: string): Endpoint {
  const baseUrl = client.baseURL
  const entry = known.get(client)
  if (entry !== undefined && entry.baseUrl === baseUrl) return entry.endpoint
  const endpoint = endpointAt(baseUrl, flavour)
  known.set(client, { baseUrl, endpoint })
  return endpoint
}
