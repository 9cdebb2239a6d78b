import { STDERR, type Terminal, terminalOf, write } from '../cli/terminal.ts'
import { nameOf, type Verb } from '../cli/verb.ts'
import { errors } from '../core/errors.ts'
import { printable } from '../core/printable.ts'
import { type Diagnosis, diagnose } from '../session/diagnosis.ts'
import { openSession } from '../session/session.ts'
import { checkLockDir } from '../store/lock-dir.ts'
import { showPane, tmuxVersion } from '../tmux/tmux.ts'
import type { World } from '../world.ts'
import { STATE_STYLES } from './shared/session-words.ts'

/**
 * @param show prints the diagnosis before the terminal changes
 * @throws LockError `missing` when there is no pane to show
 */
export const attach = async (
  world: World,
  session: string,
  show: (diagnosis: Diagnosis) => void,
): Promise<void> => {
  checkLockDir(world.lockDir)
  const diagnosis = await diagnose(openSession(world, session))
  const { stored, verdict } = diagnosis.snapshot
  show(diagnosis)
  const target = stored.kind === 'record' ? stored.record.tmux : null
  if (target === null) {
    throw errors.noPane(
      `${session} ${verdict.state === 'free' ? 'does not run' : 'does not run in tmux'}`,
      session,
    )
  }
  if (diagnosis.pane === 'gone' && (await tmuxVersion(world)) === null) throw errors.noTmux('attach')
  if (diagnosis.pane === 'gone')
    throw errors.noPane(`the tmux pane of ${session} (${target.pane}) is gone`, session)
  if (!world.terminal.isTerminal(0)) throw errors.noTerminal('attach')
  if (!(await showPane(target, world)))
    throw errors.io(`tmux could not show pane ${target.pane}`, 'see above')
}

/** What `attach` says before the terminal changes. */
export const renderShort = ({ snapshot: { session, verdict } }: Diagnosis, terminal: Terminal): string =>
  `${session} is ${terminal.paint(STATE_STYLES[verdict.state], verdict.state)}: ${printable(verdict.reason)}\n`

export const verb: Verb = {
  describe: "print a short diagnosis, then attach to the session's terminal",
  positionals: ['NAME'],
  options: {},
  examples: [['lock.sh attach nightly', 'to leave it: the prefix key, then d']],
  run: async (world, args) => {
    await attach(world, nameOf(args), (diagnosis) =>
      write(STDERR, renderShort(diagnosis, terminalOf(STDERR, world.env))),
    )
    return 0
  },
}
