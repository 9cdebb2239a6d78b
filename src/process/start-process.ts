import { spawn } from 'node:child_process'
import type { ProcessExit, StartProcess } from '../core/ports.ts'
import { codeOf, messageOf } from '../core/system-error.ts'
import { startInCgroup } from './cgroup.ts'
import { startInMemoryGroup } from './memory-group.ts'

/**
 * Node opens everything close-on-exec, and 0 to 2 are all that is handed on: no lock reaches the command. Without execa,
 * which takes longer to load than most of the rest of a start, and has nothing to add for a process with these descriptors.
 */
export const startProcess: StartProcess = async (command, { cwd, env, stdio, detached, cgroup, memory }) => {
  const [file = '', ...args] = command
  const child = startInMemoryGroup(memory, () =>
    startInCgroup(cgroup, () => spawn(file, args, { cwd, env: { ...env }, stdio: [...stdio], detached })),
  )
  const exit = new Promise<ProcessExit>((resolve) => {
    child.once('exit', (exitCode, signal) => resolve({ exitCode, signal }))
  })
  const { pid } = child
  if (pid !== undefined) return { kind: 'started', pid, exit }
  const error = await new Promise<Error>((resolve) => child.once('error', resolve))
  return { kind: 'failed', code: codeOf(error) ?? null, message: messageOf(error) }
}
