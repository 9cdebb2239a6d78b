import { STDERR, type Terminal, terminalOf, write } from '../cli/terminal.ts'
import { optionalNameOf, type Verb } from '../cli/verb.ts'
import { errors } from '../core/errors.ts'
import { printable } from '../core/printable.ts'
import type { TmuxTarget } from '../core/record.ts'
import { urgentOnes } from '../core/urgency.ts'
import { snapshotAll } from '../session/all-sessions.ts'
import { type Diagnosis, diagnose } from '../session/diagnosis.ts'
import { openSession } from '../session/session.ts'
import { checkLockDir } from '../store/lock-dir.ts'
import { isInServer, paneState, showPane, switchClient, tmuxVersion } from '../tmux/tmux.ts'
import type { World } from '../world.ts'
import { STATE_STYLES } from './shared/session-words.ts'

type Shown = {
  /** Prints the diagnosis before the terminal changes. */
  readonly show: (diagnosis: Diagnosis) => void
  /** The tmux client that is to show the pane; `undefined` for the person's terminal. */
  readonly client: string | undefined
}

/** @throws LockError `missing` when there is no pane */
const paneOf = async (world: World, session: string, diagnosis: Diagnosis): Promise<TmuxTarget> => {
  const { stored, verdict } = diagnosis.snapshot
  const target = stored.kind === 'record' ? stored.record.tmux : null
  if (target === null) {
    throw errors.noPane(
      `${session} ${verdict.state === 'free' ? 'does not run' : 'does not run in tmux'}`,
      session,
    )
  }
  if (diagnosis.pane !== 'gone') return target
  if ((await tmuxVersion(world)) === null) throw errors.noTmux('attach')
  throw errors.noPane(`the tmux pane of ${session} (${target.pane}) is gone`, session)
}

/** @throws LockError `missing` when there is no pane to show */
export const attach = async (world: World, session: string, { show, client }: Shown): Promise<void> => {
  checkLockDir(world.lockDir)
  const diagnosis = await diagnose(openSession(world, session))
  show(diagnosis)
  const target = await paneOf(world, session, diagnosis)
  if (client !== undefined && !isInServer(target, world)) throw errors.otherServer(session, client)
  if (client === undefined && !world.terminal.isTerminal(0)) throw errors.noTerminal('attach')
  const isShown =
    client === undefined ? await showPane(target, world) : await switchClient(target, client, world)
  if (!isShown) throw errors.io(`tmux could not show pane ${target.pane}`, 'see above')
}

/** The one that needs a person most, among those that can be shown; without these among all. */
const nextOne = async (world: World): Promise<string | undefined> => {
  const urgent = urgentOnes(snapshotAll(world), world.now())
  for (const { session, record } of urgent) {
    if (record?.tmux != null && (await paneState(record.tmux, world)) !== null) return session
  }
  return urgent[0]?.session
}

/** What `attach` says before the terminal changes. */
export const renderShort = ({ snapshot: { session, verdict } }: Diagnosis, terminal: Terminal): string =>
  `${session} is ${terminal.paint(STATE_STYLES[verdict.state], verdict.state)}: ${printable(verdict.reason)}\n`

export const verb: Verb = {
  describe: "print a short diagnosis, then attach to the session's terminal",
  positionals: ['[NAME]'],
  options: {
    next: { type: 'boolean', describe: 'attach to the session that needs a person most' },
    client: {
      type: 'string',
      value: 'CLIENT',
      describe: 'inside tmux: switch this client, as #{client_name} has it',
    },
  },
  examples: [
    ['lock.sh attach nightly', 'to leave it: the prefix key, then d'],
    ['lock.sh attach --next', 'the session that asks, hangs or died, and has waited longest'],
  ],
  run: async (world, args) => {
    const name = optionalNameOf(args)
    if ((name === undefined) !== args.flag('next'))
      throw errors.usage('lock.sh attach needs a session name, or --next', 'lock.sh attach --help')
    const session = name ?? (await nextOne(world))
    if (session === undefined) {
      world.notify('no session needs you')
      return 0
    }
    await attach(world, session, {
      client: args.value('client'),
      show: (diagnosis) => write(STDERR, renderShort(diagnosis, terminalOf(STDERR, world.env))),
    })
    return 0
  },
}
