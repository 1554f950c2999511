/** An answer of the API as text for a terminal: numbers by name, and lists of rows as tables. */

export type Value = string | number | boolean | null | readonly Value[] | { readonly [name: string]: Value }
export type Row = { readonly [name: string]: Value }

/** Rows shown of one list; more are better had as CSV. */
const ROWS = 50
/** Characters shown of one cell. */
const CELL = 40

/** Lines without an end. What cannot be shown on a terminal as it is was made visible before. */
export function answerText(answer: Row): string {
  const lines: string[] = []
  const tables: string[] = []
  const visit = (value: Value, name: string) => {
    if (isRows(value)) tables.push('', `${name}:`, ...tableLines(value))
    else if (typeof value === 'object' && value !== null && !Array.isArray(value))
      for (const [key, inner] of Object.entries(value)) visit(inner, name === '' ? key : `${name}.${key}`)
    else if (!Array.isArray(value) || value.length > 0) lines.push(`${name}: ${shown(value)}`)
  }
  visit(answer, '')
  return [...lines, ...tables].join('\n')
}

function isRows(value: Value): value is readonly Row[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((one) => typeof one === 'object' && one !== null && !Array.isArray(one))
  )
}

/** A head and a line for each row; numbers to the right. */
export function tableLines(rows: readonly Row[]): string[] {
  const flat = rows.slice(0, ROWS).map((row) => flattened(row))
  const names = [...new Set(flat.flatMap((row) => [...row.keys()]))]
  const cells = flat.map((row) => names.map((name) => shown(row.get(name) ?? null)))
  const isNumber = names.map((name) => flat.every((row) => typeof (row.get(name) ?? 0) === 'number'))
  const widths = names.map((name, column) => Math.max(name.length, ...cells.map((row) => row[column]!.length)))
  const line = (texts: readonly string[]) =>
    `  ${texts.map((text, column) => (isNumber[column] ? text.padStart(widths[column]!) : text.padEnd(widths[column]!))).join('  ')}`.trimEnd()
  const rest = rows.length > ROWS ? [`  … and ${rows.length - ROWS} more (--format csv has them all)`] : []
  return [line(names), ...cells.map(line), ...rest]
}

function flattened(row: Row, prefix = ''): Map<string, Value> {
  const flat = new Map<string, Value>()
  for (const [key, value] of Object.entries(row)) {
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      for (const [name, inner] of flattened(value as Row, `${prefix}${key}.`)) flat.set(name, inner)
    else flat.set(prefix + key, value)
  }
  return flat
}

function shown(value: Value): string {
  if (value === null) return '-'
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)))
  const text = typeof value === 'string' ? visible(value) : JSON.stringify(value)
  return text.length > CELL ? `${text.slice(0, CELL - 1)}…` : text
}

// Names come from whoever sent them: what would move the cursor or colour the terminal is spelled out.
export function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`)
}
