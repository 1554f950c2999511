/**
 * How soon the dashboard is there, on the history that the benches of the query API ask about: the first paint of a browser that has nothing of
 * it, and the moment when the overview shows its numbers, none of which the collector has kept. Debian's Chromium. Prints JSON lines.
 *
 *     node bench/dashboard.js [--short] [--rows N] [--data DIRECTORY]
 */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { chromium } from 'playwright-core'
import { start } from './collector-process.js'
import { emit, progress } from './line.js'
import { historyOf, KEEPING } from './query-history.js'
import { median } from './rounds.js'

const { values: options } = parseArgs({
  options: { short: { type: 'boolean' }, rows: { type: 'string' }, data: { type: 'string' } },
  allowPositionals: true,
})
const rows = Number(options.rows ?? (options.short ? 200_000 : 10_000_000))
const directory = options.data ?? join(process.env.TMPDIR ?? tmpdir(), 'tokmeter-bench-query')
const ROUNDS = options.short ? 3 : 15
const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE
const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking']

/** In the page, before anything of it: when all cards have their numbers, and when all panels are there. */
function watch() {
  const seen = {}
  globalThis.seen = seen
  const isThere = (what, place) => document.querySelector(place) !== null && document.querySelector(what) === null
  const look = () => {
    if (isThere('.kpis .skeleton', '.kpi-value')) seen.numbers ??= performance.now()
    if (isThere('.skeleton, [aria-busy=true]', '.panel')) seen.all ??= performance.now()
  }
  new MutationObserver(() => requestAnimationFrame(look)).observe(document, {
    subtree: true,
    childList: true,
    attributes: true,
  })
}

/** Milliseconds from when the address was given. @param {import('playwright-core').Browser} browser @param {string} url */
async function timesOf(browser, url) {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    timezoneId: 'UTC',
    locale: 'en-US',
  })
  try {
    const page = await context.newPage()
    await page.addInitScript(watch)
    await page.goto(url)
    await page.waitForFunction(() => globalThis.seen.all !== undefined)
    return await page.evaluate(() => {
      const paints = performance.getEntriesByType('paint').map(({ name, startTime }) => [name, startTime])
      return { ...Object.fromEntries(paints), ...globalThis.seen }
    })
  } finally {
    await context.close()
  }
}

const history = await historyOf(directory, rows, 1)
const collector = await start(history.path, KEEPING)
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: FLAGS })
try {
  /** Of a range that ends where the history does, as if that were now; each time of another one, so that nothing was asked before. @param {number} days */
  const addressOf = (days) => {
    let asked = 0
    return () => {
      const end = Math.floor(history.end / MINUTE) * MINUTE - asked++ * MINUTE
      const [from, to] = [end - days * DAY, end].map((time) => new Date(time).toISOString())
      return `${collector.url}/#/overview?${new URLSearchParams({ from, to })}`
    }
  }
  for (const [name, days] of /** @type {const} */ ([
    ['', 1],
    ['.month', 29],
  ])) {
    const address = addressOf(days)
    const times = []
    for (let round = -1; round < ROUNDS; round++) {
      progress(`dashboard${name}: ${round + 1} of ${ROUNDS}`)
      const its = await timesOf(browser, address())
      // The first one loads what the engine and the disk keep.
      if (round >= 0) times.push(its)
    }
    const told = (/** @type {string} */ what) => {
      const all = times.map((its) => its[what])
      return { middle: median(all), note: `median of ${all.length}; the slowest ${Math.round(Math.max(...all))} ms` }
    }
    const [paint, numbers, whole] = [told('first-contentful-paint'), told('numbers'), told('all')]
    const of = `${rows} operations, ${days === 1 ? 'a day' : `${days} days`} of them shown`
    if (days === 1) {
      emit({
        name: 'dashboard.paint',
        value: paint.middle,
        unit: 'ms',
        limits: { atMost: 1000 },
        note: `first contentful paint with an empty cache, ${of}; ${paint.note}`,
      })
    }
    emit({
      name: `dashboard.numbers${name}`,
      value: numbers.middle,
      unit: 'ms',
      ...(days === 1 && { limits: { atMost: 1000 } }),
      note: `until the cards of the overview have their numbers, ${of}, none kept; ${numbers.note}; all panels ${Math.round(whole.middle)} ms, ${whole.note}`,
    })
  }
} finally {
  await browser.close()
  await collector.stop()
}
