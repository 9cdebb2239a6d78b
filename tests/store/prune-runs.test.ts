import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type SessionPaths, sessionPaths } from '../../src/store/paths.ts'
import { pruneRuns } from '../../src/store/prune-runs.ts'
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
