import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { ProcessInspector } from '../../src/core/ports.ts'
import { PROCESS_STRATEGIES, systemInspector } from '../../src/process/inspector.ts'
import { program, start, startReady, stateLetter } from '../fakes/children.ts'
import { eventually } from '../fakes/eventually.ts'
import { rejectionOf } from '../fakes/failure.ts'

const hasProcfs = existsSync('/proc/self/stat')
const strategies = PROCESS_STRATEGIES.filter((name) => name === 'ps' || hasProcfs)

const inspected = (inspector: ProcessInspector, pid: number) => inspector.snapshot().inspect(pid)

/** More than any pid may be on Linux, and on macOS. */
const NO_PID = 2 ** 22 + 1

describe.each(strategies)('the inspector %s', async (strategy) => {
  const inspector = await systemInspector(process.platform, strategy)

  it('sees this process', () => {
    const seen = inspected(inspector, process.pid)
    expect(seen).toMatchObject({
      kind: 'process',
      facts: { pid: process.pid, parent: process.ppid, state: 'running' },
    })
  })

  it('sees the same start of a process in every snapshot', async () => {
    const child = start('sleep', ['300'])
    const startOf = (): number => {
      const seen = inspected(inspector, child.pid)
      return seen.kind === 'process' ? seen.facts.started : Number.NaN
    }
    const first = startOf()
    for (let round = 0; round < 5; round += 1) {
      expect(Math.abs(startOf() - first)).toBeLessThanOrEqual(inspector.startTolerance)
    }
  })

  it('sees the whole of a process, also where the terminal is said to be narrow', async () => {
    vi.stubEnv('COLUMNS', '20')
    onTestFinished(() => void vi.unstubAllEnvs())
    const child = await startReady('sh', [program('sleeper.sh')])
    await eventually('it has become sleep', () => {
      const seen = inspected(inspector, child.pid)
      return seen.kind === 'process' && seen.facts.name === 'sleep'
    })
    expect(inspector.snapshot().commandLine(child.pid).join(' ')).toBe('sleep 300')
  })

  it('sees nothing where there is no process', () => {
    expect(inspected(inspector, NO_PID)).toEqual({ kind: 'none' })
  })

  it('sees nothing where a process has been', async () => {
    const child = start('true', [])
    await child.ended
    expect(inspected(inspector, child.pid)).toEqual({ kind: 'none' })
  })

  const stillSeesNewcomers = (): void => {
    const view = inspector.snapshot()
    view.inspect(process.pid)
    const child = start('sleep', ['300'])
    expect(view.inspect(child.pid).kind).not.toBe('none')
  }
  if (strategy === 'procfs') {
    it('does not call a process gone that is younger than the snapshot', stillSeesNewcomers)
  } else {
    // The list is older than the process, and so not proof that there is none: a session that starts meanwhile reads dead.
    it('does not call a process gone that is younger than the snapshot', stillSeesNewcomers)
  }

  it('lists the processes that it sees one by one', () => {
    const view = inspector.snapshot()
    const self = view.all().find(({ pid }) => pid === process.pid)
    expect(view.inspect(process.pid)).toEqual({ kind: 'process', facts: self })
  })

  it('sees a stopped process as stopped, and as running when it goes on', async () => {
    const child = start('sleep', ['300'])
    const stateOf = (): string => {
      const seen = inspected(inspector, child.pid)
      return seen.kind === 'process' ? seen.facts.state : seen.kind
    }
    process.kill(child.pid, 'SIGSTOP')
    await eventually('it is seen as stopped', () => stateOf() === 'stopped')
    process.kill(child.pid, 'SIGCONT')
    await eventually('it is seen as running', () => stateOf() === 'running')
  })

  it.skipIf(!hasProcfs)('sees a zombie as exited', async () => {
    const parent = await startReady(process.execPath, [program('zombie.mjs')])
    const zombie = Number(parent.said)
    await eventually('it is a zombie', () => stateLetter(zombie) === 'Z')
    expect(inspected(inspector, zombie)).toMatchObject({ kind: 'process', facts: { state: 'exited' } })
  })

  it('reads the environment and the command line of a process', async () => {
    const child = await startReady('sh', [program('sleeper.sh'), 'LOCK_COOKIE=in-arguments'], {
      env: { ...process.env, LOCK_COOKIE: 'in-environment', LOCK_ITERATION: '3' },
    })
    const view = await eventually('it has become sleep', () => {
      const now = inspector.snapshot()
      return now.commandLine(child.pid).join(' ') === 'sleep 300' && now
    })
    expect(view.environment(child.pid)).toContain('LOCK_COOKIE=in-environment')
    expect(view.environment(child.pid)).toContain('LOCK_ITERATION=3')
  })

  it('does not take arguments for the environment', async () => {
    const child = await startReady('sh', [program('ignores-term.sh'), 'LOCK_COOKIE=in-arguments'])
    const view = inspector.snapshot()
    expect(view.commandLine(child.pid).join(' ')).toContain('LOCK_COOKIE=in-arguments')
    expect(view.environment(child.pid)).not.toContain('LOCK_COOKIE=in-arguments')
  })

  it('says of a process that is not there what can be said', () => {
    const view = inspector.snapshot()
    expect(view.environment(NO_PID).join('')).toBe('')
    expect(view.commandLine(NO_PID)).toEqual([])
    expect(view.cpuSeconds(NO_PID)).toBeNull()
    expect(view.ageSeconds(NO_PID)).toBeNull()
  })

  it('measures what a process has used, and its age', () => {
    const view = inspector.snapshot()
    expect(view.cpuSeconds(process.pid)).toBeGreaterThanOrEqual(0)
    expect(view.ageSeconds(process.pid)).toBeGreaterThanOrEqual(0)
    expect(view.ageSeconds(process.pid)).toBeLessThan(3600)
  })

  it('knows the boot', () => {
    expect(inspector.bootId).toMatch(/^[0-9a-f-]{36}$/i)
  })
})

describe.skipIf(!hasProcfs)('threads on Linux', () => {
  const threadOf = async (): Promise<number> =>
    Number((await startReady(process.execPath, [program('thread.mjs')])).said)

  it('are no processes to procfs', async () => {
    const inspector = await systemInspector('linux', 'procfs')
    expect(inspected(inspector, await threadOf())).toEqual({ kind: 'none' })
  })

  // ps does not list it, and the signal-0 probe behind it answers for threads too.
  it('are no processes to ps', async () => {
    const inspector = await systemInspector('linux', 'ps')
    expect(inspected(inspector, await threadOf())).toEqual({ kind: 'none' })
  })
})

describe('the choice of an inspector', () => {
  it.skipIf(!hasProcfs)('is by platform', async () => {
    expect((await systemInspector('linux', undefined)).startClock).toBe('boot-ticks')
    expect((await systemInspector('freebsd', undefined)).startClock).toBe('epoch-seconds')
  })

  it('refuses a strategy that does not exist', async () => {
    expect((await rejectionOf(systemInspector('linux', 'crystal-ball'))).exitCode).toBe(64)
  })

  it.skipIf(!hasProcfs)('gives two that agree about the boot', async () => {
    const [procfs, ps] = await Promise.all(strategies.map((name) => systemInspector('linux', name)))
    expect(procfs?.bootId).toBe(ps?.bootId)
  })

  it.skipIf(process.platform !== 'linux')('sees the age of a process alike with both', async () => {
    const real = (): number =>
      Number(execFileSync('ps', ['-o', 'etimes=', '-p', String(process.pid)], { encoding: 'utf8' }))
    const before = real()
    const ages = await Promise.all(
      strategies.map(
        async (name) => (await systemInspector('linux', name)).snapshot().ageSeconds(process.pid) ?? 0,
      ),
    )
    const after = real()
    for (const age of ages) {
      expect(age).toBeGreaterThan(before - 10)
      expect(age).toBeLessThan(after + 10)
    }
  })
})
