import { expect, test } from 'vitest'
import {
  attributesOf,
  CATALOGUE,
  catalogueOf,
  instrumentKind,
  operationKind,
  splitByModality,
} from '../src/catalogue.js'
import type { TokensByModality } from '../src/operation.js'
import { attribute, metric } from '../src/semconv.js'

test('the name of an operation tells what sort of work it is', () => {
  const f = (name: string, kind: string) => expect(operationKind(name)).toBe(kind)
  f('chat', 'inference')
  f('generate_content', 'inference')
  f('text_completion', 'inference')
  f('embeddings', 'embeddings')
  f('execute_tool', 'tool')
  f('invoke_agent', 'agent')
  f('invoke_workflow', 'workflow')
  f('fetch_response', 'other')
  f('rerank', 'other')
  f('', 'other')
})

test('tokens are split by modality, and what is not accounted for is unknown, never text', () => {
  const f = (total: number | undefined, parts: TokensByModality | undefined, split: [string, number][] | undefined) =>
    expect(splitByModality(total, parts)?.map(({ modality, tokens }) => [modality, tokens])).toEqual(split)
  f(undefined, undefined, undefined)
  f(undefined, { text: 5 }, undefined)
  f(0, undefined, [['unknown', 0]])
  f(100, undefined, [['unknown', 100]])
  f(100, {}, [['unknown', 100]])
  f(100, { text: 100 }, [['text', 100]])
  f(100, { text: 60, image: 40, audio: 0 }, [
    ['text', 60],
    ['image', 40],
  ])
  f(100, { audio: 30 }, [
    ['audio', 30],
    ['unknown', 70],
  ])
  f(0, { text: 0, image: 0 }, [['unknown', 0]])
  // A breakdown that exceeds its total is not believed.
  f(100, { text: 60, image: 60 }, [['unknown', 100]])
})

test('an edition has its own names, and both together record nothing twice', () => {
  const names = (edition: 'current' | 'v1.41' | 'both') => catalogueOf(edition).map((row) => row.name)
  for (const edition of ['current', 'v1.41', 'both'] as const) {
    expect(new Set(names(edition)).size).toBe(names(edition).length)
  }
  expect(names('current')).not.toContain(metric.tokenUsage)
  expect(names('current')).toContain(metric.inferenceDuration)
  expect(names('v1.41')).toContain(metric.tokenUsage)
  expect(names('v1.41')).not.toContain(metric.inferenceDuration)
  expect(new Set(names('both'))).toEqual(new Set([...names('current'), ...names('v1.41')]))
  for (const edition of ['current', 'v1.41', 'both'] as const) expect(names(edition)).toContain(metric.cost)
  // The older duration covers what the current one does: every client operation.
  expect(catalogueOf('both').find((row) => row.name === metric.operationDuration)?.kinds).toEqual([
    'inference',
    'embeddings',
    'other',
  ])
})

test('every row says all that a reader and a dashboard need', () => {
  for (const row of CATALOGUE) {
    expect(row.description, row.name).toMatch(/^[A-Z].*\.$/)
    expect(row.editions.length, row.name).toBeGreaterThan(0)
    expect(row.kinds.length, row.name).toBeGreaterThan(0)
    // A histogram without boundaries would get OpenTelemetry's, which are for milliseconds.
    expect(row.boundaries !== undefined, row.name).toBe(instrumentKind(row) === 'histogram')
    const boundaries = row.boundaries ?? []
    expect(
      [...boundaries].sort((a, b) => a - b),
      row.name,
    ).toEqual(boundaries)
  }
})

test('identities, ids and tags are on no metric', () => {
  const never = [
    attribute.conversationId,
    attribute.userId,
    attribute.operationId,
    attribute.responseId,
    attribute.errorMessage,
    attribute.costNanoDollars,
  ]
  for (const row of CATALOGUE) {
    const attributes = attributesOf(row)
    expect(attributes.filter((name) => never.includes(name as never))).toEqual([])
    expect(attributes.filter((name) => name.startsWith(attribute.tagPrefix))).toEqual([])
    expect(new Set(attributes).size, row.name).toBe(attributes.length)
  }
})

test('the attributes of a metric are those the conventions give it', () => {
  const call = ['operation.name', 'provider.name', 'request.model', 'response.model'].map((name) => `gen_ai.${name}`)
  const server = ['server.address', 'server.port']
  const f = (name: string, edition: 'current' | 'v1.41', attributes: string[]) => {
    const row = catalogueOf(edition).find((one) => one.name === name)
    expect(row && attributesOf(row)).toEqual(attributes)
  }
  const tier = 'openai.response.service_tier'
  f(metric.inferenceDuration, 'current', [...call, ...server, 'error.type', tier])
  f(metric.inferenceTimeToFirstChunk, 'current', [...call, ...server])
  f(metric.inferenceTimePerOutputChunk, 'current', [...call, ...server])
  f(metric.inferenceUsageInput, 'current', [...call, ...server, 'gen_ai.token.modality', tier])
  f(metric.inferenceOperationInput, 'current', [...call, ...server, 'error.type', tier])
  f(metric.tokenUsage, 'v1.41', [...call, ...server, 'error.type', tier, 'gen_ai.token.type'])
  f(metric.executeToolDuration, 'current', ['gen_ai.tool.name', 'gen_ai.tool.type', 'gen_ai.agent.name', 'error.type'])
  f(metric.invokeAgentDuration, 'current', ['gen_ai.agent.name', 'gen_ai.request.model', 'error.type'])
  f(metric.invokeAgentToolCalls, 'current', ['gen_ai.agent.name'])
  f(metric.invokeWorkflowDuration, 'current', ['gen_ai.workflow.name', 'error.type'])
  f(metric.cost, 'current', [...call, ...server, 'tokmeter.cost.source'])
})
