/** The witnesses of the torture: they have to see what they are there for. */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { describe, expect, it } from 'vitest'
import { eventually } from '../../fakes/eventually.ts'
import { tempDir } from '../../fakes/temp-dir.ts'
import { assess, type Findings, readJournal } from './journal.ts'

const assessed = (text: string, ended: readonly string[] = []): Findings =>
  assess(readJournal(text.replaceAll(/^ +/gm, '')), new Set(ended))

const CLEAN: Findings = {
  sections: 0,
  tenures: 0,
  takeovers: 0,
  overlapsByJournal: 0,
  overlapsByLock: 0,
  notGrown: 0,
  repeated: 0,
  recordsLost: 0,
  errors: 0,
}

describe('the journal of one tenure after the other', () => {
  it('has no fault in it', () => {
    const found = assessed(`a 1 1 enter
      a 1 1 step
      a 1 1 leave
      a 1 2 enter
      a 1 2 leave
      a 1 2 end
      b 2 1 enter
      b 2 1 leave`)
    expect(found).toEqual({ ...CLEAN, sections: 3, tenures: 2 })
  })

  it('shows a takeover when the one before has not ended, and is silent', () => {
    const found = assessed(`a 1 1 enter
      a 1 1 step
      b 2 1 enter
      b 2 1 leave`)
    expect(found).toEqual({ ...CLEAN, sections: 2, tenures: 2, takeovers: 1 })
  })

  it('shows none when it is known otherwise that the one before has ended', () => {
    const text = `a 1 1 enter
      a 1 1 leave
      b 2 1 enter`
    expect(assessed(text, ['a']).takeovers).toBe(0)
    expect(assessed(text, ['b']).takeovers).toBe(1)
  })
})

describe('the journal shows a fault', () => {
  it.each([
    ['step', 'a 1 1 step'],
    ['leave', 'a 1 1 leave'],
  ])('when a section writes %s after another has begun', (_what, line) => {
    expect(assessed(`a 1 1 enter\nb 2 1 enter\n${line}\nb 2 1 leave`).overlapsByJournal).toBe(1)
  })

  it('once for each section, however much it writes', () => {
    const text = 'a 1 1 enter\nb 2 1 enter\na 1 1 step\na 1 1 leave\nb 2 1 step'
    expect(assessed(text).overlapsByJournal).toBe(1)
  })

  it('when the second lock was held', () => {
    expect(assessed('a 1 1 held\na 1 1 enter').overlapsByLock).toBe(1)
  })

  it.each([
    ['the same', 'a 4 1 enter\nb 4 2 enter'],
    ['a lower one', 'a 4 1 enter\nb 3 1 enter'],
    ['one that an earlier run had', 'a 3 1 enter\nb 4 1 enter\nc 3 2 enter'],
  ])('when a generation is %s', (_what, text) => {
    expect(assessed(text).notGrown).toBe(1)
  })

  it('when an iteration is begun twice', () => {
    expect(assessed('a 1 1 enter\na 1 1 leave\na 1 1 enter').repeated).toBe(1)
  })

  it('when a record was lost, or an error met', () => {
    expect(assessed('a 1 1 enter\na 1 1 lost\nb 0 0 error')).toMatchObject({ recordsLost: 1, errors: 1 })
  })

  it.each(['a 1 1', 'a x 1 enter', 'a 1 1 entera 1 1 leave', 'nonsense'])(
    'refuses to judge when it is damaged itself: %s',
    (line) => {
      expect(() => readJournal(`a 1 1 enter\n${line}\n`)).toThrow('not a line of the journal')
    },
  )
})

describe.runIf(process.platform === 'linux')('both witnesses, with real contenders', () => {
  it('see two who do not exclude each other', async () => {
    const dir = tempDir()
    const here = fileURLToPath(new URL('programs', import.meta.url))
    const program = join(dir, 'contender.cjs')
    await build({
      entryPoints: [join(here, 'contender.ts')],
      outfile: program,
      bundle: true,
      platform: 'node',
      format: 'cjs',
    })
    const contenders = ['a', 'b', 'c'].map((run) =>
      spawn(process.execPath, [program, 'none', run], {
        env: { ...process.env, STRESS_DIR: dir, LOCK_DIR: join(dir, 'locks') },
        stdio: 'ignore',
      }),
    )
    const ended = contenders.map((child) => new Promise((resolve) => child.on('exit', resolve)))
    try {
      await eventually('the journal and the lock show overlaps', () => {
        const text = readFileSync(join(dir, 'journal'), { encoding: 'utf8', flag: 'a+' })
        const found = assess(readJournal(text.slice(0, text.lastIndexOf('\n') + 1)))
        return found.overlapsByJournal > 0 && found.overlapsByLock > 0
      })
    } finally {
      for (const child of contenders) child.kill('SIGKILL')
      await Promise.all(ended)
    }
  })
})
