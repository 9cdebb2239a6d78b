import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { WaitingLine, waitingTickets } from '../../src/session/waiting-line.ts'
import { eventually } from '../fakes/eventually.ts'
import { LOCK_TOOL } from '../fakes/lock.ts'
import { HERE } from '../fakes/records.ts'
import { type FakeWorld, fakeWorld } from '../fakes/world.ts'

const SOON = { seconds: 1000 }

const aWorld = (): FakeWorld => fakeWorld({}, { lockTool: LOCK_TOOL })

const filesOf = (world: FakeWorld): readonly string[] => readdirSync(join(world.lockDir, '.waiting'))

/** A run of session `name` by a process of that PID. */
const inLine = (world: FakeWorld, session: string, pid: number): WaitingLine => {
  world.machine.add(pid, undefined, { started: 900 })
  const { bootId, pidNamespace, startClock } = HERE
  const place = { boot_id: bootId, pid_namespace: pidNamespace, host: 'here', user: 'ann' }
  return new WaitingLine(world, {
    session,
    waiter: { pid, pid_started: 900, started_clock: startClock, ...place },
    tmux: null,
  })
}

/** `two` waits for the same as `one`, and came after it. */
const twoInLine = async () => {
  const world = aWorld()
  const [one, two] = [inLine(world, 'one', 11), inLine(world, 'two', 12)]
  await one.enter(['place:'])
  await two.enter(['place:'])
  const [before] = two.ahead(['place:'])
  if (before === undefined) throw new Error('nobody is ahead')
  return { world, one, two, before }
}

const sessionsAhead = (line: WaitingLine): readonly string[] =>
  line.ahead(['place:']).map(({ ticket }) => ticket.session)

describe('a line', () => {
  it('is in the order of arrival', async () => {
    const world = aWorld()
    const [one, two, three] = [inLine(world, 'one', 11), inLine(world, 'two', 12), inLine(world, 'three', 13)]
    for (const line of [one, two, three]) await line.enter(['place:'])
    expect([one, two, three].map(sessionsAhead)).toEqual([[], ['one'], ['one', 'two']])
    two.leave()
    expect(sessionsAhead(three)).toEqual(['one'])
  })

  it('keeps the number of one that waits for something else, and then for the first thing again', async () => {
    const { world, one, two } = await twoInLine()
    await one.enter(['session:one'])
    expect(sessionsAhead(two)).toEqual([])
    await one.enter(['place:'])
    expect(sessionsAhead(two)).toEqual(['one'])
    expect(filesOf(world)).toHaveLength(2)
  })

  it('wakes the next one when one leaves', async () => {
    const { world, one, two, before } = await twoInLine()
    let isWoken = false
    const waiting = two.waitFor(before, SOON).then((isFree) => (isWoken = isFree))
    expect(isWoken).toBe(false)
    one.leave()
    await waiting
    expect(isWoken).toBe(true)
    expect(filesOf(world)).toHaveLength(1)
  })

  it('wakes the next one when one waits for something else', async () => {
    const { one, two, before } = await twoInLine()
    const waiting = two.waitFor(before, SOON)
    await one.enter(['path:/x'])
    expect(await waiting).toBe(true)
  })

  it('stops waiting when it is told to give up', async () => {
    const { two, before } = await twoInLine()
    const giveUp = new AbortController()
    const waiting = two.waitFor(before, { ...SOON, giveUp: giveUp.signal })
    giveUp.abort()
    expect(await waiting).toBe(false)
  })

  it('passes over one that has died, and removes its ticket', async () => {
    const { world, two } = await twoInLine()
    world.machine.end(11)
    expect(sessionsAhead(two)).toEqual([])
    expect(filesOf(world)).toHaveLength(1)
  })

  it('has one in it whose process cannot be seen from here, as long as its ticket is locked', async () => {
    const world = aWorld()
    const far = new WaitingLine(world, {
      session: 'far',
      waiter: {
        pid: 5,
        pid_started: 900,
        started_clock: HERE.startClock,
        boot_id: HERE.bootId,
        pid_namespace: 'pid:[another]',
        host: 'here',
        user: 'ann',
      },
      tmux: null,
    })
    await far.enter(['place:'])
    expect(waitingTickets(world)).toHaveLength(1)
    far.leave()
    expect(waitingTickets(world)).toHaveLength(0)
  })

  it('takes no notice of what is no ticket', async () => {
    const world = aWorld()
    mkdirSync(join(world.lockDir, '.waiting'))
    for (const [name, text] of [
      ['1-ab', 'torn {'],
      ['README', 'hello'],
      ['.new-77', ''],
    ] as const)
      writeFileSync(join(world.lockDir, '.waiting', name), text)
    const one = inLine(world, 'one', 11)
    await one.enter(['place:'])
    await eventually('it is there', () => waitingTickets(world).length === 1)
    expect(sessionsAhead(one)).toEqual([])
  })

  it('is empty where nobody has ever waited', () => {
    expect(waitingTickets(aWorld())).toEqual([])
  })
})
