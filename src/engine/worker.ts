/** Starts the command of an iteration and tells how it ended. */
import { EXIT_CODES } from '../core/errors.ts'
import type { ProcessExit, ProcessInspector, StartOptions, Terminal } from '../core/ports.ts'
import type { ProcessReference } from '../core/record.ts'
import { commandAs } from '../process/inherited.ts'
import type { World } from '../world.ts'

export type StartedWorker = {
  readonly reference: ProcessReference | null
  /** It is the leader of a session and process group of its own. */
  readonly ownGroup: boolean
  readonly exit: Promise<ProcessExit>
}

export type WorkerStart = StartedWorker | { readonly notStarted: NotStarted; readonly message: string }

/** The last two: what it works in or reads is not there. */
type NotStarted = 'not-found' | 'not-executable' | 'no-directory' | 'no-input'

const NOT_STARTED: Readonly<Record<string, 'not-found' | 'not-executable'>> = {
  ENOENT: 'not-found',
  ENOTDIR: 'not-found',
  EACCES: 'not-executable',
  ENOEXEC: 'not-executable',
  EISDIR: 'not-executable',
}

const NOT_STARTED_TEXTS = {
  'not-found': 'command not found',
  'not-executable': 'it may not be executed',
} as const

/** As a shell reports them, and as this program reports what is missing. */
export const NOT_STARTED_EXIT_CODES: Readonly<Record<NotStarted, number>> = {
  'not-found': 127,
  'not-executable': 126,
  'no-directory': EXIT_CODES.missing,
  'no-input': EXIT_CODES.missing,
}

const failedStart = (code: string | null, message: string): WorkerStart => {
  const notStarted = NOT_STARTED[code ?? '']
  return notStarted === undefined
    ? { notStarted: 'not-executable', message }
    : { notStarted, message: NOT_STARTED_TEXTS[notStarted] }
}

/**
 * With a terminal the worker stays in the engine's process group, so that it can read the terminal and takes
 * Ctrl-C from it; without one it gets a session of its own, which can be ended as a whole.
 */
const hasTerminal = ({ isTerminal }: Terminal): boolean => ([0, 1, 2] as const).some((fd) => isTerminal(fd))

/** `null` when it cannot be looked at: it runs all the same, and its cookie still leads to it. */
const referenceOf = (inspector: ProcessInspector, pid: number): ProcessReference | null => {
  try {
    const inspection = inspector.snapshot().inspect(pid)
    return inspection.kind === 'process' ? { pid, pid_started: inspection.facts.started } : null
  } catch {
    return null
  }
}

export const startWorker = async (
  { terminal, inspector, start, self }: Pick<World, 'terminal' | 'inspector' | 'start' | 'self'>,
  command: readonly string[],
  options: Omit<StartOptions, 'detached'>,
): Promise<WorkerStart> => {
  if (!command[0]) return failedStart('ENOENT', '')
  const ownGroup = !hasTerminal(terminal)
  const inherited = { signals: self.ignoredSignals, openFiles: self.openFiles }
  const started = await start(commandAs(inherited, command, options.env), {
    ...options,
    detached: ownGroup,
  })
  if (started.kind === 'failed') return failedStart(started.code, started.message)
  // The event loop has not turned since: nobody has reaped it, so the PID is its own, also when it has exited already.
  return { reference: referenceOf(inspector, started.pid), ownGroup, exit: started.exit }
}
