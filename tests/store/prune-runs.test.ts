import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type SessionPaths, sessionPaths } from '../../src/store/paths.ts'
import { pruneIterations, pruneRuns, pruneToSize } from '../../src/store/prune-runs.ts'
import { openRun } from '../../src/store/runs.ts'
import { tempDir } from '../fakes/temp-dir.ts'

const withRuns = (count: number): SessionPaths => {
  const paths = sessionPaths(tempDir(), 'demo')
  for (let n = 1; n <= count; n += 1) {
    openRun(paths, 0)
    writeFileSync(join(paths.run(n), '1.0.log'), 'out')
    writeFileSync(join(paths.run(n), '1.3.log'), 'put')
    writeFileSync(join(paths.run(n), 'notes.jsonl'), '')
  }
  return paths
}
const left = (paths: SessionPaths): readonly number[] =>
  readdirSync(paths.runs)
    .map(Number)
    .sort((a, b) => a - b)

describe('pruning', () => {
  it('keeps the newest runs, by number and not by name', () => {
    const paths = withRuns(12)
    expect(pruneRuns(paths, 3)).toEqual({ pruned: [1, 2, 3, 4, 5, 6, 7, 8, 9], problems: [] })
    expect(left(paths)).toEqual([10, 11, 12])
    expect(readdirSync(paths.run(10)).sort()).toEqual(['1.0.log', '1.3.log', 'notes.jsonl'])
  })

  it.each([3, 4, 1000])('removes nothing when there are no more than %d', (keep) => {
    const paths = withRuns(3)
    expect(pruneRuns(paths, keep)).toEqual({ pruned: [], problems: [] })
    expect(left(paths)).toEqual([1, 2, 3])
  })

  it('never costs the number of the newest run', () => {
    const paths = withRuns(3)
    pruneRuns(paths, 0)
    expect(left(paths)).toEqual([3])
    expect(openRun(paths, 0)).toBe(4)
  })

  it('takes the output only of a run that an incident bundle names', () => {
    const paths = withRuns(4)
    mkdirSync(join(paths.incidents, '20270115T080000-000Z-run-2-force'), { recursive: true })
    expect(pruneRuns(paths, 1)).toEqual({ pruned: [1, 2, 3], problems: [] })
    expect(left(paths)).toEqual([2, 4])
    expect(readdirSync(paths.run(2))).toEqual(['notes.jsonl'])
    // And the next time there is nothing left to take.
    expect(pruneRuns(paths, 1)).toEqual({ pruned: [], problems: [] })
  })

  it('leaves alone what is no run, and what a link leads to', () => {
    const paths = withRuns(1)
    const elsewhere = tempDir()
    writeFileSync(join(elsewhere, '1.0.log'), 'mine')
    mkdirSync(join(paths.runs, 'mine'))
    symlinkSync(elsewhere, paths.run(2))
    mkdirSync(paths.run(9))
    pruneRuns(paths, 1)
    expect(readdirSync(paths.runs).sort()).toEqual(['9', 'mine'])
    expect(existsSync(join(elsewhere, '1.0.log'))).toBe(true)
  })

  it('is no reason not to run when there is nothing, or something else', () => {
    const paths = sessionPaths(tempDir(), 'demo')
    expect(pruneRuns(paths, 1)).toEqual({ pruned: [], problems: [] })
    mkdirSync(paths.home)
    writeFileSync(paths.runs, '')
    expect(pruneRuns(paths, 1)).toEqual({
      pruned: [],
      problems: ['old output could not be removed (ENOTDIR)'],
    })
  })
})

describe('pruning within a run', () => {
  it('removes what its old iterations have printed, and nothing else', () => {
    const paths = withRuns(2)
    for (const name of ['2.0.log', '10.0.log', '10.512.log']) writeFileSync(join(paths.run(2), name), 'more')
    expect(pruneIterations(paths, { generation: 2, iteration: 2 })).toEqual([])
    expect(readdirSync(paths.run(2)).sort()).toEqual(['10.0.log', '10.512.log', 'notes.jsonl'])
    expect(readdirSync(paths.run(1)).length).toBe(3)
  })

  it('says what cannot be removed', () => {
    const paths = withRuns(1)
    mkdirSync(join(paths.run(1), '2.0.log'))
    expect(pruneIterations(paths, { generation: 1, iteration: 2 })[0]).toContain('could not be removed')
  })

  it('has nothing to say of a run that has no directory', () => {
    expect(pruneIterations(withRuns(1), { generation: 7, iteration: 2 })).toEqual([])
  })
})

describe('pruning to a size', () => {
  /** Two runs of six bytes each, and in the second one another two iterations of ten. */
  const session = (): SessionPaths => {
    const paths = withRuns(2)
    for (const name of ['2.0.log', '10.0.log']) writeFileSync(join(paths.run(2), name), '0123456789')
    return paths
  }
  const outputs = (paths: SessionPaths): readonly string[] =>
    [1, 2].flatMap((run) =>
      readdirSync(paths.run(run))
        .filter((name) => name.endsWith('.log'))
        .sort()
        .map((name) => `${run}/${name}`),
    )
  const NEWEST = { generation: 2, iteration: 10 }

  it.each<[number, number, readonly string[]]>([
    [32, 32, ['1/1.0.log', '1/1.3.log', '2/1.0.log', '2/1.3.log', '2/10.0.log', '2/2.0.log']],
    [31, 26, ['2/1.0.log', '2/1.3.log', '2/10.0.log', '2/2.0.log']],
    [20, 20, ['2/10.0.log', '2/2.0.log']],
    [19, 10, ['2/10.0.log']],
    [1, 10, ['2/10.0.log']],
  ])('of %d bytes takes the oldest iterations as a whole, and leaves %d bytes', (limit, bytes, files) => {
    const paths = session()
    expect(pruneToSize(paths, limit, NEWEST)).toEqual({ bytes, problems: [] })
    expect(outputs(paths)).toEqual(files)
  })

  it('takes nothing of the current iteration, and of later ones', () => {
    const paths = session()
    pruneToSize(paths, 1, { generation: 2, iteration: 2 })
    expect(outputs(paths)).toEqual(['2/10.0.log', '2/2.0.log'])
  })

  it('never takes the directories that the next generation is counted from', () => {
    const paths = session()
    pruneToSize(paths, 1, NEWEST)
    expect(left(paths)).toEqual([1, 2])
  })
})
