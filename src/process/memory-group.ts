/**
 * The memory controller of control groups: `--memory-max`, and whether the kernel has ended something for memory.
 *
 * Version 2: the run's own group has the limit, where the group above it hands the controller on. Version 1, which has a
 * tree of its own for memory: a group that the worker is born into, as process/cgroup.ts does it for the other one.
 */
import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseMountinfo } from '../core/mountinfo.ts'
import type { StartOptions } from '../core/ports.ts'
import { randomHex } from './random.ts'

const PREFIX = 'session-lock'

const read = (path: string): string => readFileSync(path, 'utf8')

/** This process's group in the memory tree of version 1; `null` when there is none. */
const ownGroupV1 = (): string | null => {
  const path = /^\d+:(?:[^:\n]*,)?memory(?:,[^:\n]*)?:(\/.*)$/m.exec(read('/proc/self/cgroup'))?.[1]
  const mount = parseMountinfo(read('/proc/self/mountinfo')).find(
    ({ type, point }) => type === 'cgroup' && /(^|[/,])memory(,|$)/.test(point),
  )
  if (path === undefined || mount === undefined) return null
  const inside = mount.root === '/' ? path : path.slice(mount.root.length)
  return join(mount.point, inside, '.')
}

/** Of version 2, which counts along what happens below the group, and of version 1. */
const COUNTERS = { v2: 'memory.events', v1: 'memory.oom_control' } as const

/** Processes that the kernel has ended for memory; `null`: not counted here. */
const killsOf = (counter: string): number | null => {
  try {
    const count = /^oom_kill (\d+)$/m.exec(read(counter))?.[1]
    return count === undefined ? null : Number(count)
  } catch {
    return null
  }
}

export type MemoryGroup = {
  readonly group: string
  /** The file of `group` in which the worker's kills are counted. */
  readonly counter: string
  /** Of version 1: the worker is started inside of `group`, and this process goes back here. */
  readonly home: string | null
  /** The limit in bytes; `null`: it is only looked at. */
  readonly bytes: number | null
}

export const oomKills = (memory: MemoryGroup | null): number | null =>
  memory === null ? null : killsOf(memory.counter)

/** A group that is only looked at; `null` when it counts nothing. */
const observed = (group: string): MemoryGroup | null => {
  const counter = [COUNTERS.v2, COUNTERS.v1]
    .map((name) => join(group, name))
    .find((file) => killsOf(file) !== null)
  return counter === undefined ? null : { group, counter, home: null, bytes: null }
}

/** Without a limit: where this process is itself, and so its workers. @param run the run's group of version 2 */
export const observedMemory = (run: string | null): MemoryGroup | null => {
  try {
    const own = ownGroupV1()
    // The run's group is removed between iterations; what is above it counts along.
    return (own === null ? null : observed(own)) ?? (run === null ? null : observed(dirname(run)))
  } catch {
    return null
  }
}

/**
 * Whether the kernel has ended something of an iteration for memory.
 *
 * In a group of its own every kill is the worker's. In one that it shares with others, a kill is claimed for it only when it
 * was ended by SIGKILL at the same time.
 *
 * @param before the kills when it started
 */
export const wasKilledForMemory = (
  memory: MemoryGroup | null,
  before: number | null,
  { exitCode, result }: { readonly exitCode: number; readonly result: string },
): boolean => {
  if (memory === null || before === null || result === 'ok') return false
  const now = oomKills(memory)
  if (now === null || now <= before) return false
  return (
    memory.bytes !== null || (exitCode === SIGKILL_EXIT_CODE && (result === 'killed' || result === 'failed'))
  )
}

/** As a shell reports it, also of a process below itself. */
const SIGKILL_EXIT_CODE = 137

const removeEmptyV1 = (own: string, prefix: string): void => {
  for (const name of readdirSync(own)) {
    if (!name.startsWith(prefix)) continue
    try {
      rmdirSync(join(own, name))
    } catch {
      // In use.
    }
  }
}

const limitV1 = (session: string, generation: number, bytes: number): MemoryGroup | null => {
  const own = ownGroupV1()
  if (own === null) return null
  removeEmptyV1(own, `${PREFIX}.${session}.`)
  const group = join(own, `${PREFIX}.${session}.${generation}.${randomHex(4)}`)
  mkdirSync(group)
  writeFileSync(join(group, 'memory.limit_in_bytes'), String(bytes))
  try {
    writeFileSync(join(group, 'memory.memsw.limit_in_bytes'), String(bytes))
  } catch {
    // Swap is not counted here.
  }
  return { group, counter: join(group, COUNTERS.v1), home: own, bytes }
}

const setLimitV2 = (run: string, bytes: number): void => {
  mkdirSync(run, { recursive: true })
  writeFileSync(join(run, 'memory.max'), String(bytes))
}

const limitV2 = (run: string | null, bytes: number): MemoryGroup | null => {
  if (run === null) return null
  setLimitV2(run, bytes)
  try {
    writeFileSync(join(run, 'memory.swap.max'), '0')
  } catch {
    // Without swap there is none to limit.
  }
  return { group: run, counter: join(run, COUNTERS.v2), home: null, bytes }
}

/** @param run the run's group of version 2 @returns `null` where no group can have such a limit */
export const limitMemory = (
  run: string | null,
  {
    session,
    generation,
    bytes,
  }: { readonly session: string; readonly generation: number; readonly bytes: number },
): MemoryGroup | null => {
  for (const limit of [() => limitV2(run, bytes), () => limitV1(session, generation, bytes)]) {
    try {
      const memory = limit()
      if (memory !== null) return memory
    } catch {
      // Not handed on to this user.
    }
  }
  return null
}

/** At the end of a run. */
export const removeMemoryGroup = (memory: MemoryGroup | null): void => {
  if (memory === null || memory.home === null) return
  try {
    rmdirSync(memory.group)
  } catch {
    // What the worker has left in the background is still in it; the next run of the session removes it.
  }
}

const enter = (group: string): void => writeFileSync(join(group, 'cgroup.procs'), '0')

/** Calls `start`, which forks, inside of the group. @throws when it cannot be entered: nothing runs without its limit */
export const startInMemoryGroup = <Started>(
  memory: StartOptions['memory'],
  start: () => Started,
): Started => {
  if (memory === null || memory.bytes === null) return start()
  if (memory.home === null) {
    // A session of the same name in another lock directory removes groups that it finds empty.
    setLimitV2(memory.group, memory.bytes)
    return start()
  }
  enter(memory.group)
  try {
    return start()
  } finally {
    enter(memory.home)
  }
}
