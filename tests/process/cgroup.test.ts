import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, it, onTestFinished } from 'vitest'
import {
  checkCgroupStrategy,
  chooseRunCgroup,
  groupDirectory,
  iterationCgroup,
  prepareMoves,
  removeCgroup,
  removeIterationCgroup,
  startInCgroup,
  workerCgroups,
} from '../../src/process/cgroup.ts'
import { kill } from '../fakes/children.ts'
import { eventually } from '../fakes/eventually.ts'
import { tempDir } from '../fakes/temp-dir.ts'

const MOUNT = '41 31 0:38 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate'
const HYBRID = `30 1 0:26 / /sys/fs/cgroup ro - tmpfs tmpfs ro
33 30 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu
41 30 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw`

describe('the directory of a control group', () => {
  it.each([
    [
      'a machine with version 2 alone',
      '0::/user.slice/a.scope\n',
      MOUNT,
      '/sys/fs/cgroup/user.slice/a.scope',
    ],
    ['both versions', '4:memory:/x\n0::/a\n', HYBRID, '/sys/fs/cgroup/unified/a'],
    ['the root', '0::/\n', HYBRID, '/sys/fs/cgroup/unified'],
    ['version 1 alone', '4:memory:/x\n', HYBRID, null],
    ['no mount', '0::/a\n', '30 1 0:26 / /proc rw - proc proc rw', null],
    [
      'a mount that shows a part',
      '0::/box/a\n',
      '41 31 0:38 /box /mnt/cg rw - cgroup2 cgroup rw',
      '/mnt/cg/a',
    ],
    ['the top of such a part', '0::/box\n', '41 31 0:38 /box /mnt/cg rw - cgroup2 cgroup rw', '/mnt/cg'],
    ['a mount that shows another part', '0::/boxer/a\n', '41 31 0:38 /box /mnt rw - cgroup2 cgroup rw', null],
    ['white space in its path', '0::/a\n', '41 31 0:38 / /mnt/c\\040g rw - cgroup2 cgroup rw', '/mnt/c g/a'],
    ['nothing', '', '', null],
  ])('with %s', (_, cgroup, mountinfo, expected) => {
    expect(groupDirectory(cgroup, mountinfo)).toBe(expected)
  })
})

describe('the strategy', () => {
  it('can be none', () =>
    expect(chooseRunCgroup('none', { session: 'x', generation: 1, needsMemory: false })).toBeNull())
  it('can be nothing else', () => expect(() => checkCgroupStrategy('v1')).toThrow(/cgroup2 or none/))
})

describe('a group that is not there', () => {
  it.each([
    ['none', null],
    ['one that is gone', '/sys/fs/cgroup/no/such'],
  ])('has nobody in it: %s', (_, run) => {
    const groups = workerCgroups(run, 1)
    expect(groups.pids().size).toBe(0)
    expect(groups.isPopulated()).toBe(false)
    groups.kill()
    removeCgroup(run)
    removeIterationCgroup(run, 1)
  })

  it('is not waited for', () => prepareMoves('/sys/fs/cgroup/no/such'))

  it('does not keep a worker from its start', () => {
    expect(startInCgroup('/no/such/run/1', () => 'started')).toBe('started')
  })
})

describe('a directory that is no control group', () => {
  it('is left alone, whatever a record says', () => {
    const dir = tempDir()
    mkdirSync(join(dir, '1'))
    writeFileSync(join(dir, '1', 'cgroup.procs'), `${process.pid}\n`)
    mkdirSync(join(dir, '2'))
    expect(workerCgroups(dir, 1).pids().size).toBe(0)
    workerCgroups(dir, 1).kill()
    removeCgroup(dir)
    expect(readdirSync(dir)).toEqual(['1', '2'])
    expect(readdirSync(join(dir, '1'))).toEqual(['cgroup.procs'])
  })
})

/** Of no other suite that runs in this group: whoever chooses a group for a session removes the empty ones of its name. */
const SESSION = `test-${process.pid}`

const RUN =
  process.platform === 'linux'
    ? chooseRunCgroup(undefined, { session: SESSION, generation: 1, needsMemory: false })
    : null

describe.skipIf(RUN === null)('a real control group (skipped where none can be made)', () => {
  const run = RUN ?? ''
  const pids = (iteration: number): ReadonlySet<number> => workerCgroups(run, iteration).pids()
  const ownGroup = (): string => /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1] ?? ''
  const empty = async (): Promise<void> => {
    workerCgroups(run, 0).kill()
    await eventually('nobody is left', () => {
      // An older kernel cannot kill a group as a whole.
      for (const pid of pids(0)) if (pid !== process.pid) kill(pid)
      return pids(0).size === 0
    })
  }
  /** A group that lists nobody may keep one for a moment more who has not gone quite yet. */
  const isRemoved = (group: string) => (): boolean => {
    removeCgroup(group)
    return !existsSync(group)
  }

  afterEach(async () => {
    await empty()
    await eventually('the group is removed', isRemoved(run))
  })

  it('has what was born in it, and this process is where it was', async () => {
    const before = ownGroup()
    const group = iterationCgroup(run, 1)
    // Without parents, environment and session, as soon as it is born.
    const child = startInCgroup(group, () =>
      spawn('/bin/sh', ['-c', 'env -i setsid sleep 1000 &'], { stdio: 'ignore' }),
    )
    expect(ownGroup()).toBe(before)
    await new Promise((resolve) => child.on('exit', resolve))
    expect(pids(1).size).toBe(1)
    expect(workerCgroups(run, 1).isPopulated()).toBe(true)
    expect(pids(1).has(process.pid)).toBe(false)
    expect(pids(2).size).toBe(0)
    removeCgroup(run)
    removeIterationCgroup(run, 1)
    expect(existsSync(group)).toBe(true)
    await empty()
    expect(workerCgroups(run, 1).isPopulated()).toBe(false)
    await eventually('its group is removed', () => {
      removeIterationCgroup(run, 1)
      return !existsSync(group)
    })
    expect(existsSync(run)).toBe(true)
    await eventually('the group of the run is removed', isRemoved(run))
  })

  it('is entered though somebody removes all that are empty meanwhile, as a session of that name elsewhere does', async () => {
    const remover = spawn(
      'bash',
      ['-c', 'echo ready; while :; do rmdir "$0"/[0-9]* "$0"; done 2>/dev/null', run],
      { stdio: ['ignore', 'pipe', 'ignore'], detached: true },
    )
    // Its last rmdir, too, which has the pipe as long as it lives: it would remove what the next test makes.
    const ended = once(remover, 'close')
    onTestFinished(async () => {
      if (remover.pid !== undefined) process.kill(-remover.pid, 'SIGKILL')
      await ended
    })
    await once(remover.stdout, 'data')
    for (let iteration = 1; iteration <= 30; iteration += 1) {
      const child = startInCgroup(iterationCgroup(run, iteration), () =>
        spawn('sleep', ['1000'], { stdio: 'ignore' }),
      )
      expect(pids(iteration).has(child.pid ?? 0)).toBe(true)
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
  })

  it('is not one that somebody else has made, and may have frozen', () => {
    mkdirSync(run)
    mkdirSync(iterationCgroup(run, 1))
    const child = startInCgroup(iterationCgroup(run, 1), () => spawn('sleep', ['1000'], { stdio: 'ignore' }))
    expect(pids(1).size).toBe(0)
    child.kill('SIGKILL')
  })

  it('has whoever has moved to another group of the run, but for those of earlier iterations', () => {
    const start = () => spawn('sleep', ['1000'], { stdio: 'ignore' })
    const earlier = startInCgroup(iterationCgroup(run, 1), start)
    const child = startInCgroup(iterationCgroup(run, 2), start)
    for (const to of [run, join(run, 'box'), iterationCgroup(run, 3)]) {
      if (to !== run) mkdirSync(to)
      writeFileSync(join(to, 'cgroup.procs'), String(child.pid))
      expect([...pids(2)]).toEqual([child.pid])
    }
    expect([...pids(1)].sort()).toEqual([earlier.pid, child.pid].sort())
  })

  it('has those in the groups below', () => {
    const group = iterationCgroup(run, 1)
    const child = startInCgroup(group, () => spawn('sleep', ['1000'], { stdio: 'ignore' }))
    const below = join(group, 'below')
    mkdirSync(below)
    writeFileSync(join(below, 'cgroup.procs'), String(child.pid))
    expect([...pids(1)]).toEqual([child.pid])
  })

  it('is prepared for without a move', async () => {
    const before = ownGroup()
    await prepareMoves(run)
    expect(ownGroup()).toBe(before)
    expect(existsSync(run)).toBe(false)
  })

  it('is left for the group that this process is in by now', () => {
    const start = () => spawn('sleep', ['1000'], { stdio: 'ignore' })
    startInCgroup(iterationCgroup(run, 1), start)
    const home = ownGroup()
    const other = join(dirname(run), `other-${process.pid}`)
    mkdirSync(other)
    onTestFinished(() => rmdirSync(other))
    writeFileSync(join(other, 'cgroup.procs'), '0')
    onTestFinished(() => writeFileSync(join(dirname(run), 'cgroup.procs'), '0'))
    const moved = ownGroup()
    startInCgroup(iterationCgroup(run, 2), start)
    expect(ownGroup()).toBe(moved)
    expect(moved).not.toBe(home)
  })

  it('is left when the start throws', () => {
    const before = ownGroup()
    const start = (): never => {
      throw new Error('no')
    }
    expect(() => startInCgroup(iterationCgroup(run, 1), start)).toThrow('no')
    expect(ownGroup()).toBe(before)
  })
})
