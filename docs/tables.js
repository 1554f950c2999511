/** The tables of the README that follow from the code: written by `npm run docs`, compared by a test. */

/** How many attributes the catalogue's set of every call has: operation, provider, both models, address and port. */
const CALL_ATTRIBUTES = 6

/**
 * @param {readonly import('../src/catalogue.js').MetricDefinition[]} catalogue
 * @param {{ instrumentKind: typeof import('../src/catalogue.js').instrumentKind, attributesOf: typeof import('../src/catalogue.js').attributesOf }} read
 */
export function metricsTable(catalogue, { instrumentKind, attributesOf }) {
  return table(
    ['metric', 'kind', 'unit', 'meaning', 'attributes'],
    catalogue.map((row) => [
      `\`${row.name}\`${row.editions.includes('current') ? '' : ' (v1.41)'}`,
      instrumentKind(row),
      `\`${row.unit}\``,
      row.description,
      attributeCell(row, attributesOf(row)),
    ]),
  )
}

/** The attributes of every call are named once, above the table. @param {import('../src/catalogue.js').MetricDefinition} row @param {readonly string[]} names */
function attributeCell(row, names) {
  const isCall = row.attributes.startsWith('call')
  const own = isCall ? names.slice(CALL_ATTRIBUTES) : names
  return [...(isCall ? ['*call*'] : []), ...own.map((name) => `\`${name}\``)].join(' ')
}

/** @param {readonly import('../src/sdk/telemetry.js').SelfMetric[]} metrics */
export function selfMetricsTable(metrics) {
  return table(
    ['metric', 'kind', 'unit', 'meaning', 'attributes'],
    metrics.map(({ name, kind, unit, description, attributes }) => [
      `\`${name}\``,
      kind,
      `\`${unit}\``,
      description,
      attributes.map((attribute) => `\`${attribute}\``).join(' '),
    ]),
  )
}

/** @param {typeof import('../instrumentation/supported.js').SUPPORTED} supported */
export function clientsTable(supported) {
  const calls = /** @type {Record<string, string>} */ ({
    openai:
      '`chat.completions`, `responses`, `embeddings`, `completions`, with `.create` `.parse` `.stream` `.runTools`; Azure and every compatible base URL',
    '@anthropic-ai/sdk': '`messages` and `beta.messages`, with `.create` `.stream` `.parse`',
    ai: '`generateText`, `streamText`, `generateObject`, `streamObject`, `embed`, `embedMany`, tool executions, through its own telemetry registry',
  })
  return table(
    ['client', 'versions', 'what is measured'],
    Object.entries(supported).map(([client, { from, below }]) => [
      `\`${client}\``,
      `≥ ${from}, < ${below}`,
      calls[client] ?? '',
    ]),
  )
}

/** @param {string[]} head @param {string[][]} rows */
export function table(head, rows) {
  const line = (/** @type {string[]} */ cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

/** `text` with `content` between its markers `<!-- name -->` and `<!-- /name -->`. @param {string} text @param {string} name @param {string} content */
export function replaceBetween(text, name, content) {
  const begin = `<!-- ${name} -->`
  const end = `<!-- /${name} -->`
  const from = text.indexOf(begin)
  const to = text.indexOf(end)
  if (from === -1 || to < from) throw new Error(`there are no markers ${begin} and ${end}`)
  return `${text.slice(0, from + begin.length)}\n${content}\n${text.slice(to)}`
}
