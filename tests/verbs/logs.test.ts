import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { describe, expect, it } from 'vitest'
import { encodeEntry, type HistoryEntry } from '../../src/core/history.ts'
import { type LogsRequest, logs } from '../../src/verbs/logs.ts'
import { rejectionOf } from '../fakes/failure.ts'
import { anEvent, anIteration } from '../fakes/history.ts'
import { OWNER, owner, REFRESHER, refresher } from '../fakes/records.ts'
import { type FakeWorld, fakeWorld, putRecord } from '../fakes/world.ts'

type Files = Readonly<Record<string, string>>

/** Files below `NAME/runs/`. */
const put = (world: FakeWorld, files: Files): void => {
  for (const [name, text] of Object.entries(files)) {
    const path = `${world.paths('demo').runs}/${name}`
    mkdirSync(dirname(path), { recursive: true })
    appendFileSync(path, text)
  }
}
const withOutput = (files: Files): FakeWorld => {
  const world = fakeWorld()
  put(world, files)
  return world
}
const putHistory = (world: FakeWorld, ...entries: readonly HistoryEntry[]): void =>
  writeFileSync(world.paths('demo').history, entries.map(encodeEntry).join(''))

const live = (world: FakeWorld, changes: Parameters<typeof putRecord>[1] = {}): void => {
  world.machine.add(OWNER, undefined, owner())
  putRecord(world, { generation: 1, iteration: 1, ...changes })
}
const endRun = (world: FakeWorld): void =>
  void putRecord(world, {
    generation: 1,
    phase: 'ended',
    ended: { epoch: 1, reason: 'completed', exit_code: 0 },
  })

/** Output and headers in one text, in the order in which a terminal gets them. */
const shown = async (
  world: FakeWorld,
  request: Partial<LogsRequest> = {},
  readers: { bytes?: (text: string) => boolean; isGone?: () => boolean } = {},
): Promise<string> => {
  let text = ''
  await logs(
    world,
    { name: 'demo', follow: false, lines: null, iteration: null, generation: null, ...request },
    {
      bytes: (bytes) => {
        text += Buffer.from(bytes).toString('latin1')
        return readers.bytes?.(text) ?? true
      },
      header: (header, atLineStart) => {
        text += `${atLineStart ? '' : '|'}{${header}}`
      },
      isGone: readers.isGone ?? (() => false),
    },
  )
  return text
}

describe('logs', () => {
  it('shows the newest iteration of the newest run that has output', async () => {
    const world = withOutput({
      '9/1.0.log': 'old',
      '10/2.0.log': 'b',
      '10/10.0.log': 'c',
      '11/notes.jsonl': '',
    })
    expect(await shown(world)).toBe('c')
    expect(world.notified).toEqual([])
  })

  it.each<[Partial<LogsRequest>, string]>([
    [{ iteration: 1 }, 'a\nb\n'],
    [{ iteration: 1, lines: 1 }, 'b\n'],
    [{ generation: 1 }, 'old'],
    [{ generation: 2, iteration: 2 }, 'c'],
    [{ lines: 0 }, ''],
  ])('shows what is asked for: %j', async (request, text) => {
    const world = withOutput({ '1/1.0.log': 'old', '2/1.0.log': 'a\nb\n', '2/2.0.log': 'c' })
    expect(await shown(world, request)).toBe(text)
  })

  it('says in a line of its own how much is missing', async () => {
    const world = withOutput({ '1/1.0.log': 'a', '1/1.2001.log': 'b\n', '1/1.5000000.log': 'c' })
    expect(await shown(world)).toBe('a\n[... 2 KB not kept ...]\nb\n[... 4.8 MB not kept ...]\nc')
  })

  it('says when the beginning is missing', async () => {
    const world = withOutput({ '1/1.5.log': 'a' })
    expect(await shown(world)).toBe('[... 5 B not kept ...]\na')
    expect(world.notified).toEqual(['the beginning of iteration 1 of run 1 is not there any more'])
  })

  it('says once what cannot be read, and goes on behind it', async () => {
    const world = withOutput({ '1/1.0.log': 'a', '1/1.3.log/x': '', '1/1.9.log': 'b' })
    expect(await shown(world)).toBe('a\n[... 8 B not kept ...]\nb')
    expect(world.notified).toEqual([`${world.paths('demo').run(1)}/1.3.log is a directory; passed over`])
  })

  it('is quiet when nobody reads any more', async () => {
    const world = withOutput({ '1/1.0.log': 'a', '1/1.1.log': 'b' })
    expect(await shown(world, {}, { bytes: () => false })).toBe('a')
  })

  it('says that it is not the newest iteration, when that has no output', async () => {
    const world = withOutput({ '1/1.0.log': 'a', '2/1.0.log': 'b' })
    putRecord(world, { generation: 2, iteration: 3 })
    expect(await shown(world)).toBe('b')
    putRecord(world, { generation: 3, iteration: 1 })
    expect(await shown(world)).toBe('b')
    expect(await shown(world, { iteration: 1 })).toBe('b')
    expect(await shown(world, { generation: 1 })).toBe('a')
    expect(world.notified).toEqual([
      'iteration 3 has no output on the disk; this is iteration 1 of run 2',
      'run 3 has no output on the disk; this is iteration 1 of run 2',
    ])
  })
})

describe('logs of what is not there', () => {
  const failure = (world: FakeWorld, request: Partial<LogsRequest> = {}) => rejectionOf(shown(world, request))

  it('names the iterations that there are', async () => {
    const numbers = [1, 2, 3, 4, 5, 6, 7, 9, 12, 13]
    const world = withOutput(Object.fromEntries(numbers.map((n) => [`1/${n}.0.log`, ''])))
    const { exitCode, message } = await failure(world, { iteration: 8 })
    expect(exitCode).toBe(64)
    expect(message).toBe('iteration 8 of run 1 of demo does not exist; there are 1-7, 9, 12-13')
  })

  it('names the runs that there are', async () => {
    const world = withOutput({ '3/1.0.log': '', '4/1.0.log': '' })
    const { exitCode, message } = await failure(world, { generation: 5 })
    expect(exitCode).toBe(64)
    expect(message).toBe('run 5 of demo does not exist; on the disk are runs 3-4')
  })

  it('says that a run was pruned', async () => {
    const world = withOutput({ '3/1.0.log': '' })
    const { exitCode, message, hint } = await failure(world, { generation: 2 })
    expect(exitCode).toBe(69)
    expect(message).toBe('the output of run 2 of demo is not kept any more; on the disk is run 3')
    expect(hint).toContain('--keep')
  })

  it('says that the output of a run was removed, when its history tells of some', async () => {
    const world = withOutput({ '2/notes.jsonl': '' })
    putHistory(world, anIteration({ output_bytes: 2048 }), anIteration({ iteration: 2, output_bytes: 1024 }))
    const { exitCode, message } = await failure(world)
    expect(exitCode).toBe(69)
    expect(message).toBe('the output of run 2 of demo, 3 KB, is not there any more')
    expect((await failure(world, { generation: 2 })).message).toBe(message)
  })

  it('says why there may be no output', async () => {
    const world = withOutput({ '1/notes.jsonl': '' })
    const { exitCode, message, hint } = await failure(world)
    expect([exitCode, message]).toEqual([69, 'there is no output of run 1 of demo'])
    expect(hint).toContain('outside tmux')
  })

  it('says that a session has never run', async () => {
    const { exitCode, message } = await failure(fakeWorld())
    expect([exitCode, message]).toEqual([69, 'demo has never run, so there is no output'])
  })

  it('says what became of an iteration without a file', async () => {
    const world = withOutput({ '2/1.0.log': 'a' })
    putHistory(
      world,
      anEvent({ iteration: 4 }),
      anIteration({ iteration: 2, output_bytes: 0 }),
      anIteration({ iteration: 3, output_bytes: 7 }),
      anIteration({ iteration: 4, generation: 1 }),
    )
    putRecord(world, { generation: 2, iteration: 5 })
    expect(await shown(world, { iteration: 2 })).toBe('')
    expect(await shown(world, { iteration: 5 })).toBe('')
    expect(world.notified).toEqual([
      'iteration 2 of run 2 of demo has printed nothing',
      'iteration 5 of run 2 of demo has printed nothing yet',
    ])
    const removed = await failure(world, { iteration: 3 })
    expect([removed.exitCode, removed.message]).toEqual([
      69,
      'the output of iteration 3 of run 2 of demo, 7 B, is not there any more',
    ])
    expect((await failure(world, { iteration: 4 })).exitCode).toBe(64)
  })

  it('says what lies in place of the runs', async () => {
    const world = fakeWorld()
    mkdirSync(world.paths('demo').home)
    writeFileSync(world.paths('demo').runs, '')
    expect((await failure(world)).exitCode).toBe(69)
    expect(world.notified).toEqual([`${world.paths('demo').runs} is not a directory`])
  })
})

describe('logs -f', () => {
  it('shows what comes, in this iteration and in the next ones, until the run ends', async () => {
    const world = withOutput({ '1/1.0.log': 'a\n' })
    live(world)
    const { machine } = world
    machine.at(1, () => put(world, { '1/1.0.log': 'b' }))
    machine.at(2, () => put(world, { '1/1.3.log': 'c' }))
    machine.at(3, () => put(world, { '1/1.3.log': 'd', '1/2.0.log': 'e\n' }))
    machine.at(4, () => put(world, { '1/3.0.log': 'f', '1/5.0.log': 'g' }))
    machine.at(5, () => {
      put(world, { '1/5.0.log': 'h' })
      endRun(world)
    })
    expect(await shown(world, { follow: true })).toBe(
      'a\nbcd|{iteration 2 of run 1}e\n{iteration 3 of run 1}f|{iteration 5 of run 1}gh',
    )
    expect(machine.elapsed).toBeGreaterThan(5)
    expect(machine.elapsed).toBeLessThan(6)
  })

  it('begins with the last lines, or with nothing', async () => {
    for (const [lines, text] of [
      [1, 'b\nc'],
      [0, 'c'],
    ] as const) {
      const world = withOutput({ '1/1.0.log': 'a\nb\n' })
      live(world)
      world.machine.at(1, () => {
        put(world, { '1/1.0.log': 'c' })
        endRun(world)
      })
      expect(await shown(world, { follow: true, lines })).toBe(text)
    }
  })

  it('begins with an iteration, and goes on', async () => {
    const world = withOutput({ '1/1.0.log': 'a', '1/2.0.log': 'b', '1/3.0.log': 'c' })
    expect(await shown(world, { follow: true, iteration: 2 })).toBe('b|{iteration 3 of run 1}c')
  })

  it('waits for the first output of the run that goes on, and shows no other run', async () => {
    const world = withOutput({ '1/1.0.log': 'old' })
    live(world, { generation: 2 })
    world.machine.at(2, () => {
      put(world, { '2/1.0.log': 'new' })
      putRecord(world, { generation: 3 })
    })
    expect(await shown(world, { follow: true })).toBe('new')
    expect(world.notified).toEqual(['run 2 of demo has printed nothing yet'])
  })

  it('waits for the first output of the iteration that runs', async () => {
    const world = withOutput({ '1/1.0.log': 'a' })
    live(world, { iteration: 2 })
    world.machine.at(2, () => {
      put(world, { '1/2.0.log': 'b' })
      endRun(world)
    })
    expect(await shown(world, { follow: true, iteration: 2 })).toBe('b')
  })

  it('ends when the owner is dead, with all that was left to read', async () => {
    const world = withOutput({ '1/1.0.log': 'a' })
    live(world)
    world.machine.at(1, () => {
      world.machine.end(OWNER)
      put(world, { '1/1.0.log': 'b' })
    })
    expect(await shown(world, { follow: true })).toBe('ab')
    expect(world.machine.elapsed).toBeLessThan(2)
  })

  it('says once what cannot be read, however often it polls', async () => {
    const world = withOutput({ '1/1.0.log': 'a', '1/1.1.log/x': '' })
    live(world)
    world.machine.at(5, () => endRun(world))
    await shown(world, { follow: true })
    expect(world.notified).toHaveLength(1)
  })

  it('polls once more when the end has been seen', async () => {
    const world = withOutput({ '1/1.0.log': 'a' })
    live(world)
    world.machine.at(1, () => world.machine.end(OWNER))
    // After the poll that finds the owner gone.
    world.machine.at(1.1, () => put(world, { '1/1.0.log': 'b' }))
    expect(await shown(world, { follow: true })).toBe('ab')
  })

  it('leaves an iteration with its last segment, also when the list was made before that', async () => {
    const world = withOutput({ '1/1.0.log': 'a', '1/2.0.log': 'c' })
    const bytes = (text: string): boolean => {
      if (text === 'a') put(world, { '1/1.1.log': 'b' })
      return true
    }
    expect(await shown(world, { follow: true, iteration: 1 }, { bytes })).toBe('ab|{iteration 2 of run 1}c')
  })

  it("stays while a dead owner's refresher ends the worker", async () => {
    const world = withOutput({ '1/1.0.log': 'a' })
    live(world)
    world.machine.end(OWNER)
    world.machine.add(REFRESHER, undefined, refresher())
    world.machine.at(1, () => put(world, { '1/1.0.log': 'b' }))
    world.machine.at(2, () => world.machine.end(REFRESHER))
    expect(await shown(world, { follow: true })).toBe('ab')
    expect(world.machine.elapsed).toBeGreaterThan(2)
  })

  it('does not wait for a refresher that is stopped', async () => {
    const world = withOutput({ '1/1.0.log': 'a' })
    live(world)
    world.machine.end(OWNER)
    world.machine.add(REFRESHER, undefined, refresher({ state: 'stopped' }))
    expect(await shown(world, { follow: true })).toBe('a')
  })

  it('stays with an owner that hangs', async () => {
    const world = withOutput({ '1/1.0.log': 'a' })
    world.machine.add(OWNER, undefined, owner({ state: 'stopped' }))
    putRecord(world, { generation: 1, heartbeat_monotonic: 1 })
    world.machine.at(300, () => endRun(world))
    await shown(world, { follow: true })
    expect(world.machine.elapsed).toBeGreaterThan(300)
  })

  it('of a run that is over shows it and ends', async () => {
    const world = withOutput({ '1/1.0.log': 'a', '2/1.0.log': 'b' })
    live(world, { generation: 2 })
    expect(await shown(world, { follow: true, generation: 1 })).toBe('a')
    expect(world.machine.elapsed).toBeLessThan(1)
  })

  it('says how much it has missed', async () => {
    const world = withOutput({ '1/1.0.log': 'a', '1/1.1.log': 'b' })
    live(world)
    world.machine.at(1, () => {
      rmSync(`${world.paths('demo').run(1)}/1.1.log`)
      put(world, { '1/1.1025.log': 'c' })
      endRun(world)
    })
    expect(await shown(world, { follow: true })).toBe('ab\n[... 1 KB not kept ...]\nc')
  })

  it.each(['write', 'wait'])('ends when nobody reads any more, seen at a %s', async (when) => {
    const world = withOutput({ '1/1.0.log': 'a' })
    live(world)
    const readers = when === 'write' ? { bytes: () => false } : { isGone: () => world.machine.elapsed > 1 }
    expect(await shown(world, { follow: true }, readers)).toBe('a')
    expect(world.machine.elapsed).toBeLessThan(2)
  })
})
