/**
 * The tmux pane that a run is in: the one that TMUX_PANE names, when its terminal is the run's own controlling terminal. The
 * variable alone proves nothing: whatever is started from a pane has it, also in a session of its own (setsid, an agent's
 * shell tool, an editor) and in a terminal of its own (script, sudo).
 *
 * A run without any terminal, as under nohup, is in no pane either: nothing of it is to be seen or typed there.
 */
import type { TmuxTarget } from '../core/record.ts'
import { isControllingTerminal } from '../process/terminal-group.ts'
import { currentTarget } from '../tmux/tmux.ts'
import type { World } from '../world.ts'

export const ownPane = async (world: World): Promise<TmuxTarget | null> => {
  const { isTerminal } = world.terminal
  if (!isTerminal(0) && !isTerminal(1) && !isTerminal(2)) return null
  const found = await currentTarget(world)
  if (found === null) return null
  if (!isControllingTerminal(world.self.pid, found.terminal, world.inspector.hasProcfs)) return null
  return isTerminal(1) || isTerminal(2) ? found.target : { ...found.target, shows_output: false }
}
