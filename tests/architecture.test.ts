/** The arrows between the rooms of src/, read from its import statements. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const SRC = fileURLToPath(new URL('../src', import.meta.url))

const FILES = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => name.split(sep).join('/'))
  .sort()

const sourceOf = (file: string): string => readFileSync(join(SRC, file), 'utf8')

/** Static, dynamic, re-exporting and type-only: a type is an arrow too. */
const IMPORT =
  /(?:^|\n)\s*(?:import|export)\b[^'"`;]*?from\s*['"]([^'"]+)['"]|\bimport\s*\(?\s*['"]([^'"]+)['"]/g

const importsIn = (source: string): readonly string[] =>
  [...source.matchAll(IMPORT)].map((match) => match[1] ?? match[2] ?? '')

type Arrow = { readonly file: string; readonly room: string; readonly to: string }

const roomOf = (file: string): string => (file.includes('/') ? (file.split('/')[0] ?? '') : file)

/** A room, a file at the top of src/, `node:`, or the name of a package. */
const targetOf = (file: string, specifier: string): string => {
  if (specifier.startsWith('node:')) return 'node:'
  if (!specifier.startsWith('.')) return specifier
  return roomOf(
    relative(SRC, join(SRC, dirname(file), specifier))
      .split(sep)
      .join('/'),
  )
}

const ARROWS: readonly Arrow[] = FILES.flatMap((file) =>
  importsIn(sourceOf(file)).map((specifier) => ({
    file,
    room: roomOf(file),
    to: targetOf(file, specifier),
  })),
)

const ROOMS = new Set(FILES.filter((file) => file.includes('/')).map(roomOf))

/** Arrows from a room to another room, or to a file at the top, that are not allowed. */
const trespasses = (room: string, allowed: readonly string[]): readonly string[] =>
  ARROWS.filter((arrow) => arrow.room === room && arrow.to !== room)
    .filter(({ to }) => ROOMS.has(to) || to.endsWith('.ts'))
    .filter(({ to }) => !allowed.includes(to))
    .map(({ file, to }) => `${file} -> ${to}`)

describe('the reader of imports', () => {
  it.each([
    ["import { a } from './a.ts'", ['./a.ts']],
    ["import type { A } from '../core/a.ts'", ['../core/a.ts']],
    ["import {\n  a,\n  type B,\n} from './a.ts'", ['./a.ts']],
    ["import './a.ts'", ['./a.ts']],
    ["export { a } from './a.ts'", ['./a.ts']],
    ["export * from './a.ts'", ['./a.ts']],
    ["const { a } = await import('./a.ts')", ['./a.ts']],
    ['import a from \'a\'\nimport b from "b"', ['a', 'b']],
    ["const text = 'important from here'", []],
  ])('finds what %j imports', (source, found) => {
    expect(importsIn(source)).toEqual(found)
  })

  it('finds the arrows of this project', () => {
    expect(ARROWS.length).toBeGreaterThan(100)
    expect([...ROOMS].sort()).toEqual(
      [
        'agents',
        'cli',
        'config',
        'core',
        'engine',
        'guard',
        'process',
        'recorder',
        'refresher',
        'session',
        'store',
        'tmux',
        'verbs',
        'watch',
      ].sort(),
    )
  })
})

describe('the arrows', () => {
  it('of core/ stay in core/, and lead to no module of Node nor to a package', () => {
    expect(ARROWS.filter(({ room, to }) => room === 'core' && to !== 'core')).toEqual([])
  })

  it.each(['store', 'process', 'tmux'])('of %s/ lead to core/ only', (room) => {
    expect(trespasses(room, ['core'])).toEqual([])
  })

  it('of refresher/ lead to core/, process/ and store/ only', () => {
    expect(trespasses('refresher', ['core', 'process', 'store'])).toEqual([])
  })

  it('of refresher/ lead to no package: its bundle stays small', () => {
    expect(ARROWS.filter(({ room, to }) => room === 'refresher' && to !== 'node:' && !ROOMS.has(to))).toEqual(
      [],
    )
  })

  it('of recorder/ lead to core/ only, and to no package', () => {
    expect(
      ARROWS.filter(({ room, to }) => room === 'recorder' && !['core', 'recorder', 'node:'].includes(to)),
    ).toEqual([])
  })

  it('of guard/ lead to no room of the program that starts it, and to no package: its bundle stays small', () => {
    expect(trespasses('guard', ['core', 'process', 'recorder', 'refresher', 'store', 'tmux'])).toEqual([])
    expect(ARROWS.filter(({ room, to }) => room === 'guard' && to !== 'node:' && !ROOMS.has(to))).toEqual([])
  })

  it('of engine/ lead to what guard/ says, and not into it', () => {
    const inner = FILES.filter((file) => file.startsWith('engine/')).flatMap((file) =>
      importsIn(sourceOf(file)).filter((to) => to.includes('/guard/') && !to.endsWith('/guard/protocol.ts')),
    )
    expect(inner).toEqual([])
  })

  it('of session/ do not lead to engine/, verbs/ or cli/', () => {
    expect(trespasses('session', ['core', 'process', 'refresher', 'store', 'tmux', 'world.ts'])).toEqual([])
  })

  it('of engine/ do not lead to verbs/ or cli/', () => {
    expect(
      trespasses('engine', [
        'core',
        'guard',
        'process',
        'recorder',
        'refresher',
        'session',
        'store',
        'tmux',
        'world.ts',
      ]),
    ).toEqual([])
  })

  it('of config/ lead to core/ only', () => {
    expect(trespasses('config', ['core', 'world.ts'])).toEqual([])
  })

  it('of cli/ lead to core/ and process/ only: it knows no verb', () => {
    expect(trespasses('cli', ['core', 'process', 'world.ts'])).toEqual([])
  })

  it('of watch/ do not lead to verbs/ or engine/', () => {
    expect(trespasses('watch', ['cli', 'core', 'session', 'store', 'tmux', 'world.ts'])).toEqual([])
  })

  it('of verbs/ lead to no other verb', () => {
    const other = /from '\.\/(?!shared\/)/
    const wrong = FILES.filter((file) => /^verbs\/[^/]+$/.test(file) && file !== 'verbs/index.ts')
    expect(wrong.filter((file) => other.test(sourceOf(file)))).toEqual([])
  })

  it('lead to nothing but files that are there', () => {
    const tops = FILES.filter((file) => !file.includes('/'))
    const wrong = ARROWS.filter(({ to }) => to.endsWith('.ts') && !tops.includes(to))
    expect(wrong).toEqual([])
  })
})

describe('what belongs to the start of the program alone', () => {
  const filesWith = (pattern: RegExp): readonly string[] =>
    FILES.filter((file) => pattern.test(sourceOf(file)))

  it('is argv, but for the hook, which is a program too', () => {
    expect(filesWith(/\bprocess\s*\.\s*argv\b/)).toEqual(['agents/hook-main.ts', 'main.ts'])
  })

  it('is the exit, but for the guard and the hook, which are programs too', () => {
    expect(filesWith(/\bprocess\s*\.\s*exit\s*\(/)).toEqual([
      'agents/hook-main.ts',
      'guard/main.ts',
      'main.ts',
    ])
  })

  it('is this process, its streams and its signals, but for process/: elsewhere they come in through World', () => {
    const own = filesWith(/\bprocess\s*\.\s*(stdin|stdout|stderr|pid|execPath|on|env|cwd)\b/)
    expect(own.filter((file) => /^(core|engine|session|verbs)\//.test(file))).toEqual([])
  })
})
