/**
 * Makes the pictures of the dashboard in docs/pictures: a collector of its own with the past of `tokmeter demo`, looked at by Chromium.
 *
 *   npm run screenshots
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import { sendPast } from '../../demo/into-collector.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const OUTPUT = join(ROOT, 'docs/pictures')
const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking']
const CONFIG = `budgets:
  - { name: everything, limitUsd: 600, period: month }
  - { name: by-service, limitUsd: 60, period: week, per: service }
alerts:
  delay: 0s
  rules:
    - { name: CallsFail, kind: error_rate, threshold: 0.005, window: 6h, groupBy: [model], severity: critical, summary: "calls of {{model}} fail" }
    - { name: AnswersSlow, kind: threshold, field: duration_ms, aggregation: p95, threshold: 20000, window: 1h, for: 30m, groupBy: [service], summary: "{{service}} is slow" }
dashboard:
  traceUrl: https://jaeger.example.com/trace/{traceId}
`

/** @type {readonly { name: string, hash: string, scheme?: 'light' | 'dark', width?: number, height?: number }[]} */
const PICTURES = [
  { name: 'overview', hash: 'overview?last=7d' },
  { name: 'overview-dark', hash: 'overview?last=7d', scheme: 'dark' },
  { name: 'cost', hash: 'cost?last=7d' },
  { name: 'performance', hash: 'performance?last=7d' },
  { name: 'errors', hash: 'errors?last=7d' },
  { name: 'models', hash: 'models?last=7d', scheme: 'dark' },
  { name: 'alerts', hash: 'alerts?last=7d' },
  { name: 'phone', hash: 'overview?last=7d', width: 390, height: 844 },
]

const folder = mkdtempSync(join(tmpdir(), 'tokmeter-pictures-'))
const collector = await started()
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: FLAGS })
try {
  const ending = new AbortController()
  await sendPast({ url: collector.url, days: 28, now: Date.now(), signal: ending.signal, onProgress: () => {} })
  await stored()
  await until('/alerts', ({ alerts }) => alerts.length > 0)
  mkdirSync(OUTPUT, { recursive: true })
  for (const { name, hash, scheme = 'light', width = 1280, height = 860 } of PICTURES) {
    const page = await browser.newPage({
      viewport: { width, height },
      colorScheme: scheme,
      timezoneId: 'UTC',
      locale: 'en-US',
      isMobile: width < 500,
    })
    await page.goto(`${collector.url}/#/${hash}`)
    await page.locator('.panel').first().waitFor()
    while ((await page.locator('.skeleton, [aria-busy=true]').count()) > 0) await page.waitForTimeout(100)
    await page.screenshot({ path: join(OUTPUT, `${name}.png`) })
    await page.close()
    console.log(`docs/pictures/${name}.png`)
  }
} finally {
  await browser.close()
  await collector.stop()
  rmSync(folder, { recursive: true, force: true })
}

async function started() {
  const config = join(folder, 'tokmeter.yaml')
  writeFileSync(config, CONFIG)
  const words = [
    join(ROOT, 'src/collector/dist/main.js'),
    '--config',
    config,
    '--port',
    '0',
    '--data',
    join(folder, 'data'),
  ]
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'ignore', 'pipe'] })
  const exit = once(child, 'exit')
  /** @type {string} */
  const url = await new Promise((resolve, reject) => {
    exit.then(([code]) => reject(new Error(`the collector ended with ${code}`)))
    createInterface({ input: child.stderr }).on('line', (line) => {
      const [, found] = /listening on (http:[^"\s]+)/.exec(line) ?? []
      if (found !== undefined) resolve(found)
    })
  })
  return {
    url,
    async stop() {
      child.kill('SIGTERM')
      await exit
    },
  }
}

/** Waits until all is stored. */
async function stored() {
  await until('/ledger', ({ inQueue }) => inQueue === 0)
}

/** Waits until the answer is such a one: rules are looked at every 15 s. @param {string} path @param {(answer: any) => boolean} isSo */
async function until(path, isSo) {
  while (!isSo(await (await fetch(`${collector.url}/api/v1${path}`)).json()))
    await new Promise((resolve) => setTimeout(resolve, 100))
}
