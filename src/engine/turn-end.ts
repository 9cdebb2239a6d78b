/**
 * `--end-on-turn`: an agent that people watch and talk to says that its turn has ended, and nobody answers within the
 * grace. Whoever types in its pane stays with it: then the next end of a turn counts.
 */
import { formatDuration } from '../core/duration.ts'
import { terminalInputRead } from '../process/terminal-input-read.ts'
import { createAttentionWatch } from '../refresher/attention-watch.ts'
import { lastKey, showMessage } from '../tmux/pane-keys.ts'
import type { World } from '../world.ts'
import type { Owner } from './owner.ts'

const POLL_SECONDS = 0.25

/** A turn has ended, `since` in Unix seconds; `until`, of the monotonic clock, somebody may stay. */
type Ending = { readonly since: number; readonly until: number; isTyped(): Promise<boolean> }

type Parts = { readonly world: World; readonly owner: Owner; readonly signal: AbortSignal }

/** Since the turn has ended. @returns whether something was typed in the pane, as far as that can be seen */
const keyWatch = ({ world, owner }: Parts): (() => Promise<boolean>) => {
  const { worker, tmux } = owner.record
  const read = (): number | null => (worker === null ? null : terminalInputRead(worker.pid))
  const before = read()
  const since = world.clock.epoch()
  return async () => {
    if (read() !== before) return true
    const key = tmux === null ? null : await lastKey(tmux, world)
    return key !== null && key > since
  }
}

/** Resolves when the worker's turn has ended and nobody has stayed with it; never, when `signal` is aborted before. */
export const turnEnd = async (parts: Parts): Promise<void> => {
  const { world, owner, signal } = parts
  const { clock } = world
  const { tmux, options } = owner.record
  const attention = createAttentionWatch(owner.record, owner.paths, clock)
  let ending = null as Ending | null
  let stayed = 0
  while (!signal.aborted) {
    const { open } = attention.look()
    const since = open?.kind === 'turn-ended' ? open.since_epoch : null
    if (since === null || since === stayed) ending = null
    else if (ending?.since !== since) {
      ending = { since, until: clock.monotonic() + options.grace, isTyped: keyWatch(parts) }
      const text = `its turn has ended: the iteration ends in ${formatDuration(options.grace)}; a key keeps it`
      if (tmux !== null) await showMessage(tmux, text, options.grace, world)
    } else if (await ending.isTyped()) stayed = since
    else if (clock.monotonic() >= ending.until) return
    await clock.sleep(POLL_SECONDS, signal)
  }
  return new Promise(() => undefined)
}
