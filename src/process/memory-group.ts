/**
 * The memory controller of control groups: `--memory-max`, and whether the kernel has ended something for memory.
 *
 * Version 2: the run's own group has the limit, where the group above it hands the controller on. Version 1, which has a
 * tree of its own for memory: a group that the worker is born into, as process/cgroup.ts does it for the other one.
 */
import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseMountinfo } from '../core/mountinfo.ts'

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

/** Processes that the kernel has ended for memory, in this group and (version 2) below it; `null`: not counted here. */
const killsIn = (group: string): number | null => {
  for (const name of ['memory.events', 'memory.oom_control']) {
    try {
      const count = /^oom_kill (\d+)$/m.exec(read(join(group, name)))?.[1]
      if (count !== undefined) return Number(count)
    } catch {
      // Of the other version.
    }
  }
  return null
}

export type MemoryGroup = {
  /** Where the worker's kills are counted. */
  readonly group: string
  /** Of version 1: the worker is started inside of `group`, and this process goes back here. */
  readonly home: string | null
  /** The limit in bytes; `null`: it is only looked at. */
  readonly bytes: number | null
}

export const oomKills = (memory: MemoryGroup | null): number | null =>
  memory === null ? null : killsIn(memory.group)

/** Without a limit: where this process is itself, and so its workers. @param run the run's group of version 2 */
export const observedMemory = (run: string | null): MemoryGroup | null => {
  try {
    const own = ownGroupV1()
    if (own !== null && killsIn(own) !== null) return { group: own, home: null, bytes: null }
    // The run's group is removed between iterations; what is above it counts along.
    const above = run === null ? null : dirname(run)
    return above !== null && killsIn(above) !== null ? { group: above, home: null, bytes: null } : null
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
  const now = oomKills(memory)
  if (memory === null || before === null || now === null || now <= before || result === 'ok') return false
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
  const group = join(own, `${PREFIX}.${session}.${generation}.${randomBytes(4).toString('hex')}`)
  mkdirSync(group)
  writeFileSync(join(group, 'memory.limit_in_bytes'), String(bytes))
  try {
    writeFileSync(join(group, 'memory.memsw.limit_in_bytes'), String(bytes))
  } catch {
    // Swap is not counted here.
  }
  return { group, home: own, bytes }
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
  return { group: run, home: null, bytes }
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
export const startInMemoryGroup = <Started>(memory: MemoryGroup | null, start: () => Started): Started => {
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
