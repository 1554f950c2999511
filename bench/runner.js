/**
 * Runs a list of benches, each in a process of its own, and tells whether they reach what the project promises. Exits with 0 also where a
 * target is missed, unless `--check` is given; a bench that cannot be run is a failure.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { cpus } from 'node:os'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { progress } from './line.js'

/** @typedef {import('./line.js').Result & { target?: string }} Row */

/**
 * A file beside this one, and the names of what it measures. `passes`: options of the command that it knows, beside `--short`.
 * @typedef {{ file: string, names: string[], passes?: string[] }} Bench
 */

/**
 * @param {Bench[]} benches In the order in which they run: the longest last.
 * @param {string[]} [passed] Options with a value that some of the benches know.
 */
export async function runBenches(benches, passed = []) {
  const { values: options, positionals } = parseArgs({
    options: {
      json: { type: 'boolean' },
      short: { type: 'boolean' },
      check: { type: 'boolean' },
      ...Object.fromEntries(passed.map((name) => [name, { type: /** @type {const} */ ('string') }])),
    },
    allowPositionals: true,
  })

  /** Whether a name is asked for. @param {string} name */
  const isWanted = (name) =>
    positionals.length === 0 || positionals.some((wanted) => name === wanted || name.startsWith(`${wanted}.`))

  /**
   * Runs a bench and hands on what it finds, line by line.
   * @param {Bench} bench
   * @param {(row: Row) => void} onRow
   */
  async function run({ file, names, passes = [] }, onRow) {
    const args = [fileURLToPath(new URL(file, import.meta.url)), ...names.filter(isWanted)]
    if (options.short) args.push('--short')
    for (const name of passes) if (options[name] !== undefined) args.push(`--${name}`, String(options[name]))
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    const exit = once(child, 'exit')
    for await (const line of createInterface({ input: child.stdout })) {
      if (line.startsWith('{')) onRow(JSON.parse(line))
    }
    const [code] = await exit
    if (code === 0) return true
    progress(`bench/${file} ended with ${code}`)
    return false
  }

  const unknown = positionals.filter(
    (wanted) => !benches.some(({ names }) => names.some((name) => name === wanted || name.startsWith(`${wanted}.`))),
  )
  if (unknown.length > 0) {
    const all = benches.flatMap(({ names }) => names).join(', ')
    progress(`unknown bench ${unknown.join(', ')}; there are ${all}`)
    process.exit(2)
  }
  if (!existsSync(new URL('../dist/src/index.js', import.meta.url))) {
    progress('the benches run on the built output, which is not there: npm run build')
    process.exit(2)
  }

  const header = `Node ${process.version}, ${cpus()[0]?.model.trim() ?? 'unknown CPU'}, ${cpus().length} cores${options.short ? ', short rounds' : ''}`
  if (options.json) progress(header)
  else console.log(header)

  /** @type {Row[]} */
  const rows = []
  let isWell = true
  for (const bench of benches) {
    if (!bench.names.some(isWanted)) continue
    const isRun = await run(bench, (row) => {
      rows.push(row)
      if (options.json) console.log(JSON.stringify(row))
    })
    isWell &&= isRun
  }
  if (!options.json) console.log(table(rows))
  const missed = rows.filter(({ pass }) => pass === false)
  if (!isWell || (options.check && missed.length > 0)) process.exitCode = 1
}

/** @param {number | null | undefined} value */
const shown = (value) => (value === null || value === undefined ? '-' : String(value))

/** @param {Row[]} rows */
function table(rows) {
  const cells = rows.map(({ name, value, unit, rival, ratio, rivalValue, target, pass, note }) => [
    name,
    `${shown(value)} ${unit}`,
    rival ?? '',
    rivalValue === undefined ? '' : shown(rivalValue),
    ratio === undefined ? '' : shown(ratio),
    target ?? '',
    pass === undefined ? '' : pass ? 'pass' : 'MISSED',
    note ?? '',
  ])
  const head = ['name', 'value', 'rival', "rival's", 'ratio', 'target', '', 'note']
  const widths = head.map((title, column) => Math.max(title.length, ...cells.map((row) => row[column].length)))
  const line = (/** @type {string[]} */ row) =>
    row
      .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column])))
      .join('  ')
      .trimEnd()
  return [head, ...cells].map(line).join('\n')
}
