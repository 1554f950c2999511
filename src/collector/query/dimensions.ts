/** What operations are told apart by, in a client's words and as SQL. A name that is not here never reaches the engine. */
import { InvalidQuestion } from './invalid-question.js'
import { shown } from './time-range.js'

export type Dimension = {
  readonly name: string
  /** A SQL expression of columns that the raw operations have, and but for `isRaw` the rollups too. */
  readonly sql: string
  /** The columns in it. */
  readonly columns: readonly string[]
  /** Only the raw operations have it: identities and tags are in no rollup. */
  readonly isRaw: boolean
  readonly description: string
}

function column(name: string, of: string, description: string, isRaw = false): Dimension {
  return { name, sql: of, columns: [of], isRaw, description }
}

export const DIMENSIONS: readonly Dimension[] = [
  column('model', 'model', 'the model that was asked for, or the one that answered where that is not known'),
  column('request_model', 'request_model', 'the model that was asked for'),
  column('response_model', 'response_model', 'the model that answered'),
  column('provider', 'provider', 'who answered'),
  column('operation', 'operation', 'chat, embeddings, execute_tool, …'),
  column('service', 'service', 'service.name of the resource'),
  column('environment', 'environment', 'deployment.environment.name of the resource'),
  column('region', 'region', 'cloud.region of the resource'),
  column('agent', 'agent_name', 'name of the agent'),
  column('workflow', 'workflow_name', 'name of the workflow'),
  column('tool', 'tool_name', 'name of the tool'),
  column('error_type', 'error_type', 'error.type; empty where nothing failed'),
  column('user_id', 'user_id', 'the user, hashed as stored', true),
  column('conversation_id', 'conversation_id', 'the conversation, hashed as stored', true),
  column('finish_reason', 'finish_reason', 'why the model stopped', true),
  column('service_tier', 'service_tier', 'the tier the provider says it answered by', true),
  column('server_address', 'server_address', 'the host that was called', true),
]

export const DIMENSION_NAMES: readonly string[] = DIMENSIONS.map(({ name }) => name)

/** How a tag is named as a dimension. */
export const TAG_PREFIX = 'tag:'
// A key reaches the engine inside a literal, and the client again as a column of CSV.
const TAG_KEY = /^[\w.-]{1,64}$/

/** The dimension of a name, `tag:<key>` included. Throws InvalidQuestion for any other. */
export function dimensionOf(field: string, name: string): Dimension {
  const known = DIMENSIONS.find((dimension) => dimension.name === name)
  if (known !== undefined) return known
  if (name.startsWith(TAG_PREFIX) && TAG_KEY.test(name.slice(TAG_PREFIX.length))) {
    const key = name.slice(TAG_PREFIX.length)
    return { name, sql: `tags['${key}']`, columns: ['tags'], isRaw: true, description: `the tag ${key}` }
  }
  throw new InvalidQuestion(
    field,
    `names no dimension: ${shown(name)}; there are ${DIMENSION_NAMES.join(', ')} and tag:<key>`,
    [...DIMENSION_NAMES, 'tag:<key>'],
  )
}
