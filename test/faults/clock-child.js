/** Loaded before the collector: its clock is off by as many milliseconds as stand in a file, read anew on SIGUSR2. `clock-child.js?file`. */
import { readFileSync, writeFileSync } from 'node:fs'

const file = decodeURIComponent(new URL(import.meta.url).search.slice(1))
const RealDate = Date
const now = Date.now
let offset = 0

const JumpingDate = class extends RealDate {
  /** @param {any[]} words */
  constructor(...words) {
    if (words.length === 0) super(now() + offset)
    else super(.../** @type {[number]} */ (/** @type {unknown} */ (words)))
  }

  /** @override */
  static now() {
    return now() + offset
  }
}

globalThis.Date = /** @type {DateConstructor} */ (JumpingDate)

process.on('SIGUSR2', () => {
  offset = Number(readFileSync(file, 'utf8'))
  writeFileSync(`${file}.taken`, String(offset))
})
