import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/property-seed.ts'],
    // A native addon cannot be unloaded from a worker thread: every test file gets a process.
    pool: 'forks',
    // By default one CPU is left to vitest itself, which is half of a machine of two.
    maxWorkers: Math.max(2, availableParallelism()),
    // Tests say nothing about speed, and the slowest runner of CI has two shared cores.
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
})
