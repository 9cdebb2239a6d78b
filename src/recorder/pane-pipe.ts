/**
 * The cat(1) behind a dead owner's pane: it would live on until the next line in the pane breaks its pipe, and the pane
 * would look piped. That it has our FIFO open proves that it is ours; where that cannot be seen it is left to that line.
 */
import { readFileSync, readlinkSync, rmSync } from 'node:fs'

export const endPanePipe = (fifo: string): void => {
  const pidFile = `${fifo}.pid`
  try {
    const pid = Number(readFileSync(pidFile, 'utf8').trim())
    if (readlinkSync(`/proc/${pid}/fd/1`) === fifo) process.kill(pid)
  } catch {
    // Ended already, by the owner or with the pane.
  }
  for (const path of [fifo, pidFile]) rmSync(path, { force: true })
}
