import type { StartProcess } from '../core/ports.ts'
import { startInCgroup } from './cgroup.ts'
import { startInMemoryGroup } from './memory-group.ts'

/** Node opens everything close-on-exec, and 0 to 2 are all that execa hands on: no lock reaches the command. */
export const startProcess: StartProcess = async (command, { cwd, env, stdio, detached, cgroup, memory }) => {
  const { execa } = await import('execa')
  const [file = '', ...args] = command
  const subprocess = startInMemoryGroup(memory, () =>
    startInCgroup(cgroup, () =>
      execa(file, args, {
        cwd,
        env: { ...env },
        extendEnv: false,
        // It takes any descriptor; its types know the first three.
        stdio: stdio as ['inherit', 'inherit', 'inherit'],
        detached,
        cleanup: false,
        reject: false,
        buffer: false,
      }),
    ),
  )
  const { pid } = subprocess
  if (pid === undefined) {
    const { code, originalMessage } = await subprocess
    return { kind: 'failed', code: code ?? null, message: originalMessage ?? String(code) }
  }
  const exit = subprocess.then(({ exitCode, signal }) => ({
    exitCode: exitCode ?? null,
    signal: signal ?? null,
  }))
  return { kind: 'started', pid, exit }
}
