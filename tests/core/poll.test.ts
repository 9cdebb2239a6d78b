import { describe, expect, it } from 'vitest'
import { poll } from '../../src/core/poll.ts'
import { FakeMachine } from '../fakes/machine.ts'

const every = { seconds: 1, pauseSeconds: 0.25 }

describe('poll', () => {
  it('gives the first thing that is there', async () => {
    const { clock } = new FakeMachine()
    let looks = 0
    expect(await poll(clock, every, () => ++looks === 3 && 'found')).toBe('found')
    expect(looks).toBe(3)
  })

  it('looks once when there is no time, and does not wait', async () => {
    const machine = new FakeMachine()
    let looks = 0
    expect(await poll(machine.clock, { ...every, seconds: 0 }, () => ++looks > 1 && looks)).toBeNull()
    expect(looks).toBe(1)
    expect(machine.elapsed).toBe(0)
  })

  it('looks a last time when the time is up, and never waits beyond it', async () => {
    const machine = new FakeMachine()
    const looks: number[] = []
    await poll(machine.clock, { seconds: 1, pauseSeconds: 0.4 }, () => looks.push(machine.elapsed) > 9)
    expect(looks.at(-1)).toBe(1)
    expect(machine.elapsed).toBe(1)
  })

  it('waits longer each time, up to the longest pause', async () => {
    const machine = new FakeMachine()
    const looks: number[] = []
    await poll(
      machine.clock,
      { seconds: 3, pauseSeconds: 0.5, longestPauseSeconds: 1 },
      () => looks.push(machine.elapsed) > 9,
    )
    expect(looks).toEqual([0, 0.5, 1.25, 2.25, 3])
  })

  it('ends when it is told to, after a last look', async () => {
    const { clock } = new FakeMachine()
    const stop = new AbortController()
    let looks = 0
    const found = await poll(clock, { ...every, signal: stop.signal }, () => {
      looks += 1
      stop.abort()
      return false
    })
    expect(found).toBeNull()
    expect(looks).toBe(1)
  })

  it('takes 0 and an empty text for something', async () => {
    const { clock } = new FakeMachine()
    expect(await poll<number>(clock, every, () => 0)).toBe(0)
    expect(await poll<string>(clock, every, () => '')).toBe('')
  })
})
