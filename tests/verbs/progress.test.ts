import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseNote } from '../../src/core/note.ts'
import { toFields } from '../../src/core/record-file.ts'
import { lastNote } from '../../src/store/notes.ts'
import { progress } from '../../src/verbs/progress.ts'
import { failureOf } from '../fakes/failure.ts'
import { anEndedRecord } from '../fakes/records.ts'
import { type FakeWorld, fakeWorld, putRecord } from '../fakes/world.ts'

const WORKER = { LOCK_SESSION: 'demo', LOCK_GENERATION: '7', LOCK_ITERATION: '2', LOCK_COOKIE: 'c0ffee' }

/** Inside of iteration 2 of run 7. */
const inWorker = (env: Readonly<Record<string, string>> = {}): FakeWorld => {
  const world = fakeWorld({ ...WORKER, ...env })
  mkdirSync(world.paths('demo').run(7), { recursive: true })
  putRecord(world)
  return world
}
const notes = (world: FakeWorld) =>
  readFileSync(world.paths('demo').notes(7), 'utf8').trimEnd().split('\n').map(parseNote)

describe('progress', () => {
  it('leaves a note with the time and the iteration', () => {
    const world = inWorker()
    progress(world, { note: 'half way', seconds: null, retryAt: null })
    progress(world, { note: '', seconds: 600, retryAt: null })
    const epoch = world.clock.epoch()
    expect(notes(world)).toEqual([
      { epoch, iteration: 2, note: 'half way', for: null },
      { epoch, iteration: 2, note: '', for: 600 },
    ])
    expect(statSync(world.paths('demo').notes(7)).mode & 0o777).toBe(0o600)
  })

  it('says when the next iteration begins', () => {
    const world = inWorker()
    progress(world, { note: 'rate limited', seconds: null, retryAt: 1_800_000_600 })
    expect(notes(world)).toMatchObject([{ note: 'rate limited', for: null, retry_at: 1_800_000_600 }])
  })

  it('is found again, the last of its iteration', () => {
    const world = inWorker()
    expect(lastNote(world.paths('demo'), 7, 2)).toBeNull()
    progress(world, { note: 'half way', seconds: null, retryAt: null })
    progress(world, { note: 'nearly', seconds: 600, retryAt: null })
    expect(lastNote(world.paths('demo'), 7, 2)).toMatchObject({ note: 'nearly', for: 600 })
    expect(lastNote(world.paths('demo'), 7, 3)).toBeNull()
    rmSync(world.paths('demo').notes(7))
    mkdirSync(world.paths('demo').notes(7))
    expect(lastNote(world.paths('demo'), 7, 2)).toBeNull()
  })

  it.each(['LOCK_SESSION', 'LOCK_GENERATION', 'LOCK_ITERATION', 'LOCK_COOKIE', 'LOCK_DIR'])(
    'is refused outside of a run, without %s',
    (name) => {
      const failure = failureOf(() =>
        progress(inWorker({ [name]: '' }), { note: '', seconds: null, retryAt: null }),
      )
      expect(failure.exitCode).toBe(64)
      expect(failure.hint).toContain('engine.sh run')
    },
  )

  it.each([
    ['LOCK_SESSION', '../demo'],
    ['LOCK_GENERATION', '7x'],
    ['LOCK_GENERATION', '-7'],
    ['LOCK_ITERATION', '0'],
  ])('is refused when %s is %j', (name, value) => {
    expect(
      failureOf(() => progress(inWorker({ [name]: value }), { note: '', seconds: null, retryAt: null }))
        .exitCode,
    ).toBe(64)
  })

  it.each<[string, (world: FakeWorld) => void, number]>([
    ['was taken over by another run', (world) => putRecord(world, { generation: 8, cookie: 'other' }), 80],
    [
      'has said that it was taken over',
      (world) => putRecord(world, toFields(anEndedRecord({ reason: 'superseded' }))),
      80,
    ],
    ['is over', (world) => putRecord(world, toFields(anEndedRecord())), 69],
    ['is not in the record', (world) => putRecord(world, { generation: 6 }), 69],
    ['has no record', (world) => rmSync(world.paths('demo').record), 69],
    ['has another cookie', (world) => putRecord(world, { cookie: 'other' }), 77],
    ['has a record that nobody can read', (world) => writeFileSync(world.paths('demo').record, 'x'), 65],
    ['has a newer record', (world) => writeFileSync(world.paths('demo').record, '{"format":99}'), 65],
  ])('is refused when the run %s', (_, prepare, exitCode) => {
    const world = inWorker()
    prepare(world)
    expect(failureOf(() => progress(world, { note: 'x', seconds: null, retryAt: null })).exitCode).toBe(
      exitCode,
    )
    expect(() => notes(world)).toThrow()
  })

  it.each<[string, (world: FakeWorld) => void]>([
    ['there is no directory for it', (world) => rmSync(world.paths('demo').home, { recursive: true })],
    ['a directory lies in its place', (world) => mkdirSync(world.paths('demo').notes(7))],
  ])('fails with 74 when %s', (_, prepare) => {
    const world = inWorker()
    prepare(world)
    expect(failureOf(() => progress(world, { note: 'x', seconds: null, retryAt: null })).exitCode).toBe(74)
  })
})
