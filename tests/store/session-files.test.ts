import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { lockDirOf, type SessionPaths, sessionPaths } from '../../src/store/paths.ts'
import {
  clearRequest,
  REQUESTS,
  readRequest,
  writeInterrupt,
  writeRequest,
} from '../../src/store/requests.ts'
import { openRun, remakeRun } from '../../src/store/runs.ts'
import { failureOf } from '../fakes/failure.ts'
import { tempDir } from '../fakes/temp-dir.ts'

const session = (): SessionPaths => sessionPaths(tempDir(), 'demo')
const withHome = (): SessionPaths => {
  const paths = session()
  mkdirSync(paths.home, { mode: 0o700 })
  return paths
}

describe('the paths of a session', () => {
  it('are where the contract has them', () => {
    expect(sessionPaths('/locks', 'demo')).toMatchObject({
      lock: '/locks/demo.lock',
      record: '/locks/demo.json',
      home: '/locks/demo',
    })
  })

  it.each([
    ['LOCK_DIR', { LOCK_DIR: '/l', XDG_STATE_HOME: '/x' }, '/l'],
    ['a relative LOCK_DIR, as it is', { LOCK_DIR: 'l' }, 'l'],
    ['XDG_STATE_HOME', { XDG_STATE_HOME: '/x' }, '/x/tmux-session-lock'],
    ['an empty LOCK_DIR', { LOCK_DIR: '', XDG_STATE_HOME: '/x' }, '/x/tmux-session-lock'],
    ['a relative XDG_STATE_HOME', { XDG_STATE_HOME: 'x' }, '/home/ann/.local/state/tmux-session-lock'],
    ['an empty XDG_STATE_HOME', { XDG_STATE_HOME: '' }, '/home/ann/.local/state/tmux-session-lock'],
    ['nothing', {}, '/home/ann/.local/state/tmux-session-lock'],
  ])('lie in the directory that follows from %s', (_, environment, dir) => {
    expect(lockDirOf(environment, () => '/home/ann')).toBe(dir)
  })
})

it('a home directory is asked for only when it is needed', () => {
  const nobody = (): string => {
    throw new Error('no home')
  }
  expect(lockDirOf({ LOCK_DIR: '/l' }, nobody)).toBe('/l')
  expect(lockDirOf({ XDG_STATE_HOME: '/x' }, nobody)).toBe('/x/tmux-session-lock')
  expect(() => lockDirOf({}, nobody)).toThrow('no home')
})

describe('the generation of a run', () => {
  it('begins at 1, with a private directory', () => {
    const paths = session()
    expect(openRun(paths, 0)).toBe(1)
    expect(statSync(join(paths.runs, '1')).mode & 0o777).toBe(0o700)
  })

  it('goes on from the record', () => {
    expect(openRun(session(), 41)).toBe(42)
  })

  it('is never used again when the record was lost', () => {
    const paths = session()
    openRun(paths, 0)
    openRun(paths, 1)
    expect(openRun(paths, 0)).toBe(3)
  })

  it('has its directory made again when that was removed', () => {
    const paths = session()
    openRun(paths, 0)
    expect(remakeRun(paths, 1)).toBe(false)
    rmSync(paths.home, { recursive: true })
    expect(remakeRun(paths, 1)).toBe(true)
    expect(openRun(paths, 0)).toBe(2)
  })

  it('is never used again when a run was opened and its record not written', () => {
    const paths = session()
    expect([openRun(paths, 7), openRun(paths, 7), openRun(paths, 7)]).toEqual([8, 9, 10])
  })

  it('counts as numbers are counted, not as texts are', () => {
    const paths = session()
    openRun(paths, 8)
    openRun(paths, 9)
    expect(openRun(paths, 0)).toBe(11)
  })

  it('is above the record when directories were removed', () => {
    const paths = session()
    openRun(paths, 0)
    rmSync(paths.runs, { recursive: true })
    expect(openRun(paths, 5)).toBe(6)
  })

  it('passes over what is no run', () => {
    const paths = session()
    openRun(paths, 0)
    for (const name of ['01', '1x', '-9', '9.5', 'x', '0', '99999999999999999999'])
      mkdirSync(join(paths.runs, name))
    expect(openRun(paths, 0)).toBe(2)
  })

  it.each<[string, (paths: SessionPaths) => void]>([
    ["a file lies in the session's place", ({ home }) => writeFileSync(home, '')],
    ["a link lies in the session's place", ({ home }) => symlinkSync('/tmp', home)],
    [
      'a file lies in the place of its runs',
      ({ home, runs }) => {
        mkdirSync(home)
        writeFileSync(runs, '')
      },
    ],
  ])('is refused when %s', (_, prepare) => {
    const paths = session()
    prepare(paths)
    expect(failureOf(() => openRun(paths, 0)).exitCode).toBe(77)
  })
})

describe('a request to the owner', () => {
  it.each(REQUESTS)('is read by the run that it is meant for: %s', (kind) => {
    const paths = withHome()
    writeRequest(paths, kind, 7)
    expect(readRequest(paths, 7)).toBe(kind)
    expect(readFileSync(paths.request, 'utf8')).toContain('"generation":7')
  })

  it('is not read by the run before or after', () => {
    const paths = withHome()
    writeRequest(paths, 'supersede', 7)
    expect(readRequest(paths, 6)).toBeNull()
    expect(readRequest(paths, 8)).toBeNull()
  })

  it('to end an iteration is read in that iteration of that run, and nowhere else', () => {
    const paths = withHome()
    writeInterrupt(paths, 7, 3)
    expect(readRequest(paths, 7, 3)).toBe('interrupt-iteration')
    expect(readRequest(paths, 7, 2)).toBeNull()
    expect(readRequest(paths, 7, 4)).toBeNull()
    expect(readRequest(paths, 8, 3)).toBeNull()
    expect(readRequest(paths, 7)).toBeNull()
    expect(JSON.parse(readFileSync(paths.request, 'utf8'))).toEqual({
      request: 'interrupt-iteration',
      generation: 7,
      iteration: 3,
    })
  })

  it('to the whole run is read in any iteration', () => {
    const paths = withHome()
    writeRequest(paths, 'supersede', 7)
    expect(readRequest(paths, 7, 3)).toBe('supersede')
  })

  it('is replaced by the next one', () => {
    const paths = withHome()
    writeRequest(paths, 'stop-after-iteration', 7)
    writeRequest(paths, 'supersede', 7)
    expect(readRequest(paths, 7)).toBe('supersede')
    expect(readdirSync(paths.home)).toEqual(['request.json'])
  })

  it('is cleared, also when there is none', () => {
    const paths = withHome()
    writeRequest(paths, 'supersede', 7)
    clearRequest(paths)
    clearRequest(paths)
    expect(readRequest(paths, 7)).toBeNull()
  })

  it.each([
    '',
    'x',
    'null',
    '[]',
    '7',
    '{}',
    '{"request":"dance","generation":7}',
    '{"request":"supersede"}',
    '{"request":"supersede","generation":"7"}',
    '{"request":["supersede"],"generation":7}',
    '{"request":"interrupt-iteration","generation":7}',
    '{"request":"interrupt-iteration","generation":7,"iteration":"3"}',
  ])('is ignored when it says %j', (content) => {
    const paths = withHome()
    writeFileSync(paths.request, content)
    expect(readRequest(paths, 7)).toBeNull()
    expect(readRequest(paths, 7, 3)).toBeNull()
  })

  it('goes unheard when it is not there or is a directory', () => {
    const paths = withHome()
    expect(readRequest(paths, 7)).toBeNull()
    mkdirSync(paths.request)
    expect(readRequest(paths, 7)).toBeNull()
  })

  it('fails with an error when it cannot be written', () => {
    expect(failureOf(() => writeRequest(session(), 'supersede', 7)).exitCode).toBe(74)
  })
})
