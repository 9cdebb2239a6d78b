import { beforeEach, describe, expect, it } from 'vitest'
import type { Clock } from '../../src/core/ports.ts'
import { Hang } from '../../src/engine/hang.ts'

/** Sleeps end when the test says so, or with their signal. */
let sleeps: { seconds: number; end: () => void }[]
let hang: Hang
let finished: AbortController

const clock: Clock = {
  epoch: () => 0,
  monotonic: () => 0,
  sleep: (seconds, signal) =>
    new Promise((resolve) => {
      sleeps.push({ seconds, end: resolve })
      signal?.addEventListener('abort', () => resolve(), { once: true })
      if (signal?.aborted) resolve()
    }),
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

beforeEach(() => {
  sleeps = []
  finished = new AbortController()
  hang = new Hang(clock)
  hang.begin(2)
})

/** @returns what tells whether it is due */
const wait = (): (() => Promise<boolean>) => {
  let isDue = false
  void hang.due(30, finished.signal).then(() => {
    isDue = true
  })
  return async () => {
    await turn()
    return isDue
  }
}

describe('a hang', () => {
  it('is due when it has lasted for the grace', async () => {
    const isDue = wait()
    hang.hear({ iteration: 2, cause: 'silent' })
    expect(await isDue()).toBe(false)
    expect(sleeps.map(({ seconds }) => seconds)).toEqual([30])
    sleeps[0]?.end()
    expect(await isDue()).toBe(true)
    expect(hang.cause).toBe('silent')
  })

  it('is not due when the worker works again within the grace, and begins anew when it hangs again', async () => {
    const isDue = wait()
    hang.hear({ iteration: 2, cause: 'silent' })
    await turn()
    hang.hear({ iteration: 2, cause: null })
    expect(await isDue()).toBe(false)
    hang.hear({ iteration: 2, cause: 'repeating' })
    await turn()
    expect(sleeps.length).toBe(2)
    sleeps[1]?.end()
    expect(await isDue()).toBe(true)
  })

  it('counts from the first time that it is told, also when another guard tells it again', async () => {
    const isDue = wait()
    hang.hear({ iteration: 2, cause: 'silent' })
    await turn()
    hang.hear({ iteration: 2, cause: 'silent' })
    expect(await isDue()).toBe(false)
    expect(sleeps.length).toBe(1)
  })

  it('is of its iteration alone', async () => {
    const isDue = wait()
    hang.hear({ iteration: 1, cause: 'silent' })
    expect(await isDue()).toBe(false)
    expect(sleeps).toEqual([])
  })

  it('is never due when the iteration has ended', async () => {
    const isDue = wait()
    hang.hear({ iteration: 2, cause: 'silent' })
    finished.abort()
    expect(await isDue()).toBe(false)
  })
})
