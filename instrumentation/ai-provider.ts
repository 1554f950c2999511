/** What the AI SDK calls its providers (`openai.responses`, `vertex.anthropic.messages`), in the names of the conventions. */

/** By the first part of the AI SDK's name. What is not here keeps that part as its name. */
const PROVIDERS: { readonly [vendor: string]: string } = {
  azure: 'azure.ai.openai',
  'azure-openai': 'azure.ai.openai',
  'amazon-bedrock': 'aws.bedrock',
  bedrock: 'aws.bedrock',
  vertex: 'gcp.vertex_ai',
  'google-vertex': 'gcp.vertex_ai',
  mistral: 'mistral_ai',
  moonshot: 'moonshot_ai',
  moonshotai: 'moonshot_ai',
  togetherai: 'together',
  xai: 'x_ai',
}

/** The provider of a model, for `chat` and the like. */
export function providerNamed(name: unknown): string | undefined {
  if (typeof name !== 'string' || name === '') return undefined
  // google.generative-ai, google.vertex.chat: one vendor, two platforms.
  if (name.startsWith('google.')) return name.startsWith('google.vertex') ? 'gcp.vertex_ai' : 'gcp.gemini'
  if (name === 'google') return 'gcp.gemini'
  const vendor = name.split('.', 1)[0] ?? name
  return Object.hasOwn(PROVIDERS, vendor) ? PROVIDERS[vendor] : vendor
}
