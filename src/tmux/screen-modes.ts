import type { RunCommand } from '../core/ports.ts'
import type { TmuxTarget } from '../core/record.ts'
import type { ScreenModes } from '../core/terminal-reset.ts'

const SECONDS = 2
const FLAGS = [
  'alternate_on',
  'cursor_flag',
  'wrap_flag',
  'mouse_any_flag',
  'keypad_flag',
  'keypad_cursor_flag',
  'insert_flag',
  'origin_flag',
  'scroll_region_upper',
]
const FORMAT = ['pane_id', 'pid', 'pane_height', 'scroll_region_lower', ...FLAGS]
  .map((name) => `#{${name}}`)
  .join(' ')

/** `null` when the pane is gone, or tmux does not answer. */
export const screenModes = async (
  { socket, pane, server_pid: server }: TmuxTarget,
  run: RunCommand,
  env: Readonly<Record<string, string | undefined>>,
): Promise<ScreenModes | null> => {
  const asked = ['-S', socket, 'display-message', '-p', '-t', pane, FORMAT]
  const { ok, stdout } = await run('tmux', asked, { env, seconds: SECONDS })
  const [found, pid, height, lower, alternate, cursor, wrap, ...others] = stdout.trim().split(' ')
  if (!ok || found !== pane || Number(pid) !== server) return null
  const isOdd =
    cursor === '0' ||
    wrap === '0' ||
    others.some((flag) => flag !== '0') ||
    Number(lower) + 1 !== Number(height)
  return { isAlternate: alternate === '1', isOdd }
}
