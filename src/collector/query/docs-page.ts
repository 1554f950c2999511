/** The OpenAPI document as a page for people: no script, no style from elsewhere, nothing that does not stand in the document. */
import type { Json } from './openapi.js'

type Schema = {
  readonly description?: string
  readonly type?: string | readonly string[]
  readonly format?: string
  readonly enum?: readonly string[]
  readonly const?: unknown
  readonly anyOf?: readonly Schema[]
  readonly items?: Schema
  readonly properties?: { readonly [name: string]: Schema }
  readonly required?: readonly string[]
  readonly additionalProperties?: Schema | boolean
  readonly $ref?: string
}
type Media = { readonly schema: Schema; readonly 'x-table'?: string }
type Operation = {
  readonly summary: string
  readonly description?: string
  readonly parameters?: readonly {
    readonly name: string
    readonly description?: string
    readonly required: boolean
    readonly schema: Schema
  }[]
  readonly requestBody?: { readonly content: { readonly 'application/json': Media } }
  readonly responses: { readonly 200: { readonly content: { readonly [type: string]: Media } } }
}
type Document = {
  readonly info: { readonly version: string; readonly description: string }
  readonly paths: { readonly [path: string]: { readonly [method: string]: Operation } }
  readonly components: { readonly schemas: { readonly [name: string]: Schema } }
}

export function pageOf(document: Json): string {
  const { info, paths, components } = document as unknown as Document
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => operationHtml(method, path, operation)),
  )
  const shared = Object.entries(components.schemas).map(
    ([name, schema]) =>
      `<h3 id="${escaped(name)}">${escaped(name)}</h3>\n<p>${escaped(schema.description ?? '')}</p>\n${tableHtml(fieldsOf(schema))}`,
  )
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>tokmeter API</title><meta name="viewport" content="width=device-width">
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color-scheme: light dark }
h2 { font: 1.1rem ui-monospace, monospace; margin: 2rem 0 0 } h3 { margin: 1.5rem 0 0; font-size: 1rem }
table { border-collapse: collapse; width: 100%; table-layout: fixed } td { border-top: 1px solid #8884; padding: .3rem .6rem .3rem 0; vertical-align: top; overflow-wrap: anywhere }
td:first-child { font-family: ui-monospace, monospace; width: 38% } td:nth-child(2) { width: 22%; opacity: .8 } summary { cursor: pointer }
</style></head><body>
<h1>tokmeter ${escaped(info.version)}</h1>
${info.description
  .split('\n\n')
  .map((text) => `<p>${escaped(text)}</p>`)
  .join('\n')}
<p>For programs: <a href="openapi.json">openapi.json</a></p>
${operations.join('\n')}
<h2>What answers have in common</h2>
${shared.join('\n')}
</body></html>
`
}

/** A field of an answer or of a body, or a parameter. */
type Field = { readonly name: string; readonly type: string; readonly description: string }

function operationHtml(method: string, path: string, operation: Operation): string {
  const { summary, description, parameters = [], requestBody, responses } = operation
  const asked = [
    ...parameters.map(({ name, schema, required, description = '' }) => ({
      name,
      type: typeOf(schema) + (required ? '' : ', optional'),
      description: escaped(description),
    })),
    ...(requestBody === undefined ? [] : fieldsOf(requestBody.content['application/json'].schema)),
  ]
  const { 'application/json': answer, ...others } = responses[200].content
  const forms = Object.entries(others).map(([type, { schema }]) => `${type}: ${schema.description}`)
  return [
    `<h2>${method.toUpperCase()} ${escaped(path)}</h2>`,
    `<p>${escaped([summary, description].filter(Boolean).join('. '))}</p>`,
    asked.length > 0 ? tableHtml(asked) : '',
    `<details><summary>The answer</summary>\n${tableHtml(fieldsOf(answer!.schema))}`,
    forms.length > 0 ? `<p>By Accept also ${escaped(forms.join('; '))}.</p>` : '',
    '</details>',
  ].join('\n')
}

/** What is inside of an object, and of what is inside of that: `rows[].model`. */
function fieldsOf({ properties = {}, required = [] }: Schema, prefix = ''): Field[] {
  return Object.entries(properties).flatMap(([own, schema]) => {
    const name = prefix + own
    const type = typeOf(schema) + (required.includes(own) ? '' : ', optional')
    const field = { name, type, description: escaped(schema.description ?? '') }
    return [field, ...fieldsOf(schema, `${name}.`), ...fieldsOf(innerOf(schema), `${name}[].`)]
  })
}

function innerOf({ items, anyOf = [] }: Schema): Schema {
  return items ?? anyOf.find(({ properties }) => properties !== undefined) ?? {}
}

/** As HTML. */
function typeOf(schema: Schema): string {
  const { type, format, items, anyOf, additionalProperties: values } = schema
  if (schema.$ref !== undefined) {
    const name = escaped(schema.$ref.replace(/^.*\//, ''))
    return `<a href="#${name}">${name}</a>`
  }
  if (schema.enum !== undefined) return escaped(schema.enum.map((value) => value ?? 'null').join(' | '))
  if (schema.const !== undefined) return escaped(String(schema.const))
  if (anyOf !== undefined) return [...new Set(anyOf.map(typeOf))].join(' or ')
  if (items !== undefined) return `list of ${typeOf(items)}${items.type === 'object' ? 's' : ''}`
  if (format === 'date-time') return 'time (ISO 8601)'
  if (typeof values === 'object') return `object of ${typeOf(values)}`
  return escaped([type ?? 'anything'].flat().join(' or '))
}

function tableHtml(fields: readonly Field[]): string {
  const rows = fields.map(
    ({ name, type, description }) => `<tr><td>${escaped(name)}</td><td>${type}</td><td>${description}</td></tr>`,
  )
  return `<table>${rows.join('\n')}</table>`
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
