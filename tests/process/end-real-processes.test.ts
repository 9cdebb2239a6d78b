/** The search for a worker and its end, with real processes and both inspectors. */
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Observer } from '../../src/core/identity.ts'
import type { ProcessInspector } from '../../src/core/ports.ts'
import type { LockRecord } from '../../src/core/record.ts'
import { systemClock } from '../../src/process/clock.ts'
import { endWorker } from '../../src/process/end-worker.ts'
import { PROCESS_STRATEGIES, systemInspector } from '../../src/process/inspector.ts'
import { sendSignal } from '../../src/process/signals.ts'
import { findWorker } from '../../src/process/worker-tree.ts'
import { isOver, killAfterwards, program, start, startReady, stateLetter } from '../fakes/children.ts'
import { eventually } from '../fakes/eventually.ts'
import { aRecord } from '../fakes/records.ts'

const strategies = PROCESS_STRATEGIES.filter((name) => name === 'ps' || existsSync('/proc/self/stat'))
const onLinux = process.platform === 'linux'

const ITERATION = 3

describe.skipIf(!onLinux).each(strategies)('with the inspector %s', async (strategy) => {
  const inspector: ProcessInspector = await systemInspector(process.platform, strategy)

  const recordOf = (
    pid: number | null,
    cookie: string = randomUUID(),
    changes: Parameters<typeof aRecord>[0] = {},
  ): LockRecord => {
    const seen = pid === null ? null : inspector.snapshot().inspect(pid)
    return aRecord({
      boot_id: inspector.bootId,
      pid_namespace: inspector.pidNamespace,
      pid_started_clock: inspector.startClock,
      cookie,
      iteration: ITERATION,
      worker: seen?.kind === 'process' ? { pid: seen.facts.pid, pid_started: seen.facts.started } : null,
      members: [],
      refresher: null,
      ...changes,
    })
  }
  const { startClock, startTolerance, bootId, pidNamespace } = inspector
  const observer: Observer = { startClock, startTolerance, bootId, pidNamespace, host: 'here' }
  const found = (record: LockRecord): readonly number[] =>
    findWorker({ inspector, observer, otherRuns: () => [] }, record).map(({ pid }) => pid)
  const end = (record: LockRecord, graceSeconds: number) =>
    endWorker(
      { inspector, observer, otherRuns: () => [], signal: sendSignal, clock: systemClock },
      record,
      graceSeconds,
    )
  const worker = (cookie: string, iteration = ITERATION) => ({
    env: { ...process.env, LOCK_COOKIE: cookie, LOCK_ITERATION: String(iteration) },
  })

  it('ends a process that ignores TERM, by KILL', async () => {
    const child = await startReady('sh', [program('ignores-term.sh')], { detached: true })
    const result = await end(recordOf(child.pid), 0.2)
    expect(result.killed).toBeGreaterThanOrEqual(1)
    expect(result.survivors).toEqual([])
    await child.ended
    expect(child.process.signalCode).toBe('SIGKILL')
  })

  it('ends a stopped process by TERM, within the grace', async () => {
    const child = start('sleep', ['300'])
    process.kill(child.pid, 'SIGSTOP')
    await eventually('it is stopped', () => stateLetter(child.pid) === 'T')
    expect(await end(recordOf(child.pid), 20)).toMatchObject({ found: 1, killed: 0, survivors: [] })
    await child.ended
    expect(child.process.signalCode).toBe('SIGTERM')
  })

  it('finds a double fork by its process group, and ends it', async () => {
    const child = await startReady('sh', [program('double-fork.sh')], { detached: true })
    const orphan = killAfterwards(Number(child.said))
    const record = recordOf(child.pid)
    expect(found(record)).toEqual(expect.arrayContaining([child.pid, orphan]))
    expect(await end(record, 20)).toMatchObject({ killed: 0, survivors: [] })
    expect(isOver(orphan)).toBe(true)
  })

  it('finds a process in a session of its own by the cookie when its parent is gone', async () => {
    const cookie = randomUUID()
    const child = await startReady(process.execPath, [program('setsid.mjs')], worker(cookie))
    const loose = killAfterwards(Number(child.said))
    process.kill(child.pid, 'SIGKILL')
    await child.ended
    const record = recordOf(null, cookie)
    await eventually('it alone is found', () => found(record).join() === String(loose))
    expect(await end(record, 20)).toEqual({ found: 1, killed: 0, survivors: [] })
    expect(isOver(loose)).toBe(true)
  })

  // The cookie is a proof by itself; only pids and starts mean nothing by another clock.
  it('finds a process by the cookie also in a record by another clock', async () => {
    const cookie = randomUUID()
    const own = start('sleep', ['300'], worker(cookie))
    await eventually('it is found by our own clock', () => found(recordOf(null, cookie)).includes(own.pid))
    const other = startClock === 'boot-ticks' ? 'epoch-seconds' : 'boot-ticks'
    const record = recordOf(null, cookie)
    expect(found({ ...record, owner: { ...record.owner, started_clock: other } })).toEqual([own.pid])
  })

  it("leaves another iteration's and another run's processes alone", async () => {
    const cookie = randomUUID()
    const earlier = start('sleep', ['300'], worker(cookie, ITERATION - 1))
    const stranger = start('sleep', ['300'], worker(randomUUID()))
    const own = start('sleep', ['300'], worker(cookie))
    const record = recordOf(null, cookie)
    await eventually('its own is found', () => found(record).includes(own.pid))
    expect(found(record)).toEqual([own.pid])
    await end(record, 20)
    await own.ended
    expect(isOver(earlier.pid)).toBe(false)
    expect(isOver(stranger.pid)).toBe(false)
  })

  it('never has this process in the tree, nor what it descends from', () => {
    expect(found(recordOf(process.pid))).not.toContain(process.pid)
    expect(found(recordOf(process.ppid))).not.toContain(process.ppid)
  })

  it('does not take a process for the worker that has its pid and another start time', () => {
    const child = start('sleep', ['300'])
    const record = recordOf(child.pid)
    const before = { pid: child.pid, pid_started: (record.worker?.pid_started ?? 0) - 100 }
    expect(found({ ...record, worker: before })).toEqual([])
  })

  it('finds a daemon that has shed every proof but that it was seen, and ends it', async () => {
    const daemon = start('env', ['-i', 'sleep', '300'], { detached: true })
    const seen = await eventually('it is a process of its own', () => {
      const record = recordOf(daemon.pid)
      return record.worker ?? undefined
    })
    const record = { ...recordOf(null), members: [seen] }
    expect(found(record)).toEqual([daemon.pid])
    expect(await end(record, 20)).toMatchObject({ found: 1, killed: 0, survivors: [] })
    await daemon.ended
    expect(daemon.process.signalCode).toBe('SIGTERM')
  })

  it('ends children whose parent is ended first, though they share nothing else with it', async () => {
    const child = await startReady(process.execPath, [program('setsid.mjs')])
    const loose = killAfterwards(Number(child.said))
    const record = recordOf(child.pid)
    expect(found(record)).toEqual([child.pid, loose])
    expect(await end(record, 20)).toMatchObject({ found: 2, survivors: [] })
    expect(isOver(loose)).toBe(true)
  })

  // A pid and a start in ticks since boot say nothing about a process of another boot or namespace.
  it.each([
    ['of another boot', { boot_id: 'another-boot' }],
    ['of another PID namespace', { pid_namespace: 'pid:[1]' }],
  ])('does not take a process for the worker in a record %s', (_, changes) => {
    const child = start('sleep', ['300'])
    expect(found(recordOf(child.pid, undefined, changes))).toEqual([])
  })
})

describe('signals', () => {
  it('say when the process is gone', async () => {
    const child = start('true', [])
    await child.ended
    expect(sendSignal(child.pid, 'SIGTERM')).toBe('gone')
  })

  it('say when they were sent', async () => {
    const child = start('sleep', ['300'])
    expect(sendSignal(child.pid, 'SIGTERM')).toBe('sent')
    await child.ended
  })
})
