/**
 * Runs a command of the user beside the run, such as `--until`: by `sh -c`, with a time limit, and ended as a tree.
 *
 * It has a session of its own, so that a Ctrl-C at the terminal is not its business. All that descends from it carries
 * its mark in the environment. What it leaves in the background when it ends by itself is left alone.
 */
import type { ChildProcess, SpawnOptions } from 'node:child_process'
import { existsSync } from 'node:fs'
import type {
  Clock,
  ProbeProcess,
  ProcessFacts,
  ProcessInspector,
  ProcessView,
  SendSignal,
} from '../core/ports.ts'
import type { ProcessReference } from '../core/record.ts'
import { chooseWorker, HOOK_VARIABLE, type TreeQuery } from '../core/tree.ts'
import { randomUuid } from './random.ts'
import { endTree } from './terminate.ts'
import { selfAndAncestors } from './worker-tree.ts'

export type HookPorts = {
  readonly inspector: ProcessInspector
  readonly signal: SendSignal
  readonly probe: ProbeProcess
  readonly clock: Clock
  readonly spawn: (command: string, args: readonly string[], options: SpawnOptions) => ChildProcess
}

export type Hook = {
  /** For `sh -c`. */
  readonly command: string
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** What it reads from its standard input. */
  readonly input: string
  /** Where its standard output and error go. */
  readonly output: readonly ['inherit' | 'ignore' | number, 'inherit' | 'ignore' | number]
  readonly limitSeconds: number
  readonly graceSeconds: number
  /** When aborted it is ended before its time is over. */
  readonly giveUp: AbortSignal
  /** When aborted it does not get the rest of its grace. */
  readonly killNow: AbortSignal
}

export type HookEnd =
  | { readonly kind: 'exited'; readonly exitCode: number }
  | { readonly kind: 'killed'; readonly signal: string }
  /** Ended because its time was over. */
  | { readonly kind: 'late' }
  /** Ended because nobody waits for it any more. */
  | { readonly kind: 'given-up' }
  | { readonly kind: 'not-started'; readonly reason: string }

type Started = {
  readonly child: ChildProcess
  readonly exit: Promise<HookEnd>
  readonly mark: string
}

const start = (ports: HookPorts, { command, cwd, env, output }: Hook): Started => {
  const mark = randomUuid()
  const child = ports.spawn('sh', ['-c', command], {
    cwd,
    env: { ...env, [HOOK_VARIABLE]: mark },
    stdio: ['pipe', ...output],
    detached: true,
  })
  const exit = new Promise<HookEnd>((resolve) => {
    child.once('error', ({ message }) => {
      // A directory that is not there is reported like a shell that is not there.
      const reason = existsSync(cwd) ? message : `${cwd} is not there`
      resolve({ kind: 'not-started', reason })
    })
    child.once('exit', (exitCode, signal) =>
      resolve(signal === null ? { kind: 'exited', exitCode: exitCode ?? 1 } : { kind: 'killed', signal }),
    )
  })
  return { child, exit, mark }
}

/** It need not read what it is given. */
const give = ({ stdin }: ChildProcess, input: string): void => {
  stdin?.on('error', () => undefined)
  stdin?.end(input)
}

const referenceOf = (view: ProcessView, pid: number | undefined): ProcessReference | null => {
  const inspection = pid === undefined ? null : view.inspect(pid)
  return inspection?.kind === 'process'
    ? { pid: inspection.facts.pid, pid_started: inspection.facts.started }
    : null
}

const queryOf = (
  { inspector }: HookPorts,
  root: ProcessReference | null,
  mark: string,
  known: readonly ProcessFacts[],
): TreeQuery => {
  const view = inspector.snapshot()
  const self = new Set(selfAndAncestors(view))
  return {
    all: view.all(),
    worker: root,
    descendants: known.map(({ pid, started }) => ({ pid, pid_started: started })),
    startTolerance: inspector.startTolerance,
    isInCgroup: () => false,
    carriesCookie: (pid) => view.environment(pid).includes(`${HOOK_VARIABLE}=${mark}`),
    isExcluded: ({ pid }) => self.has(pid),
    isOwnHelper: ({ pid }) => self.has(pid),
    isOtherRun: () => false,
  }
}

const endHook = async (
  ports: HookPorts,
  root: ProcessReference | null,
  mark: string,
  { graceSeconds, killNow }: Hook,
): Promise<void> => {
  await endTree({
    find(known) {
      const { processes, group } = chooseWorker(queryOf(ports, root, mark, known))
      return { processes, group, cgroups: null }
    },
    groupExists: (group) => ports.probe(-group) !== 'none',
    graceSeconds,
    inspector: ports.inspector,
    signal: ports.signal,
    clock: ports.clock,
    killNow,
  })
}

/** Never rejects. Resolves when it has ended, or nothing of it is left. */
export const runHook = async (ports: HookPorts, hook: Hook): Promise<HookEnd> => {
  const { child, exit, mark } = start(ports, hook)
  // Not yet reaped, so the PID is still this process's, also when it has exited already.
  const root = referenceOf(ports.inspector.snapshot(), child.pid)
  give(child, hook.input)
  const over = new AbortController()
  const waited = ports.clock.sleep(hook.limitSeconds, AbortSignal.any([over.signal, hook.giveUp]))
  const end = await Promise.race([
    exit,
    waited.then((): HookEnd => ({ kind: hook.giveUp.aborted ? 'given-up' : 'late' })),
  ])
  over.abort()
  if (end.kind === 'late' || end.kind === 'given-up') {
    await endHook(ports, root, mark, hook)
    child.stdin?.destroy()
  }
  return end
}
