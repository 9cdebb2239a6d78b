/**
 * The user options of a run's pane, for themes, window names and `choose-tree -F`:
 *
 * | option             | value                                                                   |
 * | ------------------ | ----------------------------------------------------------------------- |
 * | `@lock_session`    | the session's name                                                      |
 * | `@lock_generation` | the run's number                                                        |
 * | `@lock_state`      | `active`, `hung` or `dead`                                              |
 * | `@lock_attention`  | what the run needs a person for; not set when it needs none             |
 *
 * Best effort: a tmux server that does not answer changes nothing for the run. A pane's number may belong to another
 * server by now, and the pane to another run: what does not match is left alone.
 */
import type { AttentionKind } from '../core/note.ts'
import type { TmuxTarget } from '../core/record.ts'
import { type TmuxCaller, tmux } from './tmux.ts'

export type ShownState = {
  readonly state: 'active' | 'hung' | 'dead'
  readonly attention: AttentionKind | null
}

/** Whose pane it is. */
export type RunInPane = {
  readonly session: string
  readonly generation: number
  readonly tmux: TmuxTarget
}

const SESSION = '@lock_session'
const GENERATION = '@lock_generation'
const STATE = '@lock_state'
const ATTENTION = '@lock_attention'
const ALL = [SESSION, GENERATION, STATE, ATTENTION]

/** Runs commands when a format is true of the pane; in one message to the server, so that nothing comes between. */
const when = async (
  caller: TmuxCaller,
  { socket, pane }: TmuxTarget,
  condition: string,
  commands: readonly string[],
): Promise<void> => {
  // What is in a record may have been written by anybody.
  if (!/^%\d+$/.test(pane)) return
  const lines = commands.map((command) => command.replace(/^set-option/, `set-option -p -t ${pane}`))
  await tmux(caller, ['-S', socket, 'if-shell', '-F', '-t', pane, condition, lines.join(' ; ')])
}

const isServer = ({ server_pid }: TmuxTarget): string => `#{==:#{pid},${server_pid}}`

const unset = (option: string): string => `set-option -u ${option}`

/** The pane is this run's now, whose ever it was. */
export const showState = (
  caller: TmuxCaller,
  { session, generation, tmux: target }: RunInPane,
  { state, attention }: ShownState,
): Promise<void> =>
  when(caller, target, isServer(target), [
    `set-option ${SESSION} ${session}`,
    `set-option ${GENERATION} ${generation}`,
    `set-option ${STATE} ${state}`,
    attention === null ? unset(ATTENTION) : `set-option ${ATTENTION} ${attention}`,
  ])

/** Takes all of them away, when they are this run's. */
export const removeState = (
  caller: TmuxCaller,
  { session, generation, tmux: target }: RunInPane,
): Promise<void> => {
  const isRun = `#{==:#{${SESSION}} #{${GENERATION}},${session} ${generation}}`
  return when(caller, target, `#{&&:${isServer(target)},${isRun}}`, ALL.map(unset))
}
