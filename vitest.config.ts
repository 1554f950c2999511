import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    // Many tests wait for other processes most of the time; by itself Vitest would run one file at a time on two cores.
    maxWorkers: 2,
    // Far beyond what any of them takes: a machine that is busy is no failure.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
