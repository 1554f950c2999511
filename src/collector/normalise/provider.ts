/** What instrumentations call the providers, in the names of the conventions. */

/** By the whole name in lower case. What is in neither list keeps its name. */
const NAMES: ReadonlyMap<string, string> = new Map([
  ['aws', 'aws.bedrock'],
  ['aws_bedrock', 'aws.bedrock'],
  ['bedrock', 'aws.bedrock'],
  ['bedrock_converse', 'aws.bedrock'],
  ['amazon', 'aws.bedrock'],
  ['amazon-bedrock', 'aws.bedrock'],
  ['azure', 'azure.ai.openai'],
  ['azure-openai', 'azure.ai.openai'],
  ['azure_openai', 'azure.ai.openai'],
  ['azureopenai', 'azure.ai.openai'],
  ['az.ai.openai', 'azure.ai.openai'],
  ['az.ai.inference', 'azure.ai.inference'],
  ['azure_ai_inference', 'azure.ai.inference'],
  ['azure-ai-inference', 'azure.ai.inference'],
  ['gemini', 'gcp.gemini'],
  ['google', 'gcp.gemini'],
  ['google_genai', 'gcp.gemini'],
  ['google-genai', 'gcp.gemini'],
  ['google_generativeai', 'gcp.gemini'],
  ['google.generative-ai', 'gcp.gemini'],
  ['vertexai', 'gcp.vertex_ai'],
  ['vertex_ai', 'gcp.vertex_ai'],
  ['vertex-ai', 'gcp.vertex_ai'],
  ['vertex', 'gcp.vertex_ai'],
  ['google_vertexai', 'gcp.vertex_ai'],
  ['google-vertex', 'gcp.vertex_ai'],
  ['gcp', 'gcp.gen_ai'],
  ['mistral', 'mistral_ai'],
  ['mistralai', 'mistral_ai'],
  ['moonshot', 'moonshot_ai'],
  ['moonshotai', 'moonshot_ai'],
  ['xai', 'x_ai'],
  ['x.ai', 'x_ai'],
  ['x-ai', 'x_ai'],
  ['watsonx', 'ibm.watsonx.ai'],
  ['ibm_watsonx', 'ibm.watsonx.ai'],
  ['ibm.watsonx', 'ibm.watsonx.ai'],
  ['togetherai', 'together'],
  ['together_ai', 'together'],
  ['fireworks-ai', 'fireworks'],
  ['fireworks_ai', 'fireworks'],
])

/** How names of the conventions begin that have a dot in them: what stands after it is part of the name. */
const FAMILIES = ['aws.bedrock', 'azure.ai.', 'gcp.', 'ibm.watsonx.']

// Names repeat: what one became is remembered. Bounded, since they come from the wire.
const known = new Map<string, string>()
const KNOWN_LIMIT = 1000

/** A provider by the name that was sent; `undefined` where none was. */
export function providerNamed(name: string | undefined): string | undefined {
  if (name === undefined) return undefined
  const before = known.get(name)
  if (before !== undefined) return before
  const provider = lookUp(name.trim().toLowerCase())
  if (known.size >= KNOWN_LIMIT) known.clear()
  known.set(name, provider)
  return provider
}

function lookUp(name: string): string {
  const whole = NAMES.get(name)
  if (whole !== undefined) return whole
  if (FAMILIES.some((family) => name.startsWith(family))) return name
  if (name.startsWith('google.vertex')) return 'gcp.vertex_ai'
  // The AI SDK adds the API to the provider: openai.responses, anthropic.messages, amazon-bedrock.embedding.
  const vendor = name.split('.', 1)[0] ?? name
  return NAMES.get(vendor) ?? vendor
}
