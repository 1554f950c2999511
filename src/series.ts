/** Tells the series of one metric apart: which operations share their attributes, and which attributes those are, held within limits. */
import type { Attributes } from '@opentelemetry/api'
import type { AttributeSet } from './catalogue.js'
import type { Operation, TagValue } from './operation.js'
import { attribute, OTHER, OVERFLOW_ATTRIBUTE } from './semconv.js'

export type SeriesLimits = {
  /** Tags that become attributes, by name; a view asks for them. */
  readonly tagAttributes: readonly string[]
  /** Most distinct values of one attribute; what comes later is `_OTHER`. */
  readonly attributeValueLimit: number
  /** Most distinct series of attributes; what comes later goes into one series marked `otel.metric.overflow`. */
  readonly seriesLimit: number
}

/** What operations of one series have in common. */
export type SeriesIdentity = {
  /** The attributes by their set; `undefined` beyond the limit of series. */
  readonly base: { readonly [set in AttributeSet]: Attributes } | undefined
  /** The service tier of OpenAI, which only some metrics carry. */
  readonly serviceTier: string | undefined
  /** Attributes whose value was beyond its limit. */
  readonly overflowed: readonly string[]
}

/** Operations with the same key have the same identity. No name of a clean operation is empty or holds a line feed. */
export function seriesKey(operation: Operation, tagAttributes: readonly string[]): string {
  const { provider = '', requestModel = '', responseModel = '', serverAddress = '', serverPort = '' } = operation
  const { error, serviceTier, toolName, toolType, agentName, workflowName } = operation
  let key = `${operation.operation}\n${provider}\n${requestModel}\n${responseModel}\n${serverAddress}\n${serverPort}`
  if (error !== undefined) key += `\ne${error.type}`
  if (serviceTier !== undefined) key += `\ns${serviceTier}`
  if (toolName !== undefined) key += `\nt${toolName}`
  if (toolType !== undefined) key += `\ny${toolType}`
  if (agentName !== undefined) key += `\na${agentName}`
  if (workflowName !== undefined) key += `\nw${workflowName}`
  for (const tag of tagAttributes) {
    const value = operation.tags?.[tag]
    // The type too: `true` and `'true'` are two values of an attribute.
    key += `\n${typeof value} ${value}`
  }
  return key
}

/** Makes the identity of a series from its first operation. */
export function createSeriesLimit({ attributeValueLimit, seriesLimit, tagAttributes }: SeriesLimits) {
  const valuesOf = new Map<string, Set<TagValue>>()
  const known = new Set<string>()

  return (operation: Operation): SeriesIdentity => {
    const overflowed: string[] = []
    function bounded<T extends TagValue>(name: string, value: T | undefined): T | string | undefined {
      if (value === undefined) return undefined
      let values = valuesOf.get(name)
      if (values === undefined) {
        values = new Set()
        valuesOf.set(name, values)
      }
      if (values.has(value)) return value
      if (values.size >= attributeValueLimit) {
        overflowed.push(name)
        return OTHER
      }
      values.add(value)
      return value
    }
    const tags: { [name: string]: TagValue | undefined } = {}
    for (const tag of tagAttributes) {
      const name = attribute.tagPrefix + tag
      tags[name] = bounded(name, operation.tags?.[tag])
    }
    const call = {
      [attribute.operationName]: bounded(attribute.operationName, operation.operation),
      [attribute.providerName]: bounded(attribute.providerName, operation.provider),
      [attribute.requestModel]: bounded(attribute.requestModel, operation.requestModel),
      [attribute.responseModel]: bounded(attribute.responseModel, operation.responseModel),
      [attribute.serverAddress]: bounded(attribute.serverAddress, operation.serverAddress),
      [attribute.serverPort]: bounded(attribute.serverPort, operation.serverPort),
      ...tags,
    }
    const error = { [attribute.errorType]: bounded(attribute.errorType, operation.error?.type) }
    const agent = { [attribute.agentName]: bounded(attribute.agentName, operation.agentName), ...tags }
    const tool = {
      [attribute.toolName]: bounded(attribute.toolName, operation.toolName),
      [attribute.toolType]: bounded(attribute.toolType, operation.toolType),
    }
    const workflow = { [attribute.workflowName]: bounded(attribute.workflowName, operation.workflowName), ...tags }
    const model = { [attribute.requestModel]: call[attribute.requestModel] }
    // Only OpenAI's is an attribute of metrics: that of another provider must not make a series of its own.
    const tier = operation.provider === 'openai' ? operation.serviceTier : undefined
    const serviceTier = bounded(attribute.openaiServiceTier, tier)

    const key = JSON.stringify([call, error, agent, tool, workflow, serviceTier])
    if (!known.has(key)) {
      if (known.size >= seriesLimit) {
        overflowed.push(OVERFLOW_ATTRIBUTE)
        return { base: undefined, serviceTier: undefined, overflowed }
      }
      known.add(key)
    }
    const base = {
      call: present(call),
      'call+error': present({ ...call, ...error }),
      tool: present({ ...tool, ...agent, ...error }),
      agent: present(agent),
      'agent+error': present({ ...agent, ...model, ...error }),
      workflow: present({ ...workflow, ...error }),
    }
    return { base, serviceTier, overflowed }
  }
}

/** Without the attributes that have no value: OTel would keep the key. */
function present(attributes: Attributes): Attributes {
  const kept: Attributes = {}
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined) kept[name] = value
  return kept
}
