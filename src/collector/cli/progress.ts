/** Progress of long work: on a terminal one line drawn again and again, elsewhere a line now and then. */
import type { Output } from './command.js'

export type ProgressOptions = {
  /** What is being done: `importing`. */
  readonly label: string
  /** What is counted: `operations`. */
  readonly unit: string
  /** How many there are, where that is known. */
  readonly total?: number
  readonly output: Output
  /** Whether colours may be used. */
  readonly isColored: boolean
  /** Milliseconds; for tests. @default the clock */
  readonly now?: () => number
}

export type Progress = {
  /** So many in all by now. */
  update(done: number): void
  /** Ends the line. `summary` stands after the numbers. */
  finish(summary?: string): void
}

const REDRAW_MS = 100
const LINE_MS = 10_000
const WIDTH = 24

export function createProgress(options: ProgressOptions): Progress {
  const { label, unit, total, output, now = Date.now } = options
  const isDrawn = output.isTTY === true
  const started = now()
  let shownAt = isDrawn ? -Infinity : started
  let done = 0
  let isFinished = false

  function text(): string {
    const seconds = (now() - started) / 1000
    const rate = seconds > 0 ? done / seconds : 0
    const parts = [total === undefined ? grouped(done) : `${grouped(done)} of ${grouped(total)}`, unit]
    if (total !== undefined) parts.unshift(share(done, total).padStart(4))
    if (rate >= 1) parts.push(`· ${grouped(Math.round(rate))}/s`)
    const left = total === undefined || rate === 0 ? undefined : (total - done) / rate
    if (left !== undefined && left >= 1 && !isFinished) parts.push(`· ${time(left)} left`)
    if (isFinished) parts.push(`· ${time(seconds)}`)
    return parts.join(' ')
  }

  function draw(end: string): void {
    const bar = total === undefined ? '' : `${barOf(done, total, options.isColored)} `
    // A line that wraps is not drawn over by the next one: without its bar it is shorter.
    const columns = output.columns ?? 80
    const line = `${label} ${text()}`
    const isWide = total !== undefined && columns > line.length + WIDTH + 1
    output.write(
      `\r\x1b[2K${isWide ? `${label} ${bar}${text()}` : line.slice(0, Math.max(columns - 1, 1)).trimEnd()}${end}`,
    )
  }

  return {
    update(count) {
      done = count
      const time = now()
      if (isFinished || time - shownAt < (isDrawn ? REDRAW_MS : LINE_MS)) return
      shownAt = time
      if (isDrawn) draw('')
      else output.write(`${label} ${text().trim()}\n`)
    },
    finish(summary) {
      if (isFinished) return
      isFinished = true
      const end = summary === undefined ? '\n' : ` · ${summary}\n`
      if (isDrawn) draw(end)
      else output.write(`${label} ${text().trim()}${end}`)
    },
  }
}

function barOf(done: number, total: number, isColored: boolean): string {
  const filled = Math.floor(WIDTH * part(done, total))
  const [full, empty] = ['█'.repeat(filled), '░'.repeat(WIDTH - filled)]
  return isColored ? `\x1b[36m${full}\x1b[2m${empty}\x1b[0m` : `${full}${empty}`
}

// The total may be an estimate, and nothing is more than all of it.
function part(done: number, total: number): number {
  return total <= 0 ? 1 : Math.min(1, done / total)
}

function share(done: number, total: number): string {
  return `${Math.floor(100 * part(done, total))}%`
}

function grouped(count: number): string {
  return count.toLocaleString('en-US')
}

function time(seconds: number): string {
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`
}
