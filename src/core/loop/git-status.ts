/** Reads `git status --porcelain=v2 --branch -z`. Pure. */

/** A file that is not as the commit has it, or that git does not know. */
export type StatusEntry = {
  /** From the top of the work tree. */
  readonly path: string
  /** All that git says of it beside the path: what is staged, and what is different. */
  readonly status: string
  /** A submodule, or a repository that lies in the tree without being part of it. */
  readonly isRepository: boolean
}

export type GitStatus = {
  /** The commit; `null` before the first one. */
  readonly head: string | null
  /** `(detached)` without one, as during a rebase. */
  readonly branch: string
  readonly entries: readonly StatusEntry[]
}

/** How many words a line of each kind has before the path. */
const WORDS_BEFORE_PATH: Readonly<Record<string, number>> = { '1': 8, '2': 9, u: 10, '?': 1 }

const entryOf = (line: string): StatusEntry | null => {
  const words = line.split(' ')
  const before = WORDS_BEFORE_PATH[words[0] ?? '']
  if (before === undefined || words.length <= before) return null
  const path = words.slice(before).join(' ')
  const status = words.slice(0, before).join(' ')
  const isSubmodule = before > 1 && (words[2] ?? '').startsWith('S')
  return { path: path.replace(/\/$/, ''), status, isRepository: isSubmodule || path.endsWith('/') }
}

/** @param text latin1, so that a path keeps its bytes; made with `--no-renames`, so that each entry has one path */
export const parseGitStatus = (text: string): GitStatus => {
  let head: string | null = null
  let branch = '(detached)'
  const entries: StatusEntry[] = []
  for (const line of text.split('\0')) {
    const [, key, value = ''] = /^# (branch\.\w+) (.*)$/.exec(line) ?? []
    if (key === 'branch.oid') head = value === '(initial)' ? null : value
    else if (key === 'branch.head') branch = value
    else {
      const entry = entryOf(line)
      if (entry !== null) entries.push(entry)
    }
  }
  return { head, branch, entries }
}
