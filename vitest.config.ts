import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    // Two cores: machines and compilers each want one to themselves.
    maxWorkers: 2,
  },
})
