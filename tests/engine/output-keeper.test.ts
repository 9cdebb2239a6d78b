import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { OutputKeeper } from '../../src/engine/output-keeper.ts'
import { aRecord, OPTIONS } from '../fakes/records.ts'
import { fakeWorld } from '../fakes/world.ts'

const aRun = (options: { readonly keep: number; readonly keep_size: number }) => {
  const world = fakeWorld()
  const paths = world.paths('demo')
  const dir = paths.run(7)
  mkdirSync(dir, { recursive: true })
  const owner = {
    paths,
    lockLoss: null,
    record: aRecord({ iteration: 0, options: { ...OPTIONS, ...options } }),
  }
  const keeper = new OutputKeeper(world, owner)
  return {
    iterate(text: string) {
      const number = owner.record.iteration.number + 1
      owner.record = { ...owner.record, iteration: { ...owner.record.iteration, number } }
      writeFileSync(join(dir, `${number}.0.log`), text)
      keeper.prune(text.length)
    },
    kept: () => readdirSync(dir).sort(),
    world,
    dir,
  }
}

describe('the output of a long run', () => {
  it('is that of the newest iterations', () => {
    const run = aRun({ keep: 3, keep_size: 1e9 })
    for (let n = 0; n < 12; n += 1) run.iterate('text')
    expect(run.kept()).toEqual(['10.0.log', '11.0.log', '12.0.log'])
  })

  it('is never larger than the limit, but for the iteration that has just ended', () => {
    const run = aRun({ keep: 1000, keep_size: 10 })
    for (let n = 0; n < 5; n += 1) run.iterate('1234')
    expect(run.kept()).toEqual(['4.0.log', '5.0.log'])
    run.iterate('x'.repeat(100))
    expect(run.kept()).toEqual(['6.0.log'])
    run.iterate('1234')
    expect(run.kept()).toEqual(['7.0.log'])
  })

  it('reports once that something cannot be removed', () => {
    const run = aRun({ keep: 1, keep_size: 1e9 })
    mkdirSync(join(run.dir, '1.5.log'))
    for (let n = 0; n < 4; n += 1) run.iterate('text')
    expect(run.world.notified.length).toBe(1)
  })
})
