/** With real processes, on a system that has /proc. */
import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ProcessState } from '../../src/core/ports.ts'
import { ProcessMemory } from '../../src/process/process-memory.ts'
import { procfsInspector } from '../../src/process/procfs.ts'
import { eventually } from '../fakes/eventually.ts'

const hasProcfs = process.platform === 'linux'

describe.skipIf(!hasProcfs)('what is remembered of processes', () => {
  let memory: ProcessMemory
  let child: ChildProcess

  const stateOf = (pid: number): ProcessState | 'hidden' | 'none' => {
    const inspection = memory.snapshot().inspect(pid)
    return inspection.kind === 'process' ? inspection.facts.state : inspection.kind
  }
  const start = (...command: readonly [string, ...string[]]): number => {
    const [program, ...words] = command
    child = spawn(program, words, { stdio: ['ignore', 'pipe', 'ignore'] })
    return child.pid as number
  }
  const commandLine = (pid: number): string => readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  const openFiles = (pid: number): number =>
    readdirSync('/proc/self/fd').filter((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`) === `/proc/${pid}/stat`
      } catch {
        return false
      }
    }).length

  beforeEach(() => {
    memory = new ProcessMemory(procfsInspector())
  })
  afterEach(() => void child.kill('SIGKILL'))

  it('is as new as at the first look: running, stopped, running, gone', async () => {
    const pid = start('sleep', '1000')
    expect(stateOf(pid)).toBe('running')
    child.kill('SIGSTOP')
    await eventually('it is stopped', () => stateOf(pid) === 'stopped')
    child.kill('SIGCONT')
    await eventually('it is running', () => stateOf(pid) === 'running')
    child.kill('SIGKILL')
    await eventually('it is none', () => stateOf(pid) === 'none')
    expect(openFiles(pid)).toBe(0)
  })

  it('tells a zombie, which nobody has waited for', async () => {
    const parent = start('sh', '-c', 'sleep 1000 & echo $!; exec sleep 1001')
    const pid = await new Promise<number>((resolve) => {
      child.stdout?.once('data', (chunk: Buffer) => resolve(Number(chunk.toString())))
    })
    expect(stateOf(pid)).toBe('running')
    // Until then it is a shell, which waits for its children.
    await eventually('the parent is sleep', () => commandLine(parent).startsWith('sleep'))
    process.kill(pid, 'SIGKILL')
    await eventually('it is exited', () => stateOf(pid) === 'exited')
  })

  it('is what an inspector says that remembers nothing', () => {
    start('sleep', '1000')
    const pids = [process.pid, child.pid as number, 1, 2 ** 30]
    const plain = procfsInspector().snapshot()
    memory.snapshot()
    for (const pid of pids) {
      const { kind } = memory.snapshot().inspect(pid)
      const again = memory.snapshot().inspect(pid)
      expect([pid, again.kind]).toEqual([pid, kind])
      const other = plain.inspect(pid)
      expect(again.kind).toBe(other.kind)
      if (again.kind === 'process' && other.kind === 'process')
        expect(again.facts.started).toBe(other.facts.started)
    }
  })

  it('keeps one file open for a process, as long as somebody asks', () => {
    const pid = start('sleep', '1000')
    const view = memory.snapshot()
    view.inspect(pid)
    view.inspect(pid)
    stateOf(pid)
    expect(openFiles(pid)).toBe(1)
    memory.snapshot()
    memory.snapshot()
    expect(openFiles(pid)).toBe(0)
  })
})
