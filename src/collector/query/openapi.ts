/** The OpenAPI document of the questions, from the schemas that validate them, and a page of it for people. */
import * as z from 'zod'
import { DIMENSIONS } from './dimensions.js'
import type { Endpoint } from './endpoint.js'
import { FIELD_NAMES } from './measures.js'

type Json = { readonly [key: string]: unknown }

const ERROR = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['code', 'message'],
      properties: {
        code: { type: 'string', examples: ['VALIDATION_ERROR'] },
        message: { type: 'string', description: 'what was got, and what is allowed' },
        details: {
          type: 'object',
          properties: {
            field: { type: 'string', description: 'the parameter that is wrong' },
            allowed: { type: 'array', items: { type: 'string' }, description: 'what it may be' },
          },
        },
      },
    },
  },
}

const COVERAGE = {
  type: 'object',
  description: 'of the calls of a model in the window',
  properties: {
    calls: { type: 'integer' },
    usage: {
      type: ['number', 'null'],
      description: 'share of them whose token usage is known; null where there are none',
    },
    cost: { type: ['number', 'null'], description: 'share of them whose cost is known; null where there are none' },
  },
}

const ANSWER = {
  type: 'object',
  required: ['window', 'coverage'],
  properties: {
    window: {
      type: 'object',
      description: 'what is answered: whole windows, so it may be wider than what was asked for',
      properties: {
        start_time: { type: 'string', format: 'date-time' },
        end_time: { type: 'string', format: 'date-time' },
      },
    },
    coverage: COVERAGE,
    percentile_error: { type: 'number', description: 'largest relative error of the percentiles' },
  },
}

const STATUSES: { readonly [status: string]: string } = {
  400: 'A parameter is wrong: which, and what is allowed',
  401: 'A bearer token is needed',
  403: 'The token does not allow it',
  406: 'There is no such form of the answer',
  429: 'More was asked in a minute than is answered: Retry-After says when to come again',
  503: 'The store cannot be reached yet, or too many are asking: Retry-After says when to come again',
  504: 'The answer would take longer than 30 seconds',
}

/** Where something is named that may not be there. */
const OF_NAMED: typeof STATUSES = { 404: 'There is nothing of that name' }
/** Where something is changed. */
const OF_CHANGES: typeof STATUSES = { 409: 'It cannot be changed like this' }

/** What is told of an endpoint. */
export type Described = Omit<Endpoint, 'answer' | 'table'> & {
  /** Goes on and on, where that type is accepted. */
  readonly stream?: { readonly type: string; readonly description: string }
}

/** The document, for a server at `/`. */
export function openApiOf(endpoints: readonly Described[], version: string): Json {
  const paths: { [path: string]: Json } = {}
  for (const endpoint of endpoints) {
    const { method, path, summary, scope = 'read', pathParameters, response, stream } = endpoint
    const hasBody = method === 'POST' || method === 'PUT'
    const content = (schema: Json) => ({ 'application/json': { schema } })
    const statuses = {
      ...STATUSES,
      ...(pathParameters !== undefined && OF_NAMED),
      ...((method === 'PUT' || method === 'DELETE') && OF_CHANGES),
    }
    const failures = Object.entries(statuses).map(([status, description]) => [
      status,
      { description, content: content({ $ref: '#/components/schemas/Error' }) },
    ])
    const parameters = [
      ...(pathParameters === undefined ? [] : parametersOf(pathParameters, 'path')),
      ...(hasBody ? [] : parametersOf(endpoint.parameters, 'query')),
    ]
    const answer = response === undefined ? { $ref: '#/components/schemas/Answer' } : schemaOf(response, 'output')
    const streamed = stream && {
      [stream.type]: { schema: { type: 'string', description: stream.description } },
    }
    const at = `/api/v1${path}`
    paths[at] = {
      ...paths[at],
      [method.toLowerCase()]: {
        operationId: `${method.toLowerCase()}${path.replace(/\W+(\w?)/g, (_, letter: string) => letter.toUpperCase())}`,
        summary,
        ...(scope === 'admin' && { description: 'Needs the scope admin, where tokens are configured.' }),
        ...(parameters.length > 0 && { parameters }),
        ...(hasBody && { requestBody: { required: true, content: content(schemaOf(endpoint.parameters)) } }),
        responses: {
          200: { description: 'The answer', content: { ...content(answer), ...streamed } },
          ...Object.fromEntries(failures),
        },
      },
    }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'tokmeter',
      version,
      description: `What is measured: ${FIELD_NAMES.join(', ')}.\n\nBy what: ${DIMENSIONS.map(({ name, description }) => `${name} (${description})`).join(', ')}, and tag:<key>.`,
    },
    security: [{ token: [] }, {}],
    paths,
    components: {
      schemas: { Answer: ANSWER, Error: ERROR },
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'with the scope read, where tokens are configured' },
      },
    },
  }
}

/** What is given, before defaults and conversions; or what is answered. */
function schemaOf(of: z.ZodType, io: 'input' | 'output' = 'input'): Json {
  const { $schema: _, ...schema } = z.toJSONSchema(of, { io, target: 'draft-2020-12' })
  return schema
}

function parametersOf(of: z.ZodType, place: 'query' | 'path'): Json[] {
  const { properties = {}, required = [] } = schemaOf(of) as {
    properties?: { [name: string]: Json }
    required?: string[]
  }
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: place,
    required: required.includes(name),
    ...(description !== undefined && { description }),
    schema,
  }))
}

/** The document as a page: no script, no style from elsewhere, nothing that was not written here. */
export function pageOf(document: Json): string {
  const { info, paths } = document as {
    info: { version: string; description: string }
    paths: { [path: string]: { [method: string]: Operation } }
  }
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => operationHtml(method, path, operation)),
  )
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>tokmeter API</title><meta name="viewport" content="width=device-width">
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color-scheme: light dark }
h2 { font: 1.1rem ui-monospace, monospace; margin: 2rem 0 0 } table { border-collapse: collapse; width: 100% }
td { border-top: 1px solid #8884; padding: .3rem .6rem .3rem 0; vertical-align: top } td:first-child { font-family: ui-monospace, monospace; white-space: nowrap }
pre { overflow: auto; padding: .6rem; background: #8882 }
</style></head><body>
<h1>tokmeter ${escaped(info.version)}</h1>
${info.description
  .split('\n\n')
  .map((text) => `<p>${escaped(text)}</p>`)
  .join('\n')}
<p>For programs: <a href="openapi.json">openapi.json</a></p>
${operations.join('\n')}
</body></html>
`
}

type Operation = {
  readonly summary: string
  readonly description?: string
  readonly parameters?: readonly { readonly name: string; readonly description?: string; readonly schema: Json }[]
  readonly requestBody?: { readonly content: { readonly 'application/json': { readonly schema: Json } } }
}

function operationHtml(
  method: string,
  path: string,
  { summary, description, parameters, requestBody }: Operation,
): string {
  const rows = (parameters ?? []).map(({ name, description = '', schema }) => {
    const allowed = Array.isArray(schema['enum']) ? ` (${schema['enum'].join(', ')})` : ''
    return `<tr><td>${escaped(name)}</td><td>${escaped(description + allowed)}</td></tr>`
  })
  const body =
    requestBody === undefined
      ? ''
      : `<pre>${escaped(JSON.stringify(requestBody.content['application/json'].schema, null, 2))}</pre>`
  return `<h2>${method.toUpperCase()} ${escaped(path)}</h2>\n<p>${escaped([summary, description].filter(Boolean).join('. '))}</p>\n${rows.length > 0 ? `<table>${rows.join('\n')}</table>` : ''}${body}`
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
