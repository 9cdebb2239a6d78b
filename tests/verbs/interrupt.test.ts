import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { LastIteration } from '../../src/core/record.ts'
import { readRequest, writeRequest } from '../../src/store/requests.ts'
import { interrupt } from '../../src/verbs/interrupt.ts'
import { rejectionOf } from '../fakes/failure.ts'
import { OWNER, owner } from '../fakes/records.ts'
import { type FakeWorld, fakeWorld, putRecord } from '../fakes/world.ts'

const end = (iteration: number, ended_epoch: number): LastIteration => ({
  generation: 7,
  iteration,
  result: 'interrupted',
  exit_code: null,
  signal: 'SIGTERM',
  ended_epoch,
})

/** An owner in iteration 3 of run 7 that does `react` when it gets a signal. */
const running = (react: (world: FakeWorld) => void = () => undefined): FakeWorld => {
  const world = fakeWorld()
  mkdirSync(world.paths('demo').home)
  world.machine.add(OWNER, () => react(world), owner())
  putRecord(world, { iteration: 3, last_iteration: end(2, 10) })
  return world
}

describe('interrupt', () => {
  it('asks for the end of this iteration of this run, and then tells the owner', async () => {
    const world = running((me) => {
      expect(JSON.parse(readFileSync(me.paths('demo').request, 'utf8'))).toEqual({
        request: 'interrupt-iteration',
        generation: 7,
        iteration: 3,
      })
      putRecord(me, { iteration: 4, last_iteration: end(3, 20) })
    })
    expect(await interrupt(world, 'demo')).toBe(
      'iteration 3 of demo has ended (interrupted); the run continues with iteration 4 of 5',
    )
    expect(world.machine.log).toEqual([`SIGUSR2 ${OWNER}`])
  })

  it('waits until the iteration has ended', async () => {
    const world = running()
    world.machine.at(9, () =>
      putRecord(world, { iteration: 3, phase: 'waiting', last_iteration: end(3, 20) }),
    )
    expect(await interrupt(world, 'demo')).toBe(
      'iteration 3 of demo has ended (interrupted); the run continues after its pause',
    )
    expect(world.machine.elapsed).toBeGreaterThan(8.9)
  })

  it('is not deceived by an earlier end of an iteration with this number', async () => {
    const world = running()
    putRecord(world, { iteration: 5, last_iteration: end(5, 10) })
    world.machine.at(9, () =>
      putRecord(world, { iteration: 5, phase: 'waiting', last_iteration: end(5, 20) }),
    )
    await interrupt(world, 'demo')
    expect(world.machine.elapsed).toBeGreaterThan(8.9)
  })

  it('says when the run has ended with it', async () => {
    const world = running((me) =>
      putRecord(me, {
        iteration: 3,
        last_iteration: end(3, 20),
        phase: 'ended',
        ended: { epoch: 20, reason: 'completed', exit_code: 143 },
      }),
    )
    expect(await interrupt(world, 'demo')).toContain('the run has ended too (completed)')
  })

  it('says when somebody else has taken the session over', async () => {
    const world = running((me) => putRecord(me, { generation: 8 }))
    expect(await interrupt(world, 'demo')).toBe('run 7 of demo has ended; by now there is run 8')
  })

  it('gives up when the grace and some seconds are over', async () => {
    const world = running()
    const { exitCode, message, hint } = await rejectionOf(interrupt(world, 'demo'))
    expect(exitCode).toBe(75)
    expect(message).toContain('iteration 3 of demo does not end; it is run by pid 4000 (ann@here)')
    expect(hint).toContain('--force')
    expect(world.machine.elapsed).toBeGreaterThan(10)
    expect(world.machine.elapsed).toBeLessThan(30)
  })

  it('says when the owner has died meanwhile', async () => {
    const world = running((me) => me.machine.end(OWNER))
    expect((await rejectionOf(interrupt(world, 'demo'))).message).toContain('has lost its owner')
  })

  it.each<[string, (world: FakeWorld) => void, string]>([
    ['pauses', (world) => putRecord(world, { phase: 'waiting' }), 'no iteration of demo runs just now'],
    ['ends already', (world) => putRecord(world, { phase: 'stopping' }), 'is ending already'],
    [
      'has ended',
      (world) => putRecord(world, { phase: 'ended', ended: { epoch: 1, reason: 'completed', exit_code: 0 } }),
      'demo does not run: ',
    ],
    ['is dead', (world) => world.machine.end(OWNER), 'demo does not run any more'],
    [
      'is being taken over',
      (world) => writeRequest(world.paths('demo'), 'supersede', 7),
      'is being taken over already',
    ],
  ])('does nothing when the run %s', async (_, prepare, words) => {
    const world = running()
    prepare(world)
    expect(await interrupt(world, 'demo')).toContain(words)
    expect(world.machine.log).toEqual([])
    expect(readRequest(world.paths('demo'), 7, 3)).not.toBe('interrupt-iteration')
  })

  it('says that a session has never run', async () => {
    expect(await interrupt(fakeWorld(), 'demo')).toBe('demo has never run')
  })

  it('asks nothing of an owner that is stopped', async () => {
    const world = running()
    world.machine.add(OWNER, undefined, owner({ state: 'stopped' }))
    const { exitCode, message } = await rejectionOf(interrupt(world, 'demo'))
    expect([exitCode, message]).toEqual([
      75,
      'the owner of demo (pid 4000) is stopped (SIGSTOP or Ctrl-Z) and does not react to signals',
    ])
    expect(readRequest(world.paths('demo'), 7, 3)).toBeNull()
  })

  it('refuses an owner that cannot be seen from here', async () => {
    const world = running()
    putRecord(world, { pid_namespace: 'pid:[2]' })
    expect((await rejectionOf(interrupt(world, 'demo'))).exitCode).toBe(75)
    expect(world.machine.log).toEqual([])
  })

  it("refuses another user's owner", async () => {
    const world = Object.assign(running(), { signal: () => 'denied' as const })
    expect((await rejectionOf(interrupt(world, 'demo'))).exitCode).toBe(77)
  })

  it('refuses a record that nobody can read', async () => {
    const world = running()
    writeFileSync(world.paths('demo').record, 'x')
    expect((await rejectionOf(interrupt(world, 'demo'))).exitCode).toBe(65)
  })
})
