/**
 * Signals that the caller has set to be ignored, as nohup(1) does, and a shell for what a script starts in the background.
 * Node takes that back at its start, so engine.sh looks before, and tells it in a variable that goes no further.
 */
import type { IgnorableSignal } from '../core/ports.ts'

export const IGNORED_SIGNALS_VARIABLE = 'LOCK_IGNORED_SIGNALS'

const NAMES: Readonly<Record<string, IgnorableSignal>> = { HUP: 'SIGHUP', INT: 'SIGINT', QUIT: 'SIGQUIT' }

/** Takes the variable out of `env`. */
export const takeIgnoredSignals = (env: Record<string, string | undefined>): readonly IgnorableSignal[] => {
  const names = (env[IGNORED_SIGNALS_VARIABLE] ?? '').split(' ')
  delete env[IGNORED_SIGNALS_VARIABLE]
  return names.flatMap((name) => NAMES[name] ?? [])
}

/** The command with these ignored in it: what is ignored at an exec stays so, and Node's own start of it takes it back. */
export const commandIgnoring = (
  signals: readonly IgnorableSignal[],
  command: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): readonly string[] => {
  if (signals.length === 0) return command
  const names = signals.map((signal) => signal.slice('SIG'.length)).join(' ')
  // What is no name to a shell it drops, as functions that Bash has exported.
  const dropped = Object.entries(env).flatMap(([name, value]) =>
    value === undefined || /^[A-Za-z_]\w*$/.test(name) ? [] : [`${name}=${value}`],
  )
  const through = dropped.length === 0 ? [] : ['env', ...dropped]
  return ['/bin/sh', '-c', `trap "" ${names}; exec "$@"`, 'sh', ...through, ...command]
}
