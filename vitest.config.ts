import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // A native addon cannot be unloaded from a worker thread: every test file gets a process.
    pool: 'forks',
  },
})
