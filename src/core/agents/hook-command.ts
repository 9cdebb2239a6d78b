/** What agents are told to run. Pure. */
import type { AgentName } from './names.ts'

/** In everything that `lock.sh setup` writes: by it it is found again. */
export const MARK = 'tmux-session-lock'

const quoted = (path: string): string => `'${path.replaceAll("'", "'\\''")}'`

/**
 * For sh: costs nothing outside of a run, and is silent and ends with 0 also when this program is not there any more.
 *
 * @param script path of lock.sh @param argument a word of shell
 */
export const hookCommand = (script: string, agent: AgentName, argument = ''): string => {
  const call = `${quoted(script)} hook ${agent}${argument === '' ? '' : ` ${argument}`}`
  return `[ -z "$LOCK_COOKIE" ] || ${call} >/dev/null 2>&1 || true # ${MARK}`
}
