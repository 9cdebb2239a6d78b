import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { RecorderConfig, RecorderReport } from '../../src/recorder/protocol.ts'
import { UntilOutputWatch } from '../../src/recorder/until-output-watch.ts'
import { tempDir } from '../fakes/temp-dir.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

const watch = (changes: Partial<RecorderConfig> = {}) => {
  const reports: RecorderReport[] = []
  const config: RecorderConfig = {
    dir: tempDir(),
    iteration: 0,
    secret: 's',
    logLimit: 1e6,
    lost: 0,
    untilOutput: { text: 'DONE', command: ['agent'], stdin: null },
    streams: [
      { show: 1, pane: null },
      { show: null, pane: '/pane.fifo' },
    ],
    ...changes,
  }
  const watched = new UntilOutputWatch(config, (report) => reports.push(report))
  return { watched, reports }
}

describe('the watch for a line', () => {
  it('tells the iteration, where the line was, and whether somebody may have typed it', () => {
    const { watched, reports } = watch()
    watched.begin(0, 3)
    watched.begin(1, 3)
    watched.take(0, bytes('work\nDONE\n'), 0)
    watched.take(1, bytes('DONE\n'), 700)
    expect(reports).toMatchObject([
      { kind: 'sighting', iteration: 3, isPane: false, fromByte: 0 },
      { kind: 'sighting', iteration: 3, isPane: true, fromByte: 700 },
    ])
  })

  it('looks at each stream by itself', () => {
    const { watched, reports } = watch()
    watched.begin(0, 1)
    watched.begin(1, 1)
    watched.take(0, bytes('DO'), 0)
    watched.take(1, bytes('NE\n'), 2)
    watched.end(0)
    expect(reports).toEqual([])
  })

  it('takes what has no end for a line when the iteration has ended, and nothing after that', () => {
    const { watched, reports } = watch()
    watched.begin(0, 1)
    watched.take(0, bytes('DONE'), 0)
    expect(reports).toEqual([])
    watched.end(0)
    expect(reports).toHaveLength(1)
    watched.take(0, bytes('\nDONE\n'), 4)
    expect(reports).toHaveLength(1)
  })

  it('reads what each iteration is given', () => {
    const stdin = join(tempDir(), 'prompt.md')
    const { watched, reports } = watch({ untilOutput: { text: 'DONE', command: [], stdin } })
    writeFileSync(stdin, 'Say\nDONE\n')
    watched.begin(0, 1)
    watched.take(0, bytes('Say\nDONE\n'), 0)
    writeFileSync(stdin, 'Go on.\n')
    watched.begin(0, 2)
    watched.take(0, bytes('Say\nDONE\n'), 0)
    expect(reports).toMatchObject([{ iteration: 2 }])
  })

  it('goes on in the middle of an iteration, and tells nothing twice', () => {
    const dir = tempDir()
    writeFileSync(join(dir, '4.0.log'), 'old\n')
    writeFileSync(join(dir, '4.4.log'), 'DONE\nUN')
    const { watched, reports } = watch({ dir, iteration: 4 })
    watched.take(0, bytes('DONE\n'), 11)
    expect(reports).toEqual([])
    watched.take(0, bytes('DONE\n'), 16)
    expect(reports).toMatchObject([{ iteration: 4 }])
  })

  it('looks for nothing when nothing is asked for', () => {
    const { watched, reports } = watch({ untilOutput: null })
    watched.begin(0, 1)
    watched.take(0, bytes('DONE\n'), 0)
    watched.end(0)
    expect(reports).toEqual([])
  })
})
