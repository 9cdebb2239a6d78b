import { describe, expect, it } from 'vitest'
import type { ProcessFacts } from '../../src/core/ports.ts'
import { chooseWorker, environmentMatches, type TreeQuery, workerTree } from '../../src/core/tree.ts'
import { aProcess, OWNER, owner, refresher, WORKER, worker } from '../fakes/records.ts'

const WORKER_REFERENCE = { pid: WORKER, pid_started: 1100 }

const queryOf = (all: readonly ProcessFacts[], changes: Partial<TreeQuery>): TreeQuery => ({
  all,
  worker: WORKER_REFERENCE,
  descendants: [],
  startTolerance: 0,
  isInCgroup: () => false,
  carriesCookie: () => false,
  isExcluded: () => false,
  isOwnHelper: () => false,
  isOtherRun: () => false,
  ...changes,
})

const pids = (all: readonly ProcessFacts[], changes: Partial<TreeQuery> = {}): readonly number[] =>
  workerTree(queryOf(all, changes)).map(({ pid }) => pid)

const groupOf = (all: readonly ProcessFacts[], changes: Partial<TreeQuery> = {}): number | null =>
  chooseWorker(queryOf(all, changes)).group

const cookieOf =
  (...carriers: readonly number[]) =>
  (pid: number): boolean =>
    carriers.includes(pid)

describe('the worker tree', () => {
  it('is empty when nothing matches', () => {
    expect(pids([owner(), aProcess(9)])).toEqual([])
    expect(pids([owner(), worker()], { worker: null })).toEqual([])
  })

  it('has the worker and all that descend from it, parents first', () => {
    const grandchild = aProcess(6000, { parent: 5000, group: OWNER })
    const child = aProcess(5000, { parent: WORKER, group: OWNER })
    const all = [grandchild, child, owner(), worker({ group: OWNER })]
    expect(pids(all)).toEqual([WORKER, 5000, 6000])
  })

  it('has whoever is in its control group, whatever else it has lost', () => {
    const daemon = aProcess(5000, { parent: 1, group: 5000 })
    const itsChild = aProcess(6000, { parent: 5000, group: 6000 })
    const all = [owner(), daemon, itsChild, aProcess(9)]
    expect(pids(all, { isInCgroup: (pid) => pid === 5000 })).toEqual([5000, 6000])
  })

  it('has nobody in it who is never part of it, also in its control group', () => {
    const query = { isExcluded: (facts: ProcessFacts) => facts.pid === OWNER, isInCgroup: () => true }
    expect(pids([owner(), worker()], query)).toEqual([WORKER])
  })

  it('takes nobody for its own by a control group that has a tmux server: people open windows there', () => {
    const server = aProcess(5000, { name: 'tmux: server', parent: 1 })
    const shell = aProcess(6000, { parent: 5000, group: 6000 })
    const all = [owner(), worker(), server, shell]
    expect(pids(all, { isInCgroup: (pid) => pid !== OWNER })).toEqual([WORKER])
  })

  it('does not take a process for the worker that has its pid and another start time', () => {
    const stranger = worker({ started: 1101 })
    expect(pids([owner(), stranger, aProcess(5000, { parent: WORKER, group: WORKER })])).toEqual([])
  })

  it('bears with a start time that is read within the tolerance', () => {
    expect(pids([worker({ started: 1102 })], { startTolerance: 2 })).toEqual([WORKER])
    expect(pids([worker({ started: 1103 })], { startTolerance: 2 })).toEqual([])
  })

  it("has an orphan of the worker's own group while the worker proves the group", () => {
    expect(pids([worker(), aProcess(5000, { parent: 1, group: WORKER })])).toEqual([WORKER, 5000])
  })

  it('has an orphan of the group when the worker is gone and one with the cookie proves the group', () => {
    const all = [aProcess(5000, { parent: 1, group: WORKER }), aProcess(5001, { parent: 1, group: WORKER })]
    expect(pids(all, { carriesCookie: cookieOf(5001) })).toEqual([5001, 5000])
  })

  it('leaves a group alone that nobody proves: its number may be in use again', () => {
    expect(pids([aProcess(5000, { parent: 1, group: WORKER })])).toEqual([])
  })

  it("leaves the group of the engine's shell alone when the worker is in it", () => {
    const shellGroup = 3000
    const all = [
      aProcess(3000, { group: shellGroup, name: 'bash' }),
      owner({ group: shellGroup, parent: 3000 }),
      worker({ group: shellGroup }),
      aProcess(3500, { group: shellGroup, parent: 3000, name: 'tee' }),
    ]
    expect(pids(all)).toEqual([WORKER])
    expect(pids(all, { carriesCookie: cookieOf(WORKER) })).toEqual([WORKER])
  })

  it('has a process in a session of its own that carries the cookie, and its children', () => {
    const all = [worker(), aProcess(5000, { parent: 1 }), aProcess(5001, { parent: 5000 })]
    expect(pids(all, { carriesCookie: cookieOf(5000) })).toEqual([WORKER, 5000, 5001])
  })

  it('finds orphans by the cookie alone when no worker is recorded', () => {
    expect(pids([owner(), aProcess(5000)], { worker: null, carriesCookie: cookieOf(5000) })).toEqual([5000])
  })

  it('never has what is excluded, nor looks for children below it', () => {
    const inner = aProcess(5000, { parent: WORKER })
    const below = aProcess(5001, { parent: 5000 })
    const isExcluded = ({ pid }: ProcessFacts): boolean => pid === 5000
    expect(pids([worker(), inner, below], { isExcluded })).toEqual([WORKER])
    expect(pids([refresher()], { carriesCookie: () => true, isExcluded: () => true })).toEqual([])
  })

  it.each([
    ['on Linux', { name: 'tmux: server', parent: 1 }],
    ['on Linux, below a subreaper', { name: 'tmux: server', parent: 800 }],
    ['on macOS', { name: 'tmux', parent: 1 }],
  ])('never has a tmux server, though it carries the cookie: %s', (_, changes) => {
    const server = aProcess(5000, changes)
    const pane = aProcess(5001, { parent: 5000, name: 'bash' })
    expect(pids([worker(), server, pane], { carriesCookie: cookieOf(5000) })).toEqual([WORKER])
  })

  it.each<[string, readonly ProcessFacts[], readonly number[]]>([
    ['a window of a tmux server that carries it', [aProcess(5001, { parent: 5000 })], [WORKER]],
    [
      'what runs in a window of it',
      [aProcess(5001, { parent: 5000 }), aProcess(5002, { parent: 5001 })],
      [WORKER],
    ],
    [
      'a daemon beside it, which the worker has left',
      [aProcess(5001, { parent: 1 }), aProcess(5002, { parent: 5001 })],
      [WORKER, 5001, 5002],
    ],
  ])('by the cookie or a control group: %s', (_, others, expected) => {
    const all = [owner(), worker(), aProcess(5000, { name: 'tmux: server', parent: 1 }), ...others]
    expect(pids(all, { carriesCookie: (pid) => pid >= WORKER })).toEqual(expected)
  })

  it('has who was seen as its descendant before, also below a tmux server, with what is below it', () => {
    const all = [
      worker(),
      aProcess(5000, { name: 'tmux: server', parent: 1 }),
      aProcess(5001, { parent: 5000 }),
      aProcess(5002, { parent: 5001 }),
      aProcess(5003, { parent: 5000 }),
    ]
    const changes = {
      descendants: [{ pid: 5001, pid_started: 1000 }],
      carriesCookie: (pid: number) => pid >= WORKER,
    }
    expect(pids(all, changes)).toEqual([WORKER, 5001, 5002])
  })

  it('has a worker that is not recorded yet, though its own engine runs in a tmux server', () => {
    const server = aProcess(500, { name: 'tmux: server', parent: 1 })
    const all = [server, owner({ parent: 500 }), aProcess(5000, { parent: OWNER })]
    const changes = {
      worker: null,
      carriesCookie: cookieOf(5000),
      isOwnHelper: ({ pid }: ProcessFacts) => pid === OWNER,
    }
    expect(pids(all, changes)).toEqual([5000])
  })

  it("never has another session's owner, nor what is below it, for what it has inherited", () => {
    const other = aProcess(5000, { parent: 1, group: WORKER })
    const all = [worker(), other, aProcess(5001, { parent: 5000, group: WORKER })]
    const changes = {
      carriesCookie: () => true,
      isInCgroup: () => true,
      isOtherRun: ({ pid }: ProcessFacts) => pid === 5000,
    }
    expect(pids(all, changes)).toEqual([WORKER])
    expect(groupOf(all, changes)).toBeNull()
  })

  it('has an engine that the worker itself waits for', () => {
    const all = [worker(), aProcess(5000, { parent: WORKER }), aProcess(5001, { parent: 5000 })]
    expect(pids(all, { isOtherRun: ({ pid }) => pid === 5000 })).toEqual([WORKER, 5000, 5001])
  })

  it('has a tmux client that the worker started', () => {
    expect(pids([worker(), aProcess(5000, { parent: WORKER, name: 'tmux' })])).toEqual([WORKER, 5000])
  })

  it('leaves a zombie out and keeps what is below it', () => {
    const all = [worker({ state: 'exited' }), aProcess(5000, { parent: WORKER, group: OWNER })]
    expect(pids(all)).toEqual([5000])
  })

  it('ends when parents go round in a circle', () => {
    const all = [worker({ parent: 5000 }), aProcess(5000, { parent: WORKER })]
    expect(pids(all)).toEqual([WORKER, 5000])
  })

  it('has a member that has lost every other proof, and what is below and beside it', () => {
    const lost = aProcess(5000, { parent: 1, started: 2000 })
    const all = [lost, aProcess(5001, { parent: 5000 }), aProcess(5002, { parent: 1, group: WORKER })]
    const descendants = [{ pid: 5000, pid_started: 2000 }]
    expect(pids(all, { descendants })).toEqual([5000, 5001])
    expect(pids(all, { descendants: [...descendants, { pid: 5002, pid_started: 1000 }] })).toEqual([
      5000, 5002, 5001,
    ])
  })

  it('does not take a process for a member that has its pid and another start time', () => {
    const descendants = [{ pid: 5000, pid_started: 1999 }]
    expect(pids([aProcess(5000, { parent: 1, started: 2000 })], { descendants })).toEqual([])
  })

  it('has every process once', () => {
    const all = [worker(), aProcess(5000, { parent: WORKER, group: WORKER })]
    expect(pids(all, { carriesCookie: () => true })).toEqual([WORKER, 5000])
  })
})

describe("the worker's process group", () => {
  it('is the one that it leads', () => {
    expect(groupOf([worker(), aProcess(5000, { group: WORKER })])).toBe(WORKER)
  })

  it('is still its own when only somebody known is left in it', () => {
    const left = aProcess(5000, { parent: 1, group: WORKER, started: 1200 })
    expect(groupOf([left], { descendants: [{ pid: 5000, pid_started: 1200 }] })).toBe(WORKER)
    expect(groupOf([left], { carriesCookie: cookieOf(5000) })).toBe(WORKER)
  })

  it.each<[string, readonly ProcessFacts[], Partial<TreeQuery>]>([
    ['nothing proves it to be', [aProcess(5000, { group: WORKER })], {}],
    ['the worker is in another one', [worker({ group: OWNER })], {}],
    ['no worker is recorded', [worker()], { worker: null, carriesCookie: cookieOf(WORKER) }],
    [
      'the caller is in it',
      [worker(), aProcess(5000, { group: WORKER })],
      { isExcluded: ({ pid }) => pid === 5000 },
    ],
    ['a tmux server is in it', [worker(), aProcess(5000, { group: WORKER, name: 'tmux: server' })], {}],
  ])('is not signalled as a whole when %s', (_, all, changes) => {
    expect(groupOf(all, changes)).toBeNull()
  })
})

describe('an environment', () => {
  it.each([
    ['this run and iteration', ['LOCK_COOKIE=abc', 'LOCK_ITERATION=3'], true],
    ['this run, before iterations are told', ['PATH=/bin', 'LOCK_COOKIE=abc'], true],
    ["an earlier iteration's cookie", ['LOCK_COOKIE=abc', 'LOCK_ITERATION=2'], false],
    ['an iteration that the record does not know of yet', ['LOCK_COOKIE=abc', 'LOCK_ITERATION=4'], true],
    ['an iteration with more digits', ['LOCK_COOKIE=abc', 'LOCK_ITERATION=20'], true],
    ['no iteration', ['LOCK_COOKIE=abc', 'LOCK_ITERATION=x'], false],
    ['a hook after the iteration before', ['LOCK_COOKIE=abc', 'LOCK_ITERATION=2', 'LOCK_HOOK=m'], true],
    ['a hook of long ago', ['LOCK_COOKIE=abc', 'LOCK_ITERATION=1', 'LOCK_HOOK=m'], false],
    ['another cookie', ['LOCK_COOKIE=abd', 'LOCK_ITERATION=3'], false],
    ['a cookie that begins alike', ['LOCK_COOKIE=abcd'], false],
    ['a variable that ends alike', ['MY_LOCK_COOKIE=abc'], false],
    ['the cookie in the value of another', ['NOTE=LOCK_COOKIE=abc'], false],
    ['nothing, as when it may not be read', [], false],
  ])('of %s', (_, environment, matches) => {
    expect(environmentMatches(environment, 'abc', 3)).toBe(matches)
  })
})

describe('a control group that is to be killed at once', () => {
  const pure = (all: readonly ProcessFacts[], inCgroup: readonly number[]): boolean =>
    chooseWorker(
      queryOf(all, {
        isInCgroup: (pid) => inCgroup.includes(pid),
        isExcluded: (facts) => facts.pid === OWNER,
      }),
    ).isCgroupPure
  const server = aProcess(5000, { name: 'tmux: server' })

  it.each([
    ['the worker alone', [WORKER], true],
    ['nobody', [], true],
    ['the owner, too', [WORKER, OWNER], false],
    ['a tmux server, too', [WORKER, 5000], false],
  ])('has %s', (_, inCgroup, expected) => {
    expect(pure([owner(), worker(), server], inCgroup)).toBe(expected)
  })
})
