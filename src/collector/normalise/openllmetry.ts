/** OpenLLMetry (Traceloop): the conventions' attributes, and before them its own; workflows, tasks, agents and tools of its decorators. */
import { attribute, operationName } from 'tokmeter/core'
import type { Attributes, Span } from '../otlp/decoded.js'
import { isTrue, tagsUnder, textOf } from './attribute-value.js'
import { conventionDetails, conventionMarkers, conventionStatus, readConventions } from './conventions.js'
import type { Dialect, Origin } from './dialect.js'
import { type Draft, draftOf } from './draft.js'
import { failureOf } from './failure.js'
import { operationNamed, operationOfSpanName } from './operation-name.js'

const name = {
  requestType: 'llm.request.type',
  isStreaming: 'llm.is_streaming',
  finishReason: 'llm.response.finish_reason',
  kind: 'traceloop.span.kind',
  entity: 'traceloop.entity.name',
  workflow: 'traceloop.workflow.name',
} as const

const PROPERTIES = 'traceloop.association.properties.'
const SCOPE = '@traceloop/'

/** Kinds of its decorators that are operations; a task is a step. */
const KINDS: ReadonlyMap<string, string> = new Map([
  ['workflow', operationName.invokeWorkflow],
  ['agent', operationName.invokeAgent],
  ['tool', operationName.executeTool],
])

export const openllmetry: Dialect = {
  name: 'openllmetry',
  markers: [...conventionMarkers, name.requestType, name.kind],
  details: [...conventionDetails, name.isStreaming, name.finishReason, name.entity, name.workflow],
  prefixes: [PROPERTIES],

  span(span, origin) {
    const { attributes } = span
    if (!isOwn(attributes, origin)) return undefined
    const operation = operationOf(span)
    if (operation === undefined) return 'ignored'
    const draft = draftOf(operation)
    readConventions(draft, attributes)
    draft.streamed ||= isTrue(attributes[name.isStreaming])
    draft.finishReason ??= textOf(attributes[name.finishReason])
    draft.startTime = span.startTime
    draft.durationMs = span.durationMs
    draft.error = failureOf(span, attributes[attribute.errorType], conventionStatus(attributes))
    draft.workflowName ??= textOf(attributes[name.workflow])
    readEntity(draft, attributes)
    readProperties(draft, attributes)
    return draft
  },
}

function isOwn(attributes: Attributes, { scope }: Origin): boolean {
  return (
    scope.name.startsWith(SCOPE) || attributes[name.requestType] !== undefined || attributes[name.kind] !== undefined
  )
}

function operationOf(span: Span): string | undefined {
  const { attributes } = span
  const kind = textOf(attributes[name.kind])
  if (kind !== undefined) return KINDS.get(kind)
  const operation = textOf(attributes[attribute.operationName])
  if (operation !== undefined) return operationNamed(operation)
  const type = textOf(attributes[name.requestType])
  if (type === undefined || type === 'unknown') return operationOfSpanName(span.name)
  return operationNamed(type)
}

function readEntity(draft: Draft, attributes: Attributes): void {
  const entity = textOf(attributes[name.entity])
  if (draft.operation === operationName.invokeWorkflow) draft.workflowName = entity ?? draft.workflowName
  else if (draft.operation === operationName.invokeAgent) draft.agentName ??= entity
  else if (draft.operation === operationName.executeTool) draft.toolName ??= entity
}

/** What the program says of the call: who it is for, and whatever else it chose, which become tags. */
function readProperties(draft: Draft, attributes: Attributes): void {
  const tags = tagsUnder(attributes, PROPERTIES)
  if (tags === undefined) return
  for (const key of ['user_id', 'userId']) {
    if (tags[key] !== undefined) draft.userId ??= String(tags[key])
    delete tags[key]
  }
  for (const key of ['session_id', 'sessionId', 'conversation_id', 'chat_id', 'thread_id']) {
    if (tags[key] !== undefined) draft.conversationId ??= String(tags[key])
    delete tags[key]
  }
  draft.tags = tags
}
