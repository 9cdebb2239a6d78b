/** The engine in the pane of a detached run takes over what its caller had, and leaves the pane to tmux. */
import { IGNORED_SIGNALS_VARIABLE } from './process/ignored-signals.ts'
import { runCommand } from './process/run-command.ts'
import { type Environment, takeStart } from './store/start-file.ts'
import { collectEndedLater } from './tmux/tmux.ts'

/** What tmux tells about the pane and the terminal that it is; all else comes from the caller. */
const OF_THE_PANE = ['TMUX', 'TMUX_PANE', 'TERM', 'TERM_PROGRAM', 'TERM_PROGRAM_VERSION', 'LINES', 'COLUMNS']

/** @param pane the environment that tmux has given @param caller that of who started the run */
export const detachedEnvironment = (pane: Environment, caller: Environment): Environment => {
  const env: Record<string, string | undefined> = { ...caller }
  for (const name of OF_THE_PANE) {
    const value = pane[name]
    if (value === undefined) delete env[name]
    else env[name] = value
  }
  return env
}

const replaceEnvironment = (env: Environment): void => {
  for (const name of Object.keys(process.env)) if (env[name] === undefined) delete process.env[name]
  for (const [name, value] of Object.entries(env)) if (value !== undefined) process.env[name] = value
}

/** @returns the words that the run was started with @throws LockError `io`, `usage` */
export const adoptStart = (path: string): readonly string[] => {
  const { words, env, umask, ignored } = takeStart(path)
  replaceEnvironment({ ...detachedEnvironment(process.env, env), [IGNORED_SIGNALS_VARIABLE]: ignored })
  process.umask(umask)
  return words
}

/** The last thing that is done here: tmux is to notice the end, also when it has just missed it. */
export const leavePane = (): Promise<void> => collectEndedLater({ env: process.env, run: runCommand })
