/**
 * What Node changes in itself at its start, and the command is to have as the caller had it: ignored signals, variables that
 * Node takes up, the limit of open files. engine.sh tells of them in variables that go no further.
 */
import type { IgnorableSignal, RunCommand } from '../core/ports.ts'

const CALLERS = /^LOCK_CALLER_(NODE_[A-Z0-9_]+)$/

/** Gives the variables that engine.sh has set aside their names back. */
export const takeBackVariables = (env: Record<string, string | undefined>): void => {
  // Of the engine's own Node.
  if (env.LOCK_NODE_OPTIONS !== undefined) delete env.NODE_OPTIONS
  // Each value that is read is a call of getenv(3): only those that are meant.
  for (const key of Object.keys(env)) {
    const name = CALLERS.exec(key)?.[1]
    if (name === undefined) continue
    env[name] = env[key]
    delete env[key]
  }
}

export const OPEN_FILES_VARIABLE = 'LOCK_SOFT_OPEN_FILES'

/** The soft limit that Node has raised; `null` when it has not. Takes the variable out of `env`. */
export const takeOpenFiles = (env: Record<string, string | undefined>): number | null => {
  const text = env[OPEN_FILES_VARIABLE] ?? ''
  delete env[OPEN_FILES_VARIABLE]
  return /^\d{1,15}$/.test(text) ? Number(text) : null
}

/** This program needs some itself. */
const ENOUGH_OPEN_FILES = 256

/**
 * Lowers the soft limit of a process, so that all that it starts has it.
 *
 * @returns whether that was done; if not, the command gets it by {@link commandAs}, through a shell
 */
export const lowerOpenFiles = async (pid: number, soft: number, run: RunCommand): Promise<boolean> => {
  if (soft < ENOUGH_OPEN_FILES) return false
  const words = ['--pid', String(pid), `--nofile=${soft}:`]
  return (await run('prlimit', words, { env: process.env, seconds: 5 })).ok
}

export type Inherited = {
  readonly signals: readonly IgnorableSignal[]
  /** The soft limit of open files; `null` when it need not be set. */
  readonly openFiles: number | null
}

/**
 * The command with these ignored in it, and this limit: what is ignored at an exec stays so, and Node's own start of it takes
 * it back. The process is the command's from the exec on.
 */
export const commandAs = (
  { signals, openFiles }: Inherited,
  command: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): readonly string[] => {
  const names = signals.map((signal) => signal.slice('SIG'.length)).join(' ')
  const steps = [
    ...(names === '' ? [] : [`trap "" ${names}`]),
    ...(openFiles === null ? [] : [`ulimit -S -n ${openFiles}`]),
  ]
  if (steps.length === 0) return command
  // What is no name to a shell it drops, as functions that Bash has exported.
  const dropped = Object.entries(env).flatMap(([name, value]) =>
    value === undefined || /^[A-Za-z_]\w*$/.test(name) ? [] : [`${name}=${value}`],
  )
  const through = dropped.length === 0 ? [] : ['env', ...dropped]
  return ['/bin/sh', '-c', `${[...steps, 'exec "$@"'].join('; ')}`, 'sh', ...through, ...command]
}
