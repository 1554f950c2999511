/** Rows as CSV or as lines of JSON, for who asks for them by `Accept`. */
import * as z from 'zod'
import { acceptedOf } from './accept.js'

export const FORMATS = {
  json: 'application/json; charset=utf-8',
  csv: 'text/csv; charset=utf-8',
  jsonl: 'application/x-ndjson; charset=utf-8',
} as const
export type Format = keyof typeof FORMATS

type Row = { readonly [column: string]: unknown }

const ACCEPTED: { readonly [type: string]: Format } = {
  'application/json': 'json',
  'application/*': 'json',
  '*/*': 'json',
  'text/csv': 'csv',
  'text/*': 'csv',
  'application/x-ndjson': 'jsonl',
  'application/jsonl': 'jsonl',
  'application/json-lines': 'jsonl',
}

/** The format of an `Accept` header that is wanted most; undefined where it names none there is. */
export function formatOf(accept: string | undefined): Format | undefined {
  return accept === undefined || accept.trim() === '' ? 'json' : acceptedOf(accept, ACCEPTED)
}

export function toJsonLines(rows: readonly Row[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('')
}

/** By RFC 4180. Objects in a row become columns of their own, `usage.inputTokens`; what is unknown is an empty cell. */
export function toCsv(rows: readonly Row[], columns: readonly string[] = []): string {
  const flat = rows.map((row) => flattened(row))
  const names = [...new Set([...columns, ...flat.flatMap((row) => Object.keys(row))])]
  const lines = [names.map(cell), ...flat.map((row) => names.map((name) => cell(row[name])))]
  return lines.map((cells) => `${cells.join(',')}\r\n`).join('')
}

/** The columns that every row of a table has, by the schema of the answer it is in. */
export function tableColumns(answer: z.ZodType, table: string | undefined): string[] {
  const rows = answer instanceof z.ZodObject && table !== undefined ? answer.shape[table] : undefined
  return rows instanceof z.ZodArray ? namesOf(rows.element) : []
}

function namesOf(row: unknown, prefix = ''): string[] {
  if (!(row instanceof z.ZodObject)) return []
  return Object.entries(row.shape).flatMap(([key, schema]) => {
    if (schema instanceof z.ZodOptional) return []
    return schema instanceof z.ZodObject ? namesOf(schema, `${prefix}${key}.`) : [prefix + key]
  })
}

function flattened(row: Row, prefix = ''): Row {
  const flat: { [column: string]: unknown } = {}
  for (const [key, value] of Object.entries(row)) {
    // As JSON has it: what is undefined is not there.
    if (value === undefined) continue
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    if (isObject) Object.assign(flat, flattened(value as Row, `${prefix}${key}.`))
    else flat[prefix + key] = value
  }
  return flat
}

// To a spreadsheet a text that begins with one of these is a formula, and names of models and users come from anywhere.
const FORMULA = /^[=+\-@\t\r]/

function cell(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  const safe = FORMULA.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
