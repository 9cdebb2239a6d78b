/** What the start of the program loads: every module that nobody needs costs a prompt its time. */
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { bundle, bundleVerbs } from '../scripts/bundle.mjs'
import { encodeRecord } from '../src/core/record-file.ts'
import { aRecord } from './fakes/records.ts'
import { tempDir } from './fakes/temp-dir.ts'

/** Runs a bundle, and writes down what is asked of require(). */
const WATCHER = `
const Module = require('node:module')
const [, main, list, ...words] = process.argv
const load = Module._load
const names = new Set()
Module._load = function (name) {
  names.add(name.replace(/^node:/, ''))
  return load.apply(this, arguments)
}
process.on('exit', () => require('node:fs').writeFileSync(list, [...names].join('\\n')))
process.argv = [process.execPath, main, ...words]
require(main)
`

describe('the start of the program', () => {
  const allVerbs = (dist: string) => bundle({ main: 'src/main.ts' }, dist)
  const loadedBy = async (words: readonly string[], make: (dist: string) => Promise<unknown> = allVerbs) => {
    const dist = tempDir()
    await make(dist)
    writeFileSync(join(dist, 'package.json'), '{ "type": "commonjs" }')
    const locks = tempDir()
    writeFileSync(join(locks, 'demo.json'), encodeRecord(aRecord()))
    const list = join(dist, 'list')
    const { stdout, stderr } = spawnSync(
      process.execPath,
      ['-e', WATCHER, join(dist, 'main.js'), list, ...words],
      { encoding: 'utf8', env: { PATH: process.env.PATH, HOME: locks, LOCK_DIR: locks } },
    )
    const names = readFileSync(list, 'utf8').split('\n')
    return { stdout, stderr, names: names.filter((name) => !name.endsWith('main.js')).sort() }
  }

  it.skipIf(process.platform !== 'linux')('loads no more for status than it needs', async () => {
    const { stdout, stderr, names } = await loadedBy(['lock', 'status', 'demo'])
    expect([stdout, stderr]).toEqual([expect.stringContaining('demo'), ''])
    expect(names).toEqual(['fs', 'os', 'path'])
  })

  it('is the same in a bundle with a few verbs, and the others are left out of it', async () => {
    const ofStatus = (dist: string) => bundleVerbs('main', ['status'], dist)
    const { stdout, stderr, names } = await loadedBy(['lock', 'status', 'demo'], ofStatus)
    expect([stdout, stderr]).toEqual([expect.stringContaining('demo'), ''])
    expect(names).toEqual(['fs', 'os', 'path'])
    expect((await loadedBy(['lock', 'doctor'], ofStatus)).stderr).toContain('not in this bundle: ./doctor.ts')
    const { stderr: ofWatch } = await loadedBy(['lock', 'status', '--watch'], ofStatus)
    expect(ofWatch).toContain('not in this bundle: ./shared/start-watch.ts')
  })

  it('loads yargs and execa only where they are needed', async () => {
    expect((await loadedBy(['lock', 'doctor'])).names).not.toContain('./vendor/yargs.js')
    const { names } = await loadedBy(['lock', 'status', '--help'])
    expect(names).toContain('./vendor/yargs.js')
    expect(names).not.toContain('./vendor/execa.js')
  })

  it.skipIf(process.platform !== 'linux')('loads no more for a run than it needs', async () => {
    const ofRun = (dist: string) =>
      Promise.all([bundleVerbs('main', ['run'], dist), bundle({ guard: 'src/guard/main.ts' }, dist)])
    const { stderr, names } = await loadedBy(['engine', 'run', 'other', '--', 'true'], ofRun)
    expect(stderr).toContain('run 1 of other')
    expect(names).toEqual(['buffer', 'child_process', 'fs', 'os', 'path', 'util'])
  })

  /** signal-exit sets all of them, with each write-file-atomic. */
  it('writes a file without setting a signal handler, and with a name of its own each time', async () => {
    const dist = tempDir()
    const program = join(dist, 'write.ts')
    writeFileSync(
      program,
      `import { replaceFile } from ${JSON.stringify(join(import.meta.dirname, '../src/store/replace-file.ts'))}
      const set: string[] = []
      process.on('newListener', (name) => void set.push(String(name)))
      const fs = process.getBuiltinModule('node:fs')
      const { openSync } = fs
      const written: string[] = []
      fs.openSync = (path, ...rest) => {
        written.push(String(path))
        return openSync(path, ...rest)
      }
      replaceFile(process.argv[2], 'first', false)
      replaceFile(process.argv[2], 'text', false)
      console.log(JSON.stringify({ set, written }))`,
    )
    await bundle({ write: program }, dist)
    writeFileSync(join(dist, 'package.json'), '{ "type": "commonjs" }')
    const file = join(dist, 'file')
    const { stdout, stderr } = spawnSync(process.execPath, [join(dist, 'write.js'), file], {
      encoding: 'utf8',
    })
    expect([stderr, readFileSync(file, 'utf8')]).toEqual(['', 'text'])
    const { set, written } = JSON.parse(stdout)
    expect(set).toEqual([])
    // removeTemporaryFiles() looks for such names.
    expect(written).toEqual([1, 2].map(() => expect.stringMatching(/^.*\/file\.\d{5,10}$/)))
    expect(new Set(written).size).toBe(2)
  })
})
