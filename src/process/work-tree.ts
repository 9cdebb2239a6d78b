/**
 * What git sees of a directory, so that two looks tell whether anything has changed in between.
 *
 * A look is one `git status`, which reads the index and takes no lock, and the contents of the files that it names: in
 * most repositories few. Nothing is written, neither to the index nor to the objects. Submodules that have changed, and
 * repositories that lie in the tree without being part of it, are looked at in turn.
 */
import { createHash } from 'node:crypto'
import { existsSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseGitStatus } from '../core/loop/git-status.ts'
import { type FileContent, FileReader } from './file-content.ts'
import { askGit, type GitAnswer, type GitPlace } from './git.ts'

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

export type WorkTreeOptions = GitPlace & {
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

const EMPTY: Tree = { kind: 'tree', head: null, branch: '', entries: new Map() }

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

const realPathOf = (path: string): string => {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}

/** Also one that git would refuse. */
const hasRepository = ({ cwd, env }: GitPlace): boolean => {
  if (env.GIT_DIR) return true
  for (let dir = realPathOf(cwd); ; dir = dirname(dir)) {
    if (existsSync(join(dir, '.git')) || existsSync(join(dir, 'HEAD'))) return true
    if (dir === dirname(dir)) return false
  }
}

const isSame = (a: Entry | undefined, b: Entry | undefined): boolean => {
  if (a === undefined || b === undefined || a.status !== b.status) return false
  if (a.digest !== null && b.digest !== null) return a.digest === b.digest
  return a.stat !== null && a.stat === b.stat
}

const notOk = (answer: Exclude<GitAnswer, { kind: 'ok' }>): WorkTreeLook =>
  answer.kind === 'no-git' ? answer : { kind: 'failed', reason: answer.reason }

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

  /** Never rejects. */
  async look(): Promise<WorkTreeLook> {
    const known = this.#place === null ? null : await this.#lookAtTree(this.#place)
    // What fails at a place that is known may have another one by now.
    if (known?.kind === 'tree') return known
    this.#place = null
    const place = await this.#findPlace()
    if ('kind' in place) return place
    this.#place = place
    return this.#lookAtTree(place)
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
    for (const path of await this.#pathsBetween(earlier.head, after.head)) paths.add(path)
    return { commits: await this.#commitsBetween(earlier.head, after.head), files: paths.size, head_moved }
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

  async #findPlace(): Promise<Place | WorkTreeLook> {
    // Without one there is nothing to ask git for.
    if (!hasRepository(this.#options)) return { kind: 'outside' }
    const answer = await this.#git(['rev-parse', '--git-dir', '--is-inside-work-tree', '--show-toplevel'])
    if (answer.kind === 'no-git') return answer
    const [dir, isInside, ...rest] = answer.stdout.toString('latin1').split('\n')
    const top = rest.slice(0, -1).join('\n')
    if (!dir) return answer.kind === 'ok' ? { kind: 'outside' } : this.#refused(answer)
    if (isInside !== 'true' || !top) return this.#lookAtBranches()
    if ((await this.#git(['check-ignore', '-q', '.'])).kind === 'ok') return { kind: 'outside' }
    const untracked = await this.#git(['config', '--get', 'status.showUntrackedFiles'])
    const isOff = untracked.kind === 'ok' && /^(no|false)\s*$/.test(untracked.stdout.toString())
    return { top, untracked: isOff ? '--untracked-files=no' : '--untracked-files=all' }
  }

  /** `HEAD` in some directory above is no repository yet; one that git does not trust is. */
  #refused(answer: Exclude<GitAnswer, { kind: 'ok' }>): WorkTreeLook {
    if (answer.kind === 'failed' && answer.reason.includes('not a git repository (or any'))
      return { kind: 'outside' }
    return notOk(answer)
  }

  /** A bare repository, or the inside of `.git`, has branches and no files. */
  async #lookAtBranches(): Promise<WorkTreeLook> {
    const branches = await this.#git(['for-each-ref', '--format=%(objectname) %(refname)', 'refs/heads'])
    if (branches.kind !== 'ok') return notOk(branches)
    const head = await this.#git(['rev-parse', '--verify', '--quiet', 'HEAD^{commit}'])
    return {
      kind: 'tree',
      head: head.kind === 'ok' ? head.stdout.toString().trim() : null,
      branch: createHash('sha1').update(branches.stdout).digest('hex'),
      entries: new Map(),
    }
  }

  async #lookAtTree({ top, untracked }: Place): Promise<WorkTreeLook> {
    const files = new FileReader(MAX_CONTENT_BYTES, this.#options.isIgnoredFile)
    const look = await this.#addTree(new Map(), top, { untracked, files, depth: 0 })
    if (look.kind === 'tree') this.#known = look.entries
    return look
  }

  async #addTree(
    entries: Map<string, Entry>,
    top: string,
    how: { readonly untracked: string; readonly files: FileReader; readonly depth: number },
  ): Promise<WorkTreeLook> {
    const { untracked, files, depth } = how
    const answer = await this.#git([...STATUS, untracked], top)
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
  async #addRepository(
    entries: Map<string, Entry>,
    top: string,
    how: { readonly untracked: string; readonly files: FileReader; readonly depth: number },
  ): Promise<FileContent> {
    const look = await this.#addTree(entries, top, how)
    return { stat: null, digest: look.kind === 'tree' ? `${look.head} ${look.branch}` : look.kind }
  }

  /** @param top of a work tree, in latin1 */
  #git(words: readonly string[], top?: string): Promise<GitAnswer> {
    const { cwd, env, limitSeconds } = this.#options
    const place = top === undefined ? cwd : Buffer.from(top, 'latin1').toString('utf8')
    return askGit({ cwd: place, env, limitSeconds }, words)
  }
}
