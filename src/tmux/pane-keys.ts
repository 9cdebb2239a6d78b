/** Whether somebody sits at a pane, and what is said to them there. */
import type { TmuxTarget } from '../core/record.ts'
import type { TmuxWorld } from './tmux.ts'

const SECONDS = 2

/** When a key was last pressed by somebody who has the pane before them; Unix seconds, whole ones. `null`: nobody has. */
export const lastKey = async (
  { socket, session, pane }: TmuxTarget,
  { run, env }: TmuxWorld,
): Promise<number | null> => {
  const format = '#{pane_id} #{client_activity}'
  const { ok, stdout } = await run(
    'tmux',
    ['-S', socket, 'list-clients', '-t', `=${session}`, '-F', format],
    {
      env,
      seconds: SECONDS,
    },
  )
  if (!ok) return null
  const keys = stdout.split('\n').flatMap((line) => {
    const [shown, activity] = line.split(' ')
    return shown === pane ? [Number(activity)] : []
  })
  return keys.length === 0 ? null : Math.max(...keys)
}

/** In the status line, and not on the program's screen. */
export const showMessage = async (
  { socket, pane }: TmuxTarget,
  text: string,
  seconds: number,
  { run, env }: TmuxWorld,
): Promise<void> => {
  const time = String(Math.ceil(seconds * 1000))
  const words = ['display-message', '-d', time, '-t', pane, text.replaceAll('#', '##')]
  await run('tmux', ['-S', socket, ...words], { env, seconds: SECONDS })
}
