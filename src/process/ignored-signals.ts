/**
 * Signals that the caller has set to be ignored, as nohup(1) does, and a shell for what a script starts in the background.
 * Node takes that back at its start, so engine.sh looks before, and tells it in a variable that goes no further.
 */
import type { IgnorableSignal } from '../core/ports.ts'

export const IGNORED_SIGNALS_VARIABLE = 'LOCK_IGNORED_SIGNALS'

/** Takes the variable out of `env`. */
export const takeIgnoredSignals = (env: Record<string, string | undefined>): readonly IgnorableSignal[] => {
  const names = (env[IGNORED_SIGNALS_VARIABLE] ?? '').split(' ')
  delete env[IGNORED_SIGNALS_VARIABLE]
  return names.flatMap((name) =>
    /^(?!KILL$|STOP$)[A-Z][A-Z0-9]*$/.test(name) ? [`SIG${name}` as const] : [],
  )
}

/**
 * What a detached run has of them. INT and QUIT are the keys of a terminal that the caller is kept from; in a pane of its own
 * they are the job's.
 */
export const ignoredWhenDetached = (signals: readonly IgnorableSignal[]): string =>
  signals
    .filter((signal) => signal !== 'SIGINT' && signal !== 'SIGQUIT')
    .map((signal) => signal.slice('SIG'.length))
    .join(' ')
