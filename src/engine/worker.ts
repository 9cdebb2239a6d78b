/** Starts the command of an iteration and tells how it ended. */
import { EXIT_CODES } from '../core/errors.ts'
import type { ProcessInspector } from '../core/ports.ts'
import type { ProcessReference } from '../core/record.ts'
import { startInCgroup } from '../process/cgroup.ts'
import type { WorkerStdio } from './recording.ts'

export type WorkerExit = { readonly exitCode: number | null; readonly signal: string | null }

export type StartedWorker = {
  readonly reference: ProcessReference | null
  /** It is the leader of a session and process group of its own. */
  readonly ownGroup: boolean
  readonly exit: Promise<WorkerExit>
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

/**
 * With a terminal the worker stays in the engine's process group, so that it can read the terminal and takes
 * Ctrl-C from it; without one it gets a session of its own, which can be ended as a whole.
 */
const hasTerminal = (): boolean => process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY

/** `null` when it cannot be looked at: it runs all the same, and its cookie still leads to it. */
const referenceOf = (inspector: ProcessInspector, pid: number): ProcessReference | null => {
  try {
    const inspection = inspector.snapshot().inspect(pid)
    return inspection.kind === 'process' ? { pid, pid_started: inspection.facts.started } : null
  } catch {
    return null
  }
}

/** The lock's descriptor does not reach the worker: Node opens everything close-on-exec, and 0 to 2 are all it hands on. */
export const startWorker = async (
  command: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string | undefined>>,
  inspector: ProcessInspector,
  stdio: WorkerStdio,
  cgroup: string | null,
): Promise<WorkerStart> => {
  const { execa } = await import('execa')
  const [file = '', ...args] = command
  if (file === '') return { notStarted: 'not-found', message: NOT_STARTED_TEXTS['not-found'] }
  const ownGroup = !hasTerminal()
  const subprocess = startInCgroup(cgroup, () =>
    execa(file, args, {
      cwd,
      env: { ...env },
      extendEnv: false,
      // It takes any descriptor; its types know the first three.
      stdio: stdio as ['inherit', 'inherit', 'inherit'],
      detached: ownGroup,
      cleanup: false,
      reject: false,
      buffer: false,
    }),
  )
  const { pid } = subprocess
  if (pid === undefined) {
    const { code, originalMessage } = await subprocess
    const notStarted = NOT_STARTED[code ?? '']
    return {
      notStarted: notStarted ?? 'not-executable',
      message: notStarted === undefined ? (originalMessage ?? String(code)) : NOT_STARTED_TEXTS[notStarted],
    }
  }
  // Not yet reaped, so the PID is still this process's, also when it has exited already.
  const reference = referenceOf(inspector, pid)
  const exit = subprocess.then(({ exitCode, signal }) => ({
    exitCode: exitCode ?? null,
    signal: signal ?? null,
  }))
  return {
    reference,
    ownGroup,
    exit,
  }
}
