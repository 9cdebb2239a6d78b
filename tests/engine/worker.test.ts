import { describe, expect, it } from 'vitest'
import type { ProcessStart, StandardStream, StartOptions } from '../../src/core/ports.ts'
import { startWorker } from '../../src/engine/worker.ts'
import { WORKER } from '../fakes/records.ts'
import { fakeWorld } from '../fakes/world.ts'

const OPTIONS = { cwd: '/', env: {}, stdio: ['inherit', 7, 'inherit'], cgroup: null, memory: null } as const
const RUNNING: ProcessStart = { kind: 'started', pid: WORKER, exit: new Promise(() => undefined) }

const starting = async (outcome: ProcessStart, terminals: readonly StandardStream[] = []) => {
  const asked: StartOptions[] = []
  const world = fakeWorld(
    {},
    {
      start: async (_, options) => {
        asked.push(options)
        return outcome
      },
    },
  )
  for (const fd of terminals) world.terminals.add(fd)
  world.machine.add(WORKER, () => undefined, { started: 1100 })
  return { started: await startWorker(world, ['make'], OPTIONS), asked, world }
}

describe('a worker', () => {
  it('is known by its PID and its start', async () => {
    const { started } = await starting(RUNNING)
    expect(started).toMatchObject({ reference: { pid: WORKER, pid_started: 1100 }, ownGroup: true })
  })

  it.each<[readonly StandardStream[], boolean]>([
    [[], true],
    [[0], false],
    [[1], false],
    [[2], false],
  ])('has a session of its own unless its engine has a terminal: %j', async (terminals, ownGroup) => {
    const { started, asked } = await starting(RUNNING, terminals)
    expect(started).toMatchObject({ ownGroup })
    expect(asked).toEqual([{ ...OPTIONS, detached: ownGroup }])
  })

  it('runs also when it has gone before anybody could look at it', async () => {
    const exit = Promise.resolve({ exitCode: 3, signal: null })
    const world = fakeWorld({}, { start: async () => ({ kind: 'started', pid: 5555, exit }) })
    const started = await startWorker(world, ['false'], OPTIONS)
    expect(started).toMatchObject({ reference: null })
    expect('exit' in started && (await started.exit)).toEqual({ exitCode: 3, signal: null })
  })
})

describe('a command that cannot be started', () => {
  it.each([
    ['ENOENT', 'not-found', 'command not found'],
    ['ENOTDIR', 'not-found', 'command not found'],
    ['EACCES', 'not-executable', 'it may not be executed'],
    ['ENOEXEC', 'not-executable', 'it may not be executed'],
    ['E2BIG', 'not-executable', 'spawn E2BIG'],
    [null, 'not-executable', 'spawn E2BIG'],
  ] as const)('is reported as a shell would: %s', async (code, notStarted, message) => {
    const { started } = await starting({ kind: 'failed', code, message: 'spawn E2BIG' })
    expect(started).toEqual({ notStarted, message })
  })

  it('is not tried when it has no name', async () => {
    expect(await startWorker(fakeWorld(), ['', 'x'], OPTIONS)).toMatchObject({ notStarted: 'not-found' })
  })
})
