/**
 * A session whose owner is a bash script that has sourced lock.sh. The lock is the shell's own descriptor; each call here
 * is a process of the shell, with a copy of it, that does one step and ends.
 *
 * | the shell calls  | what its process does                                                                     |
 * | ---------------- | ----------------------------------------------------------------------------------------- |
 * | `lock_acquire`   | claims, with the shell as the owner, and leaves a sentinel (guard/sentinel.ts) behind     |
 * | `lock_iteration` | runs one iteration as the engine does (shell-iteration.ts); the supervisor                |
 * | `lock_progress`  | leaves a note, and beats                                                                  |
 * | `lock_release`   | writes the end, and unlocks                                                               |
 *
 * Each iteration has a cookie of its own: what an earlier one has left is never taken for this one's.
 */

import type { ProcessReference } from '../core/record.ts'
import { sentinelCall } from '../guard/protocol.ts'
import { appendNote } from '../store/notes.ts'
import type { World } from '../world.ts'
import { type ClaimRequest, claim } from './claim.ts'
import { openGuardScript } from './guard-script.ts'
import { helperEnvironment } from './helper-environment.ts'
import { ownPane } from './own-pane.ts'
import type { Owner } from './owner.ts'
import { release } from './run.ts'
import {
  clearLastIteration,
  openLocked,
  ownerOf,
  pauseSeconds,
  referenceOf,
  type ShellStep,
  shellDescriptor,
  worldWith,
} from './shell-session.ts'
import { tellEnd } from './tell-end.ts'

const startSentinel = (world: World, owner: Owner, script: number): ProcessReference | null => {
  const { record, lock } = owner
  const config = {
    lockDir: world.lockDir,
    session: record.session,
    generation: record.generation,
    known: record,
    lockTool: lock.tool,
    processStrategy: world.env.LOCK_PROCESS_STRATEGY ?? null,
    host: world.observer.host,
    terminal: null,
    recording: { dir: '', secret: '', logLimit: 1, untilOutput: null, streams: [], iteration: 0, lost: 0 },
    recordsOnly: false,
    otherLocks: 0,
  }
  const { args, env, stdio } = sentinelCall(config, lock.share(), script)
  const child = world.spawn(world.self.execPath, args, {
    cwd: '/',
    env: { ...helperEnvironment(world.env), ...env },
    stdio,
    detached: true,
  })
  child.on('error', () => undefined)
  child.unref()
  return child.pid === undefined ? null : referenceOf(world, child.pid)
}

/** @returns the generation @throws LockError as a claim does */
export const acquireForShell = async (
  world: World,
  request: Omit<ClaimRequest, 'shell'>,
  shell: { readonly pid: number; readonly script: string },
  guardScript: string,
): Promise<number> => {
  const script = openGuardScript(guardScript)
  const asShell = worldWith(world, {
    lockDescriptor: shellDescriptor(world),
    self: { ...world.self, pid: shell.pid },
  })
  const claimed = await claim(
    asShell,
    { ...request, shell: { script: shell.script, supervisor: null, sentinel: null } },
    await ownPane(world),
    new AbortController().signal,
  )
  const { owner } = claimed
  const sentinel = startSentinel(world, owner, script)
  owner.write(
    { phase: 'waiting', shell: { script: shell.script, supervisor: null, sentinel } },
    pauseSeconds(owner),
  )
  return owner.record.generation
}

/** @throws LockError */
export const progressForShell = async (world: World, step: ShellStep, note: string): Promise<void> => {
  const opened = await openLocked(world, step)
  const { session, record } = opened
  const iteration = Math.max(1, record.iteration.number)
  appendNote(session.paths, record.generation, { epoch: world.clock.epoch(), iteration, note, for: null })
  // While an iteration runs its guard writes the record, and has read the note.
  if (record.phase === 'running') return
  const owner = ownerOf(world, opened, record)
  owner.write({}, pauseSeconds(owner))
}

/** @throws LockError */
export const releaseForShell = async (world: World, step: ShellStep, guardScript: string): Promise<void> => {
  const script = openGuardScript(guardScript)
  const opened = await openLocked(world, step)
  const { locked, record } = opened
  await clearLastIteration(world, locked, record)
  const owner = ownerOf(world, opened, record)
  const end = { reason: 'completed', exitCode: 0, detail: null } as const
  release({ owner, history: locked.history }, end, () => undefined)
  tellEnd(world, owner.record, end, script)
}
