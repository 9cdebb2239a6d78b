import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    // Real processes, signals and descriptors: a thread would share them with its neighbours.
    pool: 'forks',
    // Many of them wait for processes.
    maxWorkers: availableParallelism() + 1,
    // No module under test keeps anything but a buffer, and no test leaves a process or a variable behind.
    isolate: false,
    // Generous on purpose: no test waits for a clock, so a limit is met only when something hangs.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    setupFiles: ['tests/fakes/setup.ts'],
  },
})
