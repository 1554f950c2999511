/** A live table of what a program spends on language models. Knows numbers and text, nothing of where they come from. */

/**
 * One model of one provider. What is `undefined` is unknown and shown as a dash, never as 0.
 * @typedef {object} Row
 * @property {string | undefined} provider
 * @property {string | undefined} model
 * @property {number} calls Failed ones too.
 * @property {number} failed
 * @property {number | undefined} inputTokens
 * @property {number | undefined} outputTokens
 * @property {number | undefined} nanoDollars
 * @property {number | undefined} p50Ms
 * @property {number | undefined} p95Ms
 * @property {number | undefined} firstChunkMs
 */

/** @typedef {{ rows: readonly Row[], dropped: number, elapsedMs: number }} TableStats */

/**
 * @typedef {object} TableOptions
 * @property {number} [width] Columns that no line exceeds. Default: 80.
 * @property {number} [maxRows] Models shown; the others are in the total and counted. Default: all.
 * @property {boolean} [isPlain] Without colour, and with lines and dashes of ASCII. Default: false.
 */

/** @typedef {{ title: string, isText?: boolean, isAlarm?: boolean, cell: (row: Row, isShort: boolean) => string }} Column */

const UNKNOWN = '–'
/** Names are cut to no less than this. */
const MIN_NAME = 6
const GAP = 2

/** @type {readonly Column[]} */
const COLUMNS = [
  { title: 'model', isText: true, cell: ({ model }) => name(model) },
  { title: 'provider', isText: true, cell: ({ provider }) => name(provider) },
  { title: 'calls', cell: ({ calls }, isShort) => count(calls, isShort) },
  { title: 'errors', isAlarm: true, cell: ({ failed }, isShort) => count(failed, isShort) },
  { title: 'in', cell: ({ inputTokens }, isShort) => count(inputTokens, isShort) },
  { title: 'out', cell: ({ outputTokens }, isShort) => count(outputTokens, isShort) },
  { title: 'cost', cell: ({ nanoDollars }) => dollars(nanoDollars) },
  { title: 'p50', cell: ({ p50Ms }) => duration(p50Ms) },
  { title: 'p95', cell: ({ p95Ms }) => duration(p95Ms) },
  { title: 'first', cell: ({ firstChunkMs }) => duration(firstChunkMs) },
]

/**
 * A name from outside, without what would steer a terminal.
 * @param {string | undefined} value
 */
function name(value) {
  return value?.replace(/\p{C}/gu, '') || UNKNOWN
}

/**
 * @param {number | undefined} value
 * @returns {value is number}
 */
const isKnown = (value) => value !== undefined && Number.isFinite(value)

/**
 * A whole number, or from 10,000 on three digits of it: `12.3k`.
 * @param {number | undefined} value
 * @param {boolean} isShort
 */
function count(value, isShort) {
  if (!isKnown(value)) return UNKNOWN
  if (!isShort || value < 10_000) return String(value)
  const units = ['k', 'M', 'G', 'T', 'P']
  let scaled = value / 1000
  let unit = 0
  // 999.5 would be shown with four digits.
  while (scaled >= 999.5 && unit < units.length - 1) {
    scaled /= 1000
    unit++
  }
  return digits(scaled) + units[unit]
}

/**
 * Three significant digits.
 * @param {number} value
 */
const digits = (value) => value.toFixed(value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2)

/**
 * Whole nano-dollars as US dollars: from a dollar on to the cent, below it to the micro-dollar.
 * @param {number | undefined} nanoDollars
 */
function dollars(nanoDollars) {
  if (!isKnown(nanoDollars)) return UNKNOWN
  if (nanoDollars > 0 && nanoDollars < 500) return '<$0.000001'
  return `$${(nanoDollars / 1e9).toFixed(nanoDollars >= 1e9 ? 2 : 6)}`
}

/** @param {number | undefined} milliseconds */
function duration(milliseconds) {
  if (!isKnown(milliseconds)) return UNKNOWN
  if (milliseconds < 99.95) return `${milliseconds.toFixed(milliseconds < 9.95 ? 1 : 0)}ms`
  return milliseconds < 999.5 ? `${Math.round(milliseconds)}ms` : `${digits(milliseconds / 1000)}s`
}

/**
 * The sum of what is known; unknown where nothing is.
 * @param {readonly Row[]} rows
 * @param {(row: Row) => number | undefined} read
 */
function sum(rows, read) {
  const known = rows.map(read).filter(isKnown)
  return known.length === 0 && rows.length > 0 ? undefined : known.reduce((total, value) => total + value, 0)
}

/**
 * Percentiles have no sum, so a total has none.
 * @param {readonly Row[]} rows
 * @returns {Row}
 */
const totalOf = (rows) => ({
  model: 'total',
  provider: ' ',
  calls: sum(rows, ({ calls }) => calls) ?? 0,
  failed: sum(rows, ({ failed }) => failed) ?? 0,
  inputTokens: sum(rows, ({ inputTokens }) => inputTokens),
  outputTokens: sum(rows, ({ outputTokens }) => outputTokens),
  nanoDollars: sum(rows, ({ nanoDollars }) => nanoDollars),
  p50Ms: undefined,
  p95Ms: undefined,
  firstChunkMs: undefined,
})

/**
 * @param {string} text
 * @param {number} width
 */
const cutTo = (text, width) => (text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`)

/**
 * The lines of the table: a head, a row a model, the total, and what was dropped.
 * @param {TableStats} stats
 * @param {TableOptions} [options]
 * @returns {string[]}
 */
export function renderTable({ rows, dropped, elapsedMs }, options = {}) {
  const { width = 80, maxRows = rows.length, isPlain = false } = options
  const shown = rows.slice(0, maxRows)
  const all = [...shown, totalOf(rows)]
  /** @param {boolean} isShort */
  const cellsOf = (isShort) => all.map((row) => COLUMNS.map(({ cell }) => cell(row, isShort)))
  /** @param {readonly string[][]} table */
  const widthsOf = (table) =>
    COLUMNS.map(({ title }, index) => Math.max(title.length, ...table.map((cells) => cells[index]?.length ?? 0)))

  let gap = GAP
  /** @param {readonly number[]} widths */
  const excess = (widths) => widths.reduce((total, one) => total + one + gap, -gap) - width
  let cells = cellsOf(false)
  let widths = widthsOf(cells)
  if (excess(widths) > 0) {
    cells = cellsOf(true)
    widths = widthsOf(cells)
  }
  if (excess(widths) > 0) gap = 1
  // The longest name gives way first.
  for (let rest = excess(widths); rest > 0; rest--) {
    const longest = (widths[0] ?? 0) >= (widths[1] ?? 0) ? 0 : 1
    if ((widths[longest] ?? 0) <= MIN_NAME) break
    widths[longest] = (widths[longest] ?? 0) - 1
  }

  /** @param {readonly string[]} texts */
  const line = (texts) =>
    texts.map((text, index) => {
      const room = widths[index] ?? 0
      return COLUMNS[index]?.isText ? cutTo(text, room).padEnd(room) : text.padStart(room)
    })
  /** @type {(texts: readonly string[], failed?: number) => string} */
  const draw = (texts, failed = 0) => {
    const parts = line(texts)
    const plain = cutTo(parts.join(' '.repeat(gap)).trimEnd(), width)
    if (isPlain || failed === 0 || plain.endsWith('…')) return plain
    return parts
      .map((part, index) => (COLUMNS[index]?.isAlarm ? paint('red', part) : part))
      .join(' '.repeat(gap))
      .trimEnd()
  }
  const head = draw(COLUMNS.map(({ title }) => title))
  const rule = (isPlain ? '-' : '─').repeat(Math.max(0, Math.min(width, excess(widths) + width)))
  const body = shown.map((row, index) => draw(cells[index] ?? [], row.failed))
  const total = draw(
    cells.at(-1)?.map((cell) => (cell === UNKNOWN ? '' : cell)) ?? [],
    sum(rows, (row) => row.failed),
  )
  const lines = [
    isPlain ? head : paint('bold', head),
    isPlain ? rule : paint('dim', rule),
    ...body,
    ...(shown.length < rows.length ? [`+ ${rows.length - shown.length} more`] : []),
    isPlain ? rule : paint('dim', rule),
    total,
    ...footer(rows, dropped, elapsedMs, width, isPlain),
  ]
  return isPlain ? lines.map((text) => text.replaceAll(UNKNOWN, '-').replaceAll('…', '~').replaceAll('·', '|')) : lines
}

/**
 * @param {readonly Row[]} rows
 * @param {number} dropped
 * @param {number} elapsedMs
 * @param {number} width
 * @param {boolean} isPlain
 */
function footer(rows, dropped, elapsedMs, width, isPlain) {
  const unpriced = rows.filter(({ nanoDollars }) => !isKnown(nanoDollars)).length
  const rest = [
    `${(elapsedMs / 1000).toFixed(1)} s`,
    ...(unpriced > 0 ? [`${unpriced} of ${rows.length} models unpriced, not in the cost`] : []),
  ]
  const first = `dropped ${dropped}`
  const text = cutTo([first, ...rest].join(' · '), width)
  return [isPlain || dropped === 0 || !text.startsWith(first) ? text : paint('red', first) + text.slice(first.length)]
}

/** Select Graphic Rendition codes. */
const STYLES = { bold: 1, dim: 2, red: 31 }

/**
 * @param {keyof typeof STYLES} style
 * @param {string} text
 */
const paint = (style, text) => `\u001b[${STYLES[style]}m${text}\u001b[0m`

/**
 * A table that is drawn over itself on a terminal. Elsewhere, as in a file or in CI, it is written once, plainly, at the end.
 * @param {{ write(text: string): unknown, isTTY?: boolean, columns?: number, rows?: number }} [output] Default: the standard output.
 * @returns {{ update(stats: TableStats): void, end(stats: TableStats): void }}
 */
export function createLiveTable(output = process.stdout) {
  let drawn = 0
  let isOver = false
  /** @param {TableStats} stats */
  const draw = (stats) => {
    // A table taller than the screen could not be drawn over: head, rules, total, footer and the note on more take six lines, the cursor one.
    const maxRows = Math.max(1, (output.rows ?? 24) - 7)
    const lines = renderTable(stats, { width: output.columns ?? 80, maxRows })
    output.write(`${drawn === 0 ? '' : `\u001b[${drawn}A\u001b[0J`}${lines.join('\n')}\n`)
    drawn = lines.length
  }
  return {
    update(stats) {
      if (output.isTTY && !isOver) draw(stats)
    },
    end(stats) {
      if (isOver) return
      isOver = true
      if (output.isTTY) draw(stats)
      else output.write(`${renderTable(stats, { width: 120, isPlain: true }).join('\n')}\n`)
    },
  }
}
