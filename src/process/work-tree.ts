/**
 * What git sees of a directory, so that two looks tell whether anything has changed in between.
 *
 * A look is one `git status`, which reads the index and takes no lock, and the contents of the files that it names: in
 * most repositories few. Nothing is written, neither to the index nor to the objects. Submodules that have changed, and
 * repositories that lie in the tree without being part of it, are looked at in turn.
 */
import { existsSync, lstatSync, realpathSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseGitStatus } from '../core/loop/git-status.ts'
import { type FileContent, FileReader } from './file-content.ts'
import { askGit, type GitAnswer, type GitPlace } from './git.ts'
import { createHash } from './hash.ts'

type Entry = FileContent & { readonly status: string }

type Tree = {
  readonly kind: 'tree'
  readonly head: string | null
  readonly branch: string
  /** By absolute path: what is not as the commit has it. */
  readonly entries: ReadonlyMap<string, Entry>
}

export type WorkTreeLook =
  | Tree
  /** No repository, or a directory that it ignores: git tells nothing of what happens here. */
  | { readonly kind: 'outside' }
  /** There is a repository, and no git to ask. */
  | { readonly kind: 'no-git' }
  | { readonly kind: 'failed'; readonly reason: string }

export type WorkTreeChange = {
  readonly commits: number
  readonly files: number
  readonly head_moved: boolean
}

export type WorkTreeOptions = Omit<GitPlace, 'signal'> & {
  /** Directories whose contents do not count, such as the lock directory. */
  readonly ignoredDirs: readonly string[]
  /** Files that do not count, such as the one that this program's output goes to. */
  readonly isIgnoredFile: (device: bigint, inode: bigint) => boolean
}

/** What of its contents one look reads; of the rest, size and times tell. */
const MAX_CONTENT_BYTES = 64 * 1024 ** 2
/** Between two pauses for others. */
const FILES_AT_ONCE = 500
const BYTES_AT_ONCE = 4 * 1024 ** 2
const MAX_DEPTH = 4
const STATUS =
  'status --porcelain=v2 --branch -z --ignore-submodules=none --no-renames --no-ahead-behind'.split(' ')

const LIST_BRANCHES = ['for-each-ref', '--format=%(objectname) %(refname)', 'refs/heads']

const UNTRACKED = { no: '--untracked-files=no', all: '--untracked-files=all' } as const

const NEVER = new AbortController().signal

const EMPTY: Tree = { kind: 'tree', head: null, branch: '', entries: new Map() }

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

const realPathOf = (path: string): string => {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}

/**
 * The first directory from `cwd` upwards that has a repository in it, also one that git would refuse; `null` when there
 * is none.
 */
const repositoryDirOf = (cwd: string): string | null => {
  for (let dir = realPathOf(cwd); ; dir = dirname(dir)) {
    if (existsSync(join(dir, '.git')) || existsSync(join(dir, 'HEAD'))) return dir
    if (dir === dirname(dir)) return null
  }
}

/** With one of these git may look elsewhere than in the directories above. */
const LOCATION_VARIABLES = [
  'GIT_DIR',
  'GIT_WORK_TREE',
  'GIT_COMMON_DIR',
  'GIT_CEILING_DIRECTORIES',
  'GIT_DISCOVERY_ACROSS_FILESYSTEM',
] as const

/**
 * The top of the work tree, where that is plain to see: `.git` is a repository or leads to one, and nothing sends git
 * elsewhere. `null` when only git can tell.
 */
const plainTop = ({ cwd, env }: WorkTreeOptions, dir: string): string | null => {
  if (LOCATION_VARIABLES.some((name) => env[name])) return null
  const git = join(dir, '.git')
  try {
    const isWhole =
      lstatSync(git).isFile() || ['HEAD', 'objects', 'refs'].every((part) => existsSync(join(git, part)))
    // Git does not look across the border of a file system.
    return isWhole && statSync(cwd).dev === statSync(dir).dev ? dir : null
  } catch {
    return null
  }
}

/** Something of a repository is always among them. */
const PLACE_SETTINGS = '^(core\\.(repositoryformatversion|bare|worktree)|status\\.showuntrackedfiles)$'

type PlaceSettings = { readonly isPlain: boolean; readonly showsUntracked: boolean }

/** @param listed by `git config -z --get-regexp`: `key\nvalue`, the last one of a key holds */
const placeSettings = (listed: string): PlaceSettings => {
  const values = new Map(
    listed
      .split('\0')
      .filter(Boolean)
      // A key without a value is a switch that is on.
      .map((line) => [
        line.split('\n')[0] ?? '',
        line.includes('\n') ? line.slice(line.indexOf('\n') + 1) : 'true',
      ]),
  )
  return {
    isPlain: !values.has('core.worktree') && isOff(values.get('core.bare') ?? 'false'),
    showsUntracked: !isOff(values.get('status.showuntrackedfiles') ?? 'normal'),
  }
}

const isOff = (value: string): boolean => /^(no|off|false|0|)$/i.test(value)

const isSame = (a: Entry | undefined, b: Entry | undefined): boolean => {
  if (a === undefined || b === undefined || a.status !== b.status) return false
  if (a.digest !== null && b.digest !== null) return a.digest === b.digest
  return a.stat !== null && a.stat === b.stat
}

const notOk = (answer: Exclude<GitAnswer, { kind: 'ok' }>): WorkTreeLook =>
  answer.kind === 'no-git' ? answer : { kind: 'failed', reason: answer.reason }

type Looking = {
  readonly untracked: string
  readonly files: FileReader
  readonly depth: number
  readonly signal: AbortSignal
}

type Place = { readonly top: string; readonly untracked: string }

export class WorkTree {
  readonly #options: WorkTreeOptions
  readonly #ignoredDirs: readonly string[]
  /** Of the last look: what has the same size and times need not be read again. */
  #known: ReadonlyMap<string, Entry> = new Map()
  /** Where git has seen this directory; `null` when that is not known (any more). */
  #place: Place | null = null

  constructor(options: WorkTreeOptions) {
    this.#options = options
    this.#ignoredDirs = options.ignoredDirs.map((dir) => `${realPathOf(dir)}/`)
  }

  /** Never rejects. @param signal ends a look that nobody waits for any more, and it has failed */
  async look(signal: AbortSignal = NEVER): Promise<WorkTreeLook> {
    const known = this.#place === null ? null : await this.#lookAtTree(this.#place, signal)
    // What fails at a place that is known may have another one by now.
    if (known?.kind === 'tree' || (known !== null && signal.aborted)) return known
    this.#place = null
    const place = await this.#findPlace(signal)
    if ('kind' in place) return place
    this.#place = place
    return this.#lookAtTree(place, signal)
  }

  /** What is different in `after`; `null` when the looks do not tell. */
  async difference(before: WorkTreeLook, after: WorkTreeLook): Promise<WorkTreeChange | null> {
    if (before.kind === 'outside' && after.kind === 'outside')
      return { commits: 0, files: 0, head_moved: false }
    // A repository that was made meanwhile: all of it is new.
    const earlier = before.kind === 'outside' ? EMPTY : before
    if (earlier.kind !== 'tree' || after.kind !== 'tree') return null
    const paths = new Set([...earlier.entries.keys(), ...after.entries.keys()])
    for (const path of paths)
      if (isSame(earlier.entries.get(path), after.entries.get(path))) paths.delete(path)
    const head_moved = earlier.head !== after.head || earlier.branch !== after.branch
    if (earlier.head === after.head || after.head === null)
      return { commits: 0, files: paths.size, head_moved }
    const [commits, committed] = await Promise.all([
      this.#commitsBetween(earlier.head, after.head),
      this.#pathsBetween(earlier.head, after.head),
    ])
    for (const path of committed) paths.add(path)
    return { commits, files: paths.size, head_moved }
  }

  async #commitsBetween(from: string | null, to: string): Promise<number> {
    const answer = await this.#git(['rev-list', '--count', to, ...(from === null ? [] : [`^${from}`])])
    // The earlier commit is gone by now, as after the history was written anew.
    return answer.kind === 'ok' ? Number(answer.stdout.toString()) : 1
  }

  async #pathsBetween(from: string | null, to: string): Promise<readonly string[]> {
    const list =
      from === null
        ? ['ls-tree', '-r', '--name-only', '--full-tree', '-z', to]
        : ['diff-tree', '-r', '--name-only', '--no-renames', '-z', from, to]
    const answer = await this.#git(list)
    if (answer.kind !== 'ok') return []
    const top = this.#place?.top ?? ''
    const paths = answer.stdout.toString('latin1').split('\0').filter(Boolean)
    return paths.map((path) => `${top}/${path}`)
  }

  async #findPlace(signal: AbortSignal): Promise<Place | WorkTreeLook> {
    const dir = repositoryDirOf(this.#options.cwd)
    // Without one there is nothing to ask git for.
    if (dir === null && !this.#options.env.GIT_DIR) return { kind: 'outside' }
    const top = dir === null ? null : plainTop(this.#options, dir)
    return (top === null ? null : await this.#placeAt(top, signal)) ?? this.#askForPlace(signal)
  }

  /** The usual case, with few processes. `null` when git has to tell more. @param top of the work tree */
  async #placeAt(top: string, signal: AbortSignal): Promise<Place | WorkTreeLook | null> {
    const bytes = Buffer.from(top).toString('latin1')
    const isTop = realPathOf(this.#options.cwd) === top
    const [settings, ignored] = await Promise.all([
      this.#git(['config', '-z', '--get-regexp', PLACE_SETTINGS], { top: bytes, signal }),
      isTop ? null : this.#git(['check-ignore', '-q', '.'], { signal }),
    ])
    if (settings.kind !== 'ok') return null
    const { isPlain, showsUntracked } = placeSettings(settings.stdout.toString('latin1'))
    if (!isPlain) return null
    if (ignored?.kind === 'ok') return { kind: 'outside' }
    return { top: bytes, untracked: UNTRACKED[showsUntracked ? 'all' : 'no'] }
  }

  async #askForPlace(signal: AbortSignal): Promise<Place | WorkTreeLook> {
    const answer = await this.#git(['rev-parse', '--git-dir', '--is-inside-work-tree', '--show-toplevel'], {
      signal,
    })
    if (answer.kind === 'no-git') return answer
    const [dir, isInside, ...rest] = answer.stdout.toString('latin1').split('\n')
    const top = rest.slice(0, -1).join('\n')
    if (!dir) return answer.kind === 'ok' ? { kind: 'outside' } : this.#refused(answer)
    if (isInside !== 'true' || !top) return this.#lookAtBranches(signal)
    if ((await this.#git(['check-ignore', '-q', '.'], { signal })).kind === 'ok') return { kind: 'outside' }
    const untracked = await this.#git(['config', '--get', 'status.showUntrackedFiles'], { signal })
    const showsNone = untracked.kind === 'ok' && isOff(untracked.stdout.toString().trim())
    return { top, untracked: UNTRACKED[showsNone ? 'no' : 'all'] }
  }

  /** `HEAD` in some directory above is no repository yet; one that git does not trust is. */
  #refused(answer: Exclude<GitAnswer, { kind: 'ok' }>): WorkTreeLook {
    if (answer.kind === 'failed' && answer.reason.includes('not a git repository (or any'))
      return { kind: 'outside' }
    return notOk(answer)
  }

  /** A bare repository, or the inside of `.git`, has branches and no files. */
  async #lookAtBranches(signal: AbortSignal): Promise<WorkTreeLook> {
    const branches = await this.#git(LIST_BRANCHES, { signal })
    if (branches.kind !== 'ok') return notOk(branches)
    const head = await this.#git(['rev-parse', '--verify', '--quiet', 'HEAD^{commit}'], { signal })
    return {
      kind: 'tree',
      head: head.kind === 'ok' ? head.stdout.toString().trim() : null,
      branch: createHash('sha1').update(branches.stdout).digest('hex'),
      entries: new Map(),
    }
  }

  async #lookAtTree({ top, untracked }: Place, signal: AbortSignal): Promise<WorkTreeLook> {
    const files = new FileReader(MAX_CONTENT_BYTES, this.#options.isIgnoredFile)
    const look = await this.#addTree(new Map(), top, { untracked, files, depth: 0, signal })
    if (look.kind === 'tree') this.#known = look.entries
    return look
  }

  async #addTree(entries: Map<string, Entry>, top: string, how: Looking): Promise<WorkTreeLook> {
    const { untracked, files, depth, signal } = how
    const answer = await this.#git([...STATUS, untracked], { top, signal })
    if (answer.kind !== 'ok') return notOk(answer)
    const status = parseGitStatus(answer.stdout.toString('latin1'))
    let reported = files.left
    for (const [index, one] of status.entries.entries()) {
      const path = `${top}/${one.path}`
      if (this.#ignoredDirs.some((dir) => `${Buffer.from(path, 'latin1')}/`.startsWith(dir))) continue
      const content =
        one.isRepository && depth < MAX_DEPTH
          ? await this.#addRepository(entries, path, { ...how, depth: depth + 1 })
          : files.read(Buffer.from(path, 'latin1'), this.#known.get(path))
      if (content !== null) entries.set(path, { ...content, status: one.status })
      if (index % FILES_AT_ONCE === 0 || reported - files.left > BYTES_AT_ONCE) {
        reported = files.left
        await nextTurn()
      }
    }
    return { kind: 'tree', head: status.head, branch: status.branch, entries }
  }

  /** Its entries are added; what it is itself is its commit. */
  async #addRepository(entries: Map<string, Entry>, top: string, how: Looking): Promise<FileContent> {
    const look = await this.#addTree(entries, top, how)
    return { stat: null, digest: look.kind === 'tree' ? `${look.head} ${look.branch}` : look.kind }
  }

  /** @param top of a work tree, in latin1 */
  #git(
    words: readonly string[],
    { top, signal = NEVER }: { readonly top?: string; readonly signal?: AbortSignal } = {},
  ): Promise<GitAnswer> {
    const place = top === undefined ? {} : { cwd: Buffer.from(top, 'latin1').toString('utf8') }
    return askGit({ ...this.#options, ...place, signal }, words)
  }
}
