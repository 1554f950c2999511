/** The tests in a real browser: Debian's Chromium, which `npm test` does not ask for. */
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/browser/**/*.browser.ts'],
    pool: 'forks',
    // A browser and an embedded store each: more of them at once are slower.
    maxWorkers: 1,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Pages are waited for as long as they take.
    expect: { poll: { timeout: 30_000 } },
  },
})
