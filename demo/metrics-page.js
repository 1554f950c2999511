/** Reads a page of metrics in Prometheus' text format, strictly: what is not of the format is an error. */

/** @typedef {{ name: string, labels: Record<string, string>, value: number }} Sample */

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*'
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/y
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(.*)\\})? (NaN|[+-]Inf|-?[0-9.]+(?:e[+-]?[0-9]+)?)$`)
const COMMENT = new RegExp(
  `^# (?:HELP ${NAME} .*|UNIT ${NAME} .*|TYPE ${NAME} (?:counter|gauge|histogram|summary|untyped)|no registered metrics)$`,
)

/** @param {string} page @returns {Sample[]} */
export function readMetricsPage(page) {
  /** @type {Sample[]} */
  const samples = []
  for (const line of page.split('\n')) {
    if (line === '') continue
    if (line.startsWith('#')) {
      if (!COMMENT.test(line)) throw new Error(`not a comment of the format: ${line}`)
      continue
    }
    const match = SAMPLE.exec(line)
    if (match === null) throw new Error(`not a sample: ${line}`)
    samples.push({ name: match[1], labels: readLabels(match[2] ?? '', line), value: toNumber(match[3]) })
  }
  return samples
}

/** @param {string} text @param {string} line */
function readLabels(text, line) {
  /** @type {Record<string, string>} */
  const labels = {}
  LABEL.lastIndex = 0
  while (LABEL.lastIndex < text.length) {
    const match = LABEL.exec(text)
    if (match === null) throw new Error(`not labels: ${line}`)
    labels[match[1]] = match[2].replace(/\\(["\\n])/g, (_, escaped) => (escaped === 'n' ? '\n' : escaped))
  }
  return labels
}

/** @param {string} text */
const toNumber = (text) => (text.endsWith('Inf') ? Number(`${text}inity`) : Number(text))
