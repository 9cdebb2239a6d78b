import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { WorkTree, type WorkTreeOptions } from '../../src/process/work-tree.ts'
import { tempDir } from '../fakes/temp-dir.ts'

let base: string
let repo: string

/** Nothing of a person's settings, nor of the repository whose hook these tests may be started by. */
const isOfGit = (name: string): boolean => name.startsWith('GIT_') || name === 'XDG_CONFIG_HOME'

const ENV = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !isOfGit(name))),
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'a',
  GIT_AUTHOR_EMAIL: 'a@b',
  GIT_COMMITTER_NAME: 'a',
  GIT_COMMITTER_EMAIL: 'a@b',
}

/** A commit starts maintenance, which in newer versions goes on in the background, with a lock among the objects. */
const SETTINGS = ['-c', 'protocol.file.allow=always', '-c', 'maintenance.auto=false', '-c', 'gc.auto=0']

const git = (words: string, cwd = repo): string =>
  execFileSync('git', [...SETTINGS, ...words.split(' ')], {
    cwd,
    env: ENV,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  })

const write = (path: string, text: string): void => writeFileSync(join(repo, path), text)

const commit = (cwd = repo): void => {
  git('add -A', cwd)
  git('commit -qm change --allow-empty', cwd)
}

const watch = (options: Partial<WorkTreeOptions> = {}): WorkTree =>
  new WorkTree({
    cwd: repo,
    env: ENV,
    limitSeconds: 30,
    ignoredDirs: [],
    isIgnoredFile: () => false,
    ...options,
  })

/** What `change` changes, as two looks see it. */
const seen = async (change: () => void, tree = watch()) => {
  const before = await tree.look()
  change()
  return tree.difference(before, await tree.look())
}

beforeEach(() => {
  base = tempDir()
  repo = join(base, 'repo')
  mkdirSync(join(repo, 'dir'), { recursive: true })
  git('init -q -b main')
  write('tracked', 'one\n')
  write('dir/other', 'one\n')
  write('.gitignore', 'ignored\nbuild/\n')
  commit()
})

const NOTHING = { commits: 0, files: 0, head_moved: false }
const files = (count: number) => ({ ...NOTHING, files: count })

describe('what is a change', () => {
  it.each<[string, () => void, { commits: number; files: number; head_moved: boolean }]>([
    ['nothing', () => undefined, NOTHING],
    ['a tracked file', () => write('tracked', 'two\n'), files(1)],
    ['one of the same size', () => write('tracked', 'two\n'), files(1)],
    ['two of them', () => ['tracked', 'dir/other'].map((path) => write(path, 'more\n')), files(2)],
    ['an untracked file', () => write('new file\nwith a break', 'x'), files(1)],
    [
      'a file in a new directory',
      () => mkdirSync(join(repo, 'd/e'), { recursive: true }) && write('d/e/f', ''),
      {
        ...NOTHING,
        files: 1,
      },
    ],
    ['a new directory without a file', () => mkdirSync(join(repo, 'empty')), NOTHING],
    ['an ignored file', () => write('ignored', 'x'), NOTHING],
    [
      'a file in an ignored directory',
      () => mkdirSync(join(repo, 'build')) ?? write('build/x', 'x'),
      NOTHING,
    ],
    ['a file that is gone', () => rmSync(join(repo, 'tracked')), files(1)],
    ['a file that may be executed', () => chmodSync(join(repo, 'tracked'), 0o755), files(1)],
    [
      'a link in its place',
      () => rmSync(join(repo, 'tracked')) ?? symlinkSync('dir', join(repo, 'tracked')),
      files(1),
    ],
    ['a file that was only touched', () => utimesSync(join(repo, 'tracked'), 1, 1), NOTHING],
    ['a file that is staged', () => write('tracked', 'two\n') ?? git('add tracked'), files(1)],
    ['a commit', () => write('tracked', 'two\n') ?? commit(), { commits: 1, files: 1, head_moved: true }],
    ['an empty commit', () => commit(), { commits: 1, files: 0, head_moved: true }],
    [
      'two commits and a file',
      () => {
        for (const text of ['two\n', 'three\n']) {
          write('tracked', text)
          commit()
        }
        write('new', 'x')
      },
      { commits: 2, files: 2, head_moved: true },
    ],
    ['another branch', () => git('switch -qc topic'), { ...NOTHING, head_moved: true }],
    ['no branch', () => git('checkout -q --detach'), { ...NOTHING, head_moved: true }],
    ['a branch that nobody is on', () => git('branch topic'), NOTHING],
    ['a stash', () => write('tracked', 'two\n') ?? git('stash -q'), NOTHING],
  ])('%s', async (_, change, expected) => {
    expect(await seen(change)).toEqual(expected)
  })

  it('is a commit taken back', async () => {
    write('tracked', 'two\n')
    commit()
    const change = await seen(() => git('reset -q --hard HEAD~1'))
    expect(change).toEqual({ commits: 0, files: 1, head_moved: true })
  })

  it('is another content of a file that was changed already', async () => {
    write('tracked', 'two\n')
    write('new', 'x\n')
    const tree = watch()
    expect(await seen(() => undefined, tree)).toEqual(NOTHING)
    expect(await seen(() => write('tracked', 'six\n'), tree)).toEqual(files(1))
    expect(await seen(() => write('new', 'y\n'), tree)).toEqual(files(1))
    expect(await seen(() => write('new', 'y\n'), tree)).toEqual(NOTHING)
  })

  it('is what a mere commit of changed files leaves clean', async () => {
    write('tracked', 'two\n')
    expect(await seen(() => commit())).toEqual({ commits: 1, files: 1, head_moved: true })
  })

  it('is not what git is told to keep quiet about', async () => {
    git('config status.showUntrackedFiles no')
    expect(await seen(() => write('new', 'x'))).toEqual(NOTHING)
  })

  it('is not what lies in an ignored directory or is an ignored file', async () => {
    mkdirSync(join(repo, 'locks'))
    write('out.log', '')
    const { dev, ino } = statSync(join(repo, 'out.log'), { bigint: true })
    const tree = watch({
      ignoredDirs: [join(repo, 'locks')],
      isIgnoredFile: (device, inode) => device === dev && inode === ino,
    })
    expect(await seen(() => write('locks/demo.json', 'x') ?? write('out.log', 'x'), tree)).toEqual(NOTHING)
    expect(await seen(() => write('locks.txt', 'x'), tree)).toEqual(files(1))
  })

  it('is seen from a directory inside of the tree', async () => {
    expect(await seen(() => write('tracked', 'two\n'), watch({ cwd: join(repo, 'dir') }))).toEqual(files(1))
  })
})

describe('a repository of another kind', () => {
  it('before its first commit', async () => {
    git('init -q empty', base)
    const empty = join(base, 'empty')
    writeFileSync(join(empty, 'a'), '1')
    const tree = watch({ cwd: empty })
    expect(await seen(() => writeFileSync(join(empty, 'a'), '2'), tree)).toEqual(files(1))
    expect(await seen(() => commit(empty), tree)).toEqual({ commits: 1, files: 1, head_moved: true })
  })

  it('a second work tree', async () => {
    git('worktree add -q -b topic ../second')
    const second = join(base, 'second')
    const tree = watch({ cwd: second })
    expect(await seen(() => writeFileSync(join(second, 'tracked'), '2'), tree)).toEqual(files(1))
    expect(await seen(() => commit(second), tree)).toEqual({ commits: 1, files: 1, head_moved: true })
    expect(await seen(() => write('tracked', 'x') ?? commit(), tree)).toEqual(NOTHING)
  })

  it('a submodule: its files and its commits', async () => {
    git('init -q inner', base)
    writeFileSync(join(base, 'inner/a'), '1')
    commit(join(base, 'inner'))
    git(`submodule --quiet add ${base}/inner sub`)
    commit()
    const sub = join(repo, 'sub')
    const tree = watch()
    expect(await seen(() => undefined, tree)).toEqual(NOTHING)
    expect((await seen(() => writeFileSync(join(sub, 'a'), '2'), tree))?.files).toBeGreaterThan(0)
    expect(await seen(() => writeFileSync(join(sub, 'a'), '3'), tree)).toEqual(files(1))
    expect((await seen(() => commit(sub), tree))?.files).toBeGreaterThan(0)
    expect(await seen(() => commit(sub), tree)).toEqual(files(1))
    expect(await seen(() => undefined, tree)).toEqual(NOTHING)
  })

  it('a repository that lies in the tree without being part of it', async () => {
    git('init -q nested')
    const nested = join(repo, 'nested')
    writeFileSync(join(nested, 'a'), '1')
    const tree = watch()
    expect(await seen(() => writeFileSync(join(nested, 'a'), '2'), tree)).toEqual(files(1))
    expect(await seen(() => undefined, tree)).toEqual(NOTHING)
  })

  it('a bare one, which has branches and no files', async () => {
    git('clone -q --bare repo bare.git', base)
    write('tracked', 'two\n')
    commit()
    const tree = watch({ cwd: join(base, 'bare.git') })
    expect(await seen(() => undefined, tree)).toEqual(NOTHING)
    expect(await seen(() => git(`push -q ${base}/bare.git main`), tree)).toMatchObject({
      commits: 1,
      head_moved: true,
    })
    expect(await seen(() => git(`push -q ${base}/bare.git main:topic`), tree)).toMatchObject({
      head_moved: true,
    })
  })

  it('one that is being rebased, with a conflict', async () => {
    git('switch -qc topic')
    write('tracked', 'topic\n')
    commit()
    git('switch -q main')
    write('tracked', 'main\n')
    commit()
    git('switch -q topic')
    const tree = watch()
    const rebase = (): void => {
      expect(() => git('rebase main')).toThrow()
    }
    expect(await seen(rebase, tree)).toMatchObject({ head_moved: true })
    expect(await seen(() => undefined, tree)).toEqual(NOTHING)
    expect(await seen(() => write('tracked', 'both\n'), tree)).toEqual(files(1))
  })

  it('one whose index is locked', async () => {
    write('.git/index.lock', '')
    const tree = watch()
    expect(await seen(() => undefined, tree)).toEqual(NOTHING)
    expect(await seen(() => write('tracked', 'two\n'), tree)).toEqual(files(1))
  })

  it('one that is made meanwhile, and one that goes', async () => {
    const cwd = join(base, 'later')
    mkdirSync(cwd)
    const tree = watch({ cwd })
    expect(await seen(() => undefined, tree)).toEqual(NOTHING)
    const make = (): void => {
      git('init -q', cwd)
      writeFileSync(join(cwd, 'a'), '1')
      commit(cwd)
    }
    expect(await seen(make, tree)).toEqual({ commits: 1, files: 1, head_moved: true })
    expect(await seen(() => rmSync(join(cwd, '.git'), { recursive: true }), tree)).toBeNull()
  })

  it('one whose files lie elsewhere', async () => {
    const files_ = join(base, 'files')
    mkdirSync(files_)
    git(`config core.worktree ${files_}`)
    git('checkout -q -f')
    const change = (): void => writeFileSync(join(files_, 'tracked'), 'two\n')
    expect(await seen(change, watch({ cwd: files_, env: { ...ENV, GIT_DIR: join(repo, '.git') } }))).toEqual(
      files(1),
    )
    expect(await seen(() => writeFileSync(join(files_, 'new'), 'x'), watch())).toEqual(NOTHING)
  })

  it('a directory named .git that is none, in a repository', async () => {
    mkdirSync(join(repo, 'dir/.git'))
    expect(await seen(() => write('tracked', 'two\n'), watch({ cwd: join(repo, 'dir') }))).toEqual(files(1))
  })

  it('with bytes in a path that are no UTF-8', async () => {
    const path = Buffer.concat([Buffer.from(`${repo}/`), Buffer.from([0xff, 0x41])])
    const tree = watch()
    expect(await seen(() => writeFileSync(path, '1'), tree)).toEqual(files(1))
    expect(await seen(() => writeFileSync(path, '2'), tree)).toEqual(files(1))
    expect(await seen(() => undefined, tree)).toEqual(NOTHING)
  })

  it('with a large file: its size and times tell', async () => {
    const large = join(repo, 'large')
    execFileSync('truncate', ['-s', '200M', large])
    const tree = watch()
    // The times of what was written just now prove nothing, and then it counts as changed.
    utimesSync(large, 1, 1)
    await new Promise((resolve) => setTimeout(resolve, 150))
    expect(await seen(() => undefined, tree)).toEqual(NOTHING)
    expect(await seen(() => appendFileSync(large, 'x'), tree)).toEqual(files(1))
  })
})

describe('where git cannot be asked', () => {
  it.each<[string, () => Partial<WorkTreeOptions>, string]>([
    ['no repository', () => ({ cwd: base }), 'outside'],
    ['no repository, and no git', () => ({ cwd: base, env: { PATH: '/nonexistent' } }), 'outside'],
    ['a repository, and no git', () => ({ env: { PATH: '/nonexistent' } }), 'no-git'],
    [
      'a directory that is ignored',
      () => mkdirSync(join(repo, 'build')) ?? { cwd: join(repo, 'build') },
      'outside',
    ],
    [
      'a repository that is none',
      () => writeFileSync(join(base, '.git'), 'gitdir: /nonexistent') ?? { cwd: base },
      'failed',
    ],
    ['a directory that is gone', () => ({ cwd: join(repo, 'gone') }), 'failed'],
    ['a git that never answers', () => ({ limitSeconds: 0.3, env: slowGit() }), 'failed'],
  ])('%s', async (_, options, expected) => {
    const look = await watch(options()).look()
    expect(look.kind).toBe(expected)
    expect(await watch().difference(look, await watch().look())).toEqual(
      expected === 'outside' ? expect.anything() : null,
    )
  })

  const slowGit = () => {
    const bin = join(base, 'bin')
    mkdirSync(bin)
    writeFileSync(join(bin, 'git'), '#!/bin/sh\nexec sleep 60\n', { mode: 0o755 })
    return { ...ENV, PATH: `${bin}:${process.env.PATH}` }
  }

  it('says why', async () => {
    const look = await watch({ cwd: join(repo, 'gone') }).look()
    expect(look).toMatchObject({ reason: expect.stringContaining('is not there any more') })
  })
})

it('a look writes nothing: neither to the index nor to the objects', async () => {
  write('tracked', 'two\n')
  write('new', 'x')
  utimesSync(join(repo, 'dir/other'), 1, 1)
  const all = (): string =>
    execFileSync('find', [repo, '-newermt', '@0', '-printf', '%p %T@ %s\\n'], { encoding: 'utf8' })
  const index = readFileSync(join(repo, '.git/index'))
  const before = all()
  await watch().look()
  expect(all()).toBe(before)
  expect(readFileSync(join(repo, '.git/index')).equals(index)).toBe(true)
})
