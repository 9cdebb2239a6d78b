/**
 * A control group (cgroups(7), version 2) for each iteration's worker, where the system lets this user make one.
 *
 * A process that is started in it stays in it, whatever it does with its parents, session, environment and descriptors;
 * and the group can be killed as a whole, forking processes included. It needs no controller and limits nothing.
 *
 * A run has a group below the one that the engine itself is in, and in it one for each iteration, named by its number.
 * Every user can read their names, so the names do not contain the cookie.
 */
import {
  accessSync,
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  statfsSync,
  write,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { errors } from '../core/errors.ts'
import { parseMountinfo } from '../core/mountinfo.ts'
import { hasCode } from '../core/system-error.ts'
import { randomHex } from './random.ts'

export const CGROUP_STRATEGIES = ['cgroup2', 'none'] as const

/** CGROUP2_SUPER_MAGIC, statfs(2). */
const CGROUP2 = 0x63677270

/** The kernel reads this PID as the process that writes it. */
const SELF_CGROUP = '0'

/**
 * The directory of this process's own group, from the contents of /proc/self/cgroup and /proc/self/mountinfo; `null`
 * when there is no version 2, or it is not visible from here.
 */
export const groupDirectory = (cgroup: string, mountinfo: string): string | null => {
  const path = /^0::(\/.*)$/m.exec(cgroup)?.[1]
  if (path === undefined) return null
  for (const { root, point, type } of parseMountinfo(mountinfo)) {
    if (type !== 'cgroup2') continue
    // In a container the mount may contain only a part of the hierarchy.
    const inside = root === '/' ? path : path === root ? '/' : path.slice(root.length)
    if (root === '/' || path === root || path.startsWith(`${root}/`)) return join(point, inside, '.')
  }
  return null
}

const pidsOf = (group: string): readonly number[] => {
  try {
    // Processes of another PID namespace are listed as 0.
    return readFileSync(join(group, 'cgroup.procs'), 'latin1')
      .split('\n')
      .map(Number)
      .filter((pid) => pid > 0)
  } catch {
    return [] // It is gone, or holds only threads of processes that the group above lists.
  }
}

const directoriesIn = (path: string): readonly string[] => {
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
  } catch {
    return []
  }
}

/** Whether it has the name and the file system of a run's group: the path in a record is not trusted. */
const isCgroup = (path: string): boolean => {
  try {
    return path.includes(`/${PREFIX}.`) && statfsSync(path).type === CGROUP2
  } catch {
    return false
  }
}

/** Of a group and the groups below it, as the kernel counts; nobody is in a group that is gone. */
const isPopulated = (group: string): boolean => {
  try {
    return !/^populated 0$/m.test(readFileSync(join(group, 'cgroup.events'), 'utf8'))
  } catch {
    return false
  }
}

/** Parents before their children. */
const treeOf = (group: string): readonly string[] => [
  group,
  ...directoriesIn(group).flatMap((name) => treeOf(join(group, name))),
]

/** @throws LockError `usage` for an unknown strategy */
export const checkCgroupStrategy = (strategy: string | undefined): void => {
  if (strategy !== undefined && !CGROUP_STRATEGIES.some((known) => known === strategy)) {
    throw errors.usage(`LOCK_CGROUP_STRATEGY is ${strategy}; it can be ${CGROUP_STRATEGIES.join(' or ')}`)
  }
}

/** Where {@link ownGroup} has found this process the last time, by the contents of /proc/self/cgroup. */
let lastFound: { readonly cgroup: string; readonly directory: string } | null = null

/**
 * The directory of this process's current group, which may change: somebody may move it. `null` where it is not visible. It
 * is asked for at each iteration, and the mounts and the group's processes are read only when the process has moved.
 */
const ownGroup = (): string | null => {
  const read = (name: string): string => readFileSync(`/proc/self/${name}`, 'utf8')
  const cgroup = read('cgroup')
  if (lastFound?.cgroup === cgroup) return lastFound.directory
  const directory = groupDirectory(cgroup, read('mountinfo'))
  if (directory === null || !pidsOf(directory).includes(process.pid)) return null
  lastFound = { cgroup, directory }
  return directory
}

const PREFIX = 'session-lock'

/** For people who list the groups; a random part keeps the name unique. */
type NewGroup = {
  readonly session: string
  readonly generation: number
  /** Of the memory controller, a group with processes in it has none to hand on: then the group above is looked at. */
  readonly needsMemory: boolean
}

const memoryParent = (own: string): string | null =>
  [own, dirname(own)].find((group) => {
    try {
      return readFileSync(join(group, 'cgroup.subtree_control'), 'utf8').split(/\s/).includes('memory')
    } catch {
      return false
    }
  }) ?? null

/**
 * Chooses the directory of a new run's group. It is made with the first iteration's, when the record names it already:
 * a group that no record names would never be removed.
 *
 * @returns its directory; `null` when none can be made here
 */
export const chooseRunCgroup = (
  strategy: string | undefined,
  { session, generation, needsMemory }: NewGroup,
): string | null => {
  if (strategy === 'none') return null
  try {
    const own = ownGroup()
    if (own === null) return null
    // To move a process takes write permission in the group that it leaves, too.
    accessSync(join(own, 'cgroup.procs'), constants.W_OK)
    const parent = needsMemory ? (memoryParent(own) ?? own) : own
    accessSync(parent, constants.W_OK)
    accessSync(join(parent, 'cgroup.procs'), constants.W_OK)
    removeEmptyGroups(parent, session)
    return join(parent, `${PREFIX}.${session}.${generation}.${randomHex(4)}`)
  } catch {
    return null
  }
}

/** Removes groups of earlier runs, whose records are gone. */
const removeEmptyGroups = (own: string, session: string): void => {
  for (const name of directoriesIn(own))
    if (name.startsWith(`${PREFIX}.${session}.`)) removeCgroup(join(own, name))
}

const enter = (group: string): void => writeFileSync(join(group, 'cgroup.procs'), SELF_CGROUP)

/**
 * Makes the next move between groups a fast one. The first one for a while waits in the kernel for 10 to 20 ms, until every
 * processor has taken notice; this one moves nothing, and waits beside other work. To be awaited before the next, which has to
 * follow within some 10 ms.
 *
 * @param run the group of a run; `null`: there will be no moves
 */
export const prepareMoves = async (run: string | null): Promise<void> => {
  try {
    const home = run === null ? null : ownGroup()
    if (home === null) return
    // Opened here, so that the write begins at once, and not when the start has come to wait for something else.
    const fd = openSync(join(home, 'cgroup.procs'), constants.O_WRONLY)
    await new Promise<void>((resolve) => write(fd, SELF_CGROUP, () => resolve()))
    closeSync(fd)
  } catch {
    // The move itself will show whether it can be made.
  }
}

const makeGroup = (path: string): void => {
  try {
    mkdirSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

export const iterationCgroup = (run: string, iteration: number): string => join(run, String(iteration))

/** A session of the same name in another lock directory removes what it finds empty; so often it may come just then. */
const ENTER_ATTEMPTS = 20

/** @throws when it cannot be made, or is there already: its creator may have frozen it, which would freeze this process */
const enterNewGroup = (group: string, attempts = ENTER_ATTEMPTS): void => {
  try {
    mkdirSync(group)
    writeFileSync(join(dirname(group), 'cgroup.freeze'), '0')
    enter(group)
  } catch (error) {
    if (attempts <= 1 || !hasCode(error, 'ENOENT', 'ENODEV')) throw error
    removeCgroup(group)
    // It is not there before the first iteration, nor when somebody has removed it.
    makeGroup(dirname(group))
    enterNewGroup(group, attempts - 1)
  }
}

/**
 * Calls `start` in a new group, then moves this process back. A child starts in its parent's group, so it never runs
 * outside of the group, as it could if the child were moved. `start` must have forked when it returns.
 *
 * @param group of an iteration; `null` to start it where this process is
 */
export const startInCgroup = <Started>(group: string | null, start: () => Started): Started => {
  if (group === null) return start()
  let home: string | null = null
  try {
    home = ownGroup()
    if (home === null) return start()
    enterNewGroup(group)
  } catch {
    removeCgroup(group)
    return start() // No worse off than where there are none.
  }
  try {
    return start()
  } finally {
    try {
      enter(home)
    } catch {
      // The engine stays in it; it is never signalled with its worker.
    }
  }
}

/**
 * Removes a group and the groups below it. The kernel refuses to remove those that contain a process.
 *
 * @param group as the record has it; nothing else than a control group is touched
 */
export const removeCgroup = (group: string | null): void => {
  if (group === null || !isCgroup(group)) return
  for (const path of treeOf(group).toReversed()) {
    try {
      rmdirSync(path)
    } catch {
      // A process still runs in it.
    }
  }
}

/** Of an iteration that this process has started. Empty, as nearly all are at their end, it takes one system call. */
export const removeIterationCgroup = (run: string | null, iteration: number): void => {
  if (run === null) return
  const group = iterationCgroup(run, iteration)
  try {
    rmdirSync(group)
  } catch {
    removeCgroup(group)
  }
}

/** The groups of a run's iterations, from one on. */
export type WorkerCgroups = {
  /** The processes in them and below them now. */
  pids(): ReadonlySet<number>
  /** Whether any process is in a group of the run, those of earlier iterations included: one look, and most have none. */
  isPopulated(): boolean
  /** Sends SIGKILL to all processes, also to those that are being forked. */
  kill(): void
}

/**
 * All groups of a run but those of its earlier iterations: a process that moves from one to another is still found.
 *
 * @param run as the record has it; `null`, or no group any more: there are none
 */
export const workerCgroups = (run: string | null, iteration: number): WorkerCgroups => {
  const existing = (): readonly string[] => (run === null || !isCgroup(run) ? [] : [run])
  const groups = (): readonly string[] =>
    existing().flatMap((path) =>
      directoriesIn(path)
        .filter((name) => !(Number(name) < iteration))
        .map((name) => join(path, name)),
    )
  return {
    isPopulated: () => run !== null && isPopulated(run),
    pids: () => new Set([...groups().flatMap(treeOf), ...existing()].flatMap(pidsOf)),
    kill() {
      for (const group of groups()) {
        try {
          writeFileSync(join(group, 'cgroup.kill'), '1')
        } catch {
          // Before Linux 5.14 there is no such file; then each process gets its own signal.
        }
      }
    },
  }
}
