import { beforeEach, describe, expect, it } from 'vitest'
import type { ProcessFacts } from '../../src/core/ports.ts'
import { endTree, type TreeEnd } from '../../src/process/terminate.ts'
import { cannotDie, FakeMachine, ignoresTerm, obeys } from '../fakes/machine.ts'

const GRACE = 10

type EndRequest = Parameters<typeof endTree>[0]

type Changes = Partial<Omit<EndRequest, 'find'>> & {
  readonly find?: (known: readonly ProcessFacts[]) => readonly ProcessFacts[]
  readonly findGroup?: () => number | null
  readonly cgroups?: ReturnType<EndRequest['find']>['cgroups']
}

const end = (machine: FakeMachine, changes: Changes = {}): Promise<TreeEnd> => {
  const { find = () => machine.all, findGroup = () => null, cgroups = null, ...others } = changes
  return endTree({
    find: (known) => ({ processes: find(known), group: findGroup(), cgroups }),
    groupExists: () => false,
    graceSeconds: GRACE,
    inspector: machine.inspector,
    signal: machine.signal,
    clock: machine.clock,
    ...others,
  })
}

const order = (machine: FakeMachine): readonly string[] => machine.log.map((line) => line.split(' ')[0] ?? '')

describe('ending a tree', () => {
  it('does nothing when there is nothing', async () => {
    const machine = new FakeMachine()
    expect(await end(machine)).toEqual({ found: 0, killed: 0, survivors: [] })
    expect(machine.log).toEqual([])
    expect(machine.elapsed).toBe(0)
  })

  it('sends TERM, and no more to those that go', async () => {
    const machine = new FakeMachine()
    machine.add(10)
    machine.add(11)
    expect(await end(machine)).toEqual({ found: 2, killed: 0, survivors: [] })
    expect(machine.log).toEqual(['SIGTERM 10', 'SIGTERM 11'])
  })

  it('sends CONT after TERM to a stopped process, and only to that', async () => {
    const machine = new FakeMachine()
    machine.add(10, obeys, { state: 'stopped' })
    machine.add(11)
    expect(await end(machine)).toMatchObject({ killed: 0, survivors: [] })
    expect(machine.log).toEqual(['SIGTERM 10', 'SIGCONT 10', 'SIGTERM 11'])
  })

  it('kills only after the grace', async () => {
    const machine = new FakeMachine()
    machine.add(10, ignoresTerm)
    let killedAt = 0
    machine.at(GRACE - 0.01, () => expect(order(machine)).toEqual(['SIGTERM']))
    const result = await end(machine, {
      signal: (pid, name) => {
        if (name === 'SIGKILL') killedAt = machine.elapsed
        return machine.signal(pid, name)
      },
    })
    expect(result).toEqual({ found: 1, killed: 1, survivors: [] })
    expect(order(machine)).toEqual(['SIGTERM', 'SIGSTOP', 'SIGKILL'])
    expect(killedAt).toBeGreaterThanOrEqual(GRACE)
    expect(killedAt).toBeLessThan(GRACE + 0.2)
  })

  it('lets a process that takes its time end by itself', async () => {
    const machine = new FakeMachine()
    machine.add(10, (signal, self, around) => {
      if (signal === 'SIGTERM') around.at(around.elapsed + 8, () => around.end(10))
      else obeys(signal, self, around)
    })
    expect(await end(machine)).toEqual({ found: 1, killed: 0, survivors: [] })
    expect(order(machine)).toEqual(['SIGTERM'])
  })

  it('kills at once without grace', async () => {
    const machine = new FakeMachine()
    machine.add(10, ignoresTerm)
    expect(await end(machine, { graceSeconds: 0 })).toMatchObject({ killed: 1, survivors: [] })
    expect(machine.elapsed).toBeLessThan(0.2)
  })

  it('kills at once when it is told to hurry, and has asked first', async () => {
    const machine = new FakeMachine()
    machine.add(10, ignoresTerm)
    const killNow = new AbortController()
    machine.at(1, () => killNow.abort())
    await end(machine, { killNow: killNow.signal })
    expect(order(machine)).toEqual(['SIGTERM', 'SIGSTOP', 'SIGKILL'])
    expect(machine.elapsed).toBeLessThan(1.5)
  })

  it('sends TERM to a newcomer too', async () => {
    const machine = new FakeMachine()
    machine.add(10, (signal, self, around) => {
      obeys(signal, self, around)
      if (signal === 'SIGTERM') around.add(11, obeys, { parent: 1 })
    })
    expect(await end(machine)).toEqual({ found: 2, killed: 0, survivors: [] })
    expect(machine.log).toEqual(['SIGTERM 10', 'SIGTERM 11'])
  })

  it('does not begin the grace anew for newcomers', async () => {
    const machine = new FakeMachine()
    const breeds: typeof obeys = (signal, self, around) => {
      const { pid } = self.facts
      if (signal !== 'SIGTERM') return obeys(signal, self, around)
      around.at(around.elapsed + 3, () => {
        around.end(pid)
        around.add(pid + 1, breeds)
      })
    }
    machine.add(10, breeds)
    expect(await end(machine)).toMatchObject({ survivors: [], killed: 1 })
    expect(machine.elapsed).toBeLessThan(GRACE + 1)
  })

  it('kills one that is born while the others are being stopped', async () => {
    const machine = new FakeMachine()
    machine.add(10, (signal, self, around) => {
      if (signal === 'SIGSTOP') around.add(11, ignoresTerm)
      if (signal !== 'SIGTERM') obeys(signal, self, around)
    })
    expect(await end(machine)).toMatchObject({ killed: 2, survivors: [] })
    const log = machine.log
    expect(log.indexOf('SIGSTOP 11')).toBeLessThan(log.indexOf('SIGKILL 10'))
  })

  it('searches again with all that it has seen, for what has lost its parent meanwhile', async () => {
    const machine = new FakeMachine()
    machine.add(10)
    machine.add(11, ignoresTerm, { parent: 10 })
    /** By descent alone, and by what is known. */
    const find = (known: readonly ProcessFacts[]): readonly ProcessFacts[] =>
      machine.all.filter(
        ({ pid, parent }) =>
          pid === 10 ||
          machine.all.some((one) => one.pid === 10 && one.pid === parent) ||
          known.some((one) => one.pid === pid),
      )
    expect(await end(machine, { find })).toEqual({ found: 2, killed: 1, survivors: [] })
    expect(machine.all).toEqual([])
  })

  it('reports who survives everything', async () => {
    const machine = new FakeMachine()
    machine.add(10, cannotDie)
    machine.add(11)
    const { survivors } = await end(machine)
    expect(survivors.map(({ pid }) => pid)).toEqual([10])
    expect(machine.elapsed).toBeLessThan(GRACE + 10)
  })

  it('asks only once for one and the same process', async () => {
    const machine = new FakeMachine()
    machine.add(10, ignoresTerm)
    machine.add(11)
    await end(machine)
    expect(machine.log.filter((line) => line === 'SIGTERM 10')).toHaveLength(1)
  })
})

describe('a process that is another one at every search', () => {
  /** Each search finds the next: its parent has gone before it could be signalled. */
  const chain = () => {
    const machine = new FakeMachine()
    let pid = 10
    let isStopped = false
    machine.add(pid, ignoresTerm, { group: 5 })
    const find = (): readonly ProcessFacts[] => {
      const found = machine.all
      // A search takes its time.
      void machine.clock.sleep(0.01)
      const last = found[0]
      isStopped ||= last?.state === 'stopped'
      if (last !== undefined && !isStopped) {
        machine.end(last.pid)
        pid += 1
        machine.add(pid, ignoresTerm, { group: 5 })
      }
      return found
    }
    return { machine, find }
  }

  it('is met by a signal to its group', async () => {
    const { machine, find } = chain()
    const { survivors } = await end(machine, { find, findGroup: () => 5 })
    expect(survivors).toEqual([])
    expect(machine.all).toEqual([])
    expect(machine.log).toContain('SIGSTOP -5')
  })

  it('is reported when there is no such group', async () => {
    const { machine, find } = chain()
    const { survivors } = await end(machine, { find })
    expect(survivors).toHaveLength(1)
    expect(machine.log.filter((line) => line.includes(' -'))).toEqual([])
  })
})

describe('a process group', () => {
  it('is looked into again when nobody is found in it, and it answers', async () => {
    const machine = new FakeMachine()
    machine.add(10, ignoresTerm, { group: 5 })
    machine.add(11, obeys, { group: 5 })
    let searches = 0
    // Whoever is born while its parent dies is missed twice.
    const find = (): readonly ProcessFacts[] => {
      searches += 1
      if (searches === 1) return machine.all.filter(({ pid }) => pid === 11)
      return searches < 4 ? [] : machine.all
    }
    const groupExists = (group: number): boolean => machine.all.some((facts) => facts.group === group)
    expect(await end(machine, { find, findGroup: () => 5, groupExists })).toMatchObject({ survivors: [] })
    expect(machine.all).toEqual([])
  })

  it('that only seems to have somebody in it is not waited for', async () => {
    const machine = new FakeMachine()
    machine.add(10, obeys, { group: 5 })
    const ended = await end(machine, { findGroup: () => 5, groupExists: () => true })
    expect(ended).toEqual({ found: 1, killed: 0, survivors: [] })
  })

  it("is looked for anew before every signal, and left alone when it is not the tree's own any more", async () => {
    const machine = new FakeMachine()
    machine.add(10, ignoresTerm, { group: 5 })
    const findGroup = (): number | null => (order(machine).includes('SIGSTOP') ? null : 5)
    await end(machine, { findGroup })
    expect(machine.log).toEqual(['SIGTERM 10', 'SIGSTOP -5', 'SIGSTOP 10', 'SIGKILL 10'])
  })

  it('gets no TERM: its members get it one by one, and who is not of the tree does not', async () => {
    const machine = new FakeMachine()
    machine.add(10, obeys, { group: 5 })
    await end(machine, { findGroup: () => 5 })
    expect(machine.log).toEqual(['SIGTERM 10'])
  })
})

describe('a pid that is reused', () => {
  const reuse = (machine: FakeMachine): readonly ProcessFacts[] => {
    const found = machine.all
    machine.end(10)
    machine.add(10, obeys, { started: 2000, name: 'innocent' })
    return found
  }

  it('is not hit between the search and TERM', async () => {
    const machine = new FakeMachine()
    machine.add(10)
    let searches = 0
    await end(machine, { find: () => (searches++ === 0 ? reuse(machine) : []) })
    expect(machine.log).toEqual([])
    expect(machine.all.map(({ name }) => name)).toEqual(['innocent'])
  })

  it('is not hit between TERM and KILL', async () => {
    const machine = new FakeMachine()
    machine.add(10, ignoresTerm)
    const before = machine.all
    machine.at(5, () => reuse(machine))
    let searches = 0
    await end(machine, { find: () => (searches++ === 0 ? before : []) })
    expect(machine.log).toEqual(['SIGTERM 10'])
    expect(machine.all.map(({ name }) => name)).toEqual(['innocent'])
  })

  it('is not hit between the last search and KILL', async () => {
    const machine = new FakeMachine()
    machine.add(10, (signal, self, around) => {
      if (signal === 'SIGSTOP') reuse(around)
      else ignoresTerm(signal, self, around)
    })
    const before = machine.all
    let searches = 0
    await end(machine, { find: () => (searches++ < 3 ? before : []) })
    expect(order(machine)).not.toContain('SIGKILL')
    expect(machine.all.map(({ name }) => name)).toEqual(['innocent'])
  })

  it('is not hit when the process has only become a zombie', async () => {
    const machine = new FakeMachine()
    machine.add(10)
    const before = machine.all
    machine.end(10)
    machine.add(10, obeys, { state: 'exited' })
    let searches = 0
    await end(machine, { find: () => (searches++ === 0 ? before : []) })
    expect(machine.log).toEqual([])
  })
})

describe('ending a tree that has control groups of its own', () => {
  const groupOf = (pids: Set<number>) => ({
    pids: () => pids,
    kill: () => {
      log.push('kill')
      pids.clear()
    },
  })
  let log: string[] = []
  beforeEach(() => {
    log = []
  })

  it('does not kill them when all go with TERM', async () => {
    const machine = new FakeMachine()
    machine.add(10)
    const pids = new Set([10])
    machine.at(0.001, () => pids.clear())
    expect(await end(machine, { cgroups: groupOf(pids) })).toMatchObject({ killed: 0, survivors: [] })
    expect(log).toEqual([])
  })

  it('kills them with those who do not', async () => {
    const machine = new FakeMachine()
    machine.add(10, ignoresTerm)
    expect(await end(machine, { cgroups: groupOf(new Set([10])) })).toMatchObject({
      killed: 1,
      survivors: [],
    })
    expect(log).toEqual(['kill'])
  })

  it('kills them when nobody in them can be looked at', async () => {
    const machine = new FakeMachine()
    machine.add(10)
    await end(machine, { cgroups: groupOf(new Set([11])) })
    expect(log).toEqual(['kill'])
  })
})
