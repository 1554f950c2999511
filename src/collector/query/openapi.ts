/** The OpenAPI document of the questions and their answers, from the schemas that validate them. */
import * as z from 'zod'
import { FIELD_MEANINGS } from './columns.js'
import { DIMENSIONS } from './dimensions.js'
import type { Endpoint } from './endpoint.js'
import { FORMATS } from './table-format.js'

export type Json = { readonly [key: string]: unknown }

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
export type Described = Omit<Endpoint, 'answer'> & {
  /** Goes on and on, where that type is accepted. */
  readonly stream?: { readonly type: string; readonly description: string }
}

/** The document, for a server at `/`. */
export function openApiOf(endpoints: readonly Described[], version: string): Json {
  const paths: { [path: string]: Json } = {}
  const shared: { [name: string]: Json } = {}
  /** Those that have a name are told once, for all. */
  const schemaOf = (of: z.ZodType, io: 'input' | 'output' = 'input') => {
    const { schema, named } = jsonOf(of, io)
    Object.assign(shared, named)
    return schema
  }
  for (const endpoint of endpoints) {
    const { method, path, summary, scope = 'read', pathParameters, table, response, stream } = endpoint
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
      ...(pathParameters === undefined ? [] : parametersOf(schemaOf(pathParameters), 'path')),
      ...(hasBody ? [] : parametersOf(schemaOf(endpoint.parameters), 'query')),
    ]
    const others = stream
      ? { [stream.type]: { schema: { type: 'string', description: stream.description } } }
      : method === 'GET' || method === 'POST'
        ? tableOf(table)
        : {}
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
          200: { description: 'The answer', content: { ...content(schemaOf(response, 'output')), ...others } },
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
      description: `What is measured: ${FIELD_MEANINGS.map(([name, meaning]) => `${name} (${meaning})`).join(', ')}.\n\nBy what: ${DIMENSIONS.map(({ name, description }) => `${name} (${description})`).join(', ')}, and tag:<key>.`,
    },
    security: [{ token: [] }, {}],
    paths,
    components: {
      schemas: { ...shared, Error: ERROR },
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'with the scope read, where tokens are configured' },
      },
    },
  }
}

/** The list that stands for the answer where rows are wanted; without one the answer is one row. */
function tableOf(table: string | undefined): Json {
  const description = table === undefined ? 'the answer as one row' : `the rows of ${table}`
  const media = { schema: { type: 'string', description }, ...(table !== undefined && { 'x-table': table }) }
  return Object.fromEntries([FORMATS.csv, FORMATS.jsonl].map((type) => [type.replace(/;.*/, ''), media]))
}

/** What is given, before defaults and conversions; or what is answered. */
function jsonOf(of: z.ZodType, io: 'input' | 'output') {
  const { $schema: _, ...json } = z.toJSONSchema(of, {
    io,
    target: 'draft-2020-12',
    override({ jsonSchema }) {
      // What the format and the type say already.
      if (jsonSchema.format !== undefined) delete jsonSchema.pattern
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
    },
  })
  const text = JSON.stringify(json).replaceAll('"#/$defs/', '"#/components/schemas/')
  const { $defs: named = {}, ...schema } = JSON.parse(text) as Json & { readonly $defs?: { [name: string]: Json } }
  return { schema, named }
}

function parametersOf(schema: Json, place: 'query' | 'path'): Json[] {
  const { properties = {}, required = [] } = schema as {
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
