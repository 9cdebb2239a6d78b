/** Asks git, which is to write nothing on the way: no lock of the index, no question to a person. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'

export type GitAnswer =
  | { readonly kind: 'ok'; readonly stdout: Buffer }
  | { readonly kind: 'no-git' }
  /** `stdout` is what came before it failed; `reason` is git's last words. */
  | { readonly kind: 'failed'; readonly stdout: Buffer; readonly reason: string }

export type GitPlace = {
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** A git that takes longer is killed. */
  readonly limitSeconds: number
  /** When it is aborted, a git that runs is killed, and no other one starts. */
  readonly signal: AbortSignal
}

const QUIET = { GIT_OPTIONAL_LOCKS: '0', GIT_TERMINAL_PROMPT: '0', GIT_NO_LAZY_FETCH: '1', LC_ALL: 'C' }
/** A file system monitor would be started, and would stay. */
const SETTINGS = ['-c', 'core.fsmonitor=false']

const reasonOf = (stderr: Buffer, fallback: string): string =>
  stderr.toString('utf8').trim().split('\n').at(-1) || fallback

const UNWANTED: GitAnswer = {
  kind: 'failed',
  stdout: Buffer.alloc(0),
  reason: 'nobody waits for git any more',
}

/** Never rejects. */
export const askGit = (
  { cwd, env, limitSeconds, signal }: GitPlace,
  words: readonly string[],
): Promise<GitAnswer> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve(UNWANTED)
    const child = execFile(
      'git',
      [...SETTINGS, ...words],
      {
        cwd,
        env: { ...env, ...QUIET },
        encoding: 'buffer',
        maxBuffer: Number.POSITIVE_INFINITY,
        timeout: limitSeconds * 1000,
        killSignal: 'SIGKILL',
        signal,
      },
      (error, stdout, stderr) => {
        if (error === null) resolve({ kind: 'ok', stdout })
        else if (signal.aborted) resolve({ kind: 'failed', stdout, reason: 'nobody waits for git any more' })
        else if (error.killed)
          resolve({ kind: 'failed', stdout, reason: `git did not answer within ${limitSeconds}s` })
        else if (error.code !== 'ENOENT')
          resolve({ kind: 'failed', stdout, reason: reasonOf(stderr, error.message) })
        // A directory that is not there is reported like a command that is not there.
        else if (existsSync(cwd)) resolve({ kind: 'no-git' })
        else resolve({ kind: 'failed', stdout, reason: `${cwd} is not there any more` })
      },
    )
    child.stdin?.end()
  })
