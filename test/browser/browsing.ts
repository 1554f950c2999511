/** Chromium for tests, on fresh profiles, and pages that tell what they should never do: errors on the console, requests to other hosts. */
import { existsSync } from 'node:fs'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { expect, onTestFinished } from 'vitest'

const PROGRAM = '/usr/bin/chromium'
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

let browser: Promise<Browser> | undefined

/** One browser for a file of tests; each page has a profile of its own. */
export function launch(): Promise<Browser> {
  if (!existsSync(PROGRAM)) throw new Error(`these tests need Chromium at ${PROGRAM}: apt-get install chromium`)
  browser ??= chromium.launch({ executablePath: PROGRAM, args: FLAGS })
  return browser
}

export async function closeBrowser(): Promise<void> {
  await (await browser)?.close()
  browser = undefined
}

export type Watched = {
  readonly page: Page
  /** What the browser complained of so far. To be emptied by a test that means to provoke it. */
  readonly complaints: string[]
}

/** A page on `url`, watched: when the test is over, nothing may have been complained of, and nobody else asked for anything. */
export async function open(url: string, hash = '', options: BrowserContextOptions = {}): Promise<Watched> {
  const made = await launch()
  const context = await made.newContext({
    viewport: { width: 1280, height: 900 },
    timezoneId: 'UTC',
    locale: 'en-US',
    ...options,
  })
  const page = await context.newPage()
  const complaints: string[] = []
  const strangers: string[] = []
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('request', (request) => {
    if (!request.url().startsWith(url) && !request.url().startsWith('blob:')) strangers.push(request.url())
  })
  onTestFinished(async () => {
    await context.close()
    expect({ complaints, strangers }).toEqual({ complaints: [], strangers: [] })
  })
  await page.goto(`${url}/${hash}`)
  return { page, complaints }
}

/** Resolves when everything on the page is answered. */
export async function settled(page: Page): Promise<void> {
  await page.locator('.panel').first().waitFor()
  await expect.poll(() => page.locator('.skeleton, [aria-busy=true]').count()).toBe(0)
}

/** The panel, or the card, of a title. */
export const section = (page: Page, title: string) => page.locator(`section[aria-label="${title}"]`)

/** Cells of a panel's table, row by row, as they are read. */
export async function cells(page: Page, title: string): Promise<string[][]> {
  const rows = await section(page, title).locator('tbody tr').all()
  return Promise.all(
    rows.map(async (row) =>
      (await row.locator('th, td').allInnerTexts()).map((text) => text.replace(/\s+/g, ' ').trim()),
    ),
  )
}

/** The number on a card. */
export const figure = (page: Page, label: string) => section(page, label).locator('.kpi-value').innerText()
