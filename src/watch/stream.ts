/** `watch --json`: a line of JSON for each change, until nobody reads them any more. */
import { STDOUT, writeBytes } from '../cli/terminal.ts'
import { formatError, LockError } from '../core/errors.ts'
import type { World } from '../world.ts'
import { changesBetween, type Look } from './changes.ts'
import { Sessions } from './sessions.ts'

const LOOK_SECONDS = 1

/** @throws LockError when the sessions cannot be seen at first; later that is reported, and may pass */
export const streamChanges = async (world: World): Promise<void> => {
  const sessions = new Sessions(world)
  let before: Look | null = null
  let problem = ''
  for (;;) {
    try {
      const look = sessions.look()
      const lines = changesBetween(before, look, look.now.epoch).map(
        (change) => `${JSON.stringify(change)}\n`,
      )
      if (lines.length > 0 && !writeBytes(STDOUT, Buffer.from(lines.join('')))) return
      before = look
      problem = ''
    } catch (error) {
      if (before === null || !(error instanceof LockError)) throw error
      const text = formatError(error)
      if (text !== problem) world.notify(text)
      problem = text
    }
    await world.clock.sleep(LOOK_SECONDS)
  }
}
