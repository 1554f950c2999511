/** The results of all faults as a table: for a terminal, and as Markdown. */

/** @typedef {import('./faults.js').Row & { seconds?: number | undefined }} TimedRow */

const COLUMNS = ['fault', 'runs', 'acknowledged', 'lost', 'doubled', 'seconds']

/** @param {TimedRow} row */
function cells({ fault, runs, acknowledged, lost, doubled, seconds, wrong }) {
  const numbers = [runs, acknowledged, lost, doubled].map((count) => count.toLocaleString('en-US'))
  const took = seconds === undefined ? '' : seconds.toFixed(0)
  return [wrong.length === 0 ? fault : `FAIL ${fault}`, ...numbers, took]
}

/** @param {TimedRow[]} rows */
export function tableOf(rows) {
  const lines = [COLUMNS, ...rows.map(cells)]
  const widths = COLUMNS.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)))
  return lines
    .map((line, index) => {
      const padded = line.map((cell, column) => {
        const width = widths[column] ?? 0
        return column === 0 ? cell.padEnd(width) : cell.padStart(width)
      })
      const note = index === 0 ? '' : (rows[index - 1]?.note ?? '')
      return `${padded.join('  ')}  ${note}`.trimEnd()
    })
    .join('\n')
}

/** @param {TimedRow[]} rows */
export function markdownOf(rows) {
  const line = (/** @type {string[]} */ texts) => `| ${texts.join(' | ')} |`
  return [
    line([...COLUMNS, 'note']),
    line(['---', ...COLUMNS.slice(1).map(() => '---:'), '---']),
    ...rows.map((row) => line([...cells(row), row.note])),
  ].join('\n')
}
