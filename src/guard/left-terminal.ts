import { resetSequence } from '../core/terminal-reset.ts'
import { runCommand } from '../process/run-command.ts'
import { isRaw, send, withTerminal, writeModes } from '../process/terminal-modes.ts'
import { screenModes } from '../tmux/screen-modes.ts'
import type { SavedTerminal } from './protocol.ts'

/**
 * What a dead engine would have done for its terminal. A shell has it back by now and may be editing a line, so only what
 * is clearly a full-screen program's is put right: modes that no line editor uses, and in tmux a screen that is odd.
 */
export const restoreLeftTerminal = async ({ path, modes, pane }: SavedTerminal): Promise<void> => {
  const screen = pane === null ? null : await screenModes(pane, runCommand, process.env)
  await withTerminal(path, async (fd) => {
    const wasRaw = await isRaw(fd)
    if (wasRaw) await writeModes(fd, modes)
    if (wasRaw || screen?.isAlternate === true || screen?.isOdd === true)
      send(fd, resetSequence(pane === null ? null : (screen ?? { isAlternate: false, isOdd: false })))
  })
}
