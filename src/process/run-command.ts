import type { RunCommand } from '../core/ports.ts'
import { codeOf } from '../core/system-error.ts'

export const runCommand: RunCommand = async (command, args, { env, cwd, seconds }) => {
  const { execFile } = await import('node:child_process')
  return new Promise((resolve) => {
    const child = execFile(
      command,
      args,
      {
        env: { ...env },
        ...(cwd === undefined ? {} : { cwd }),
        // With the time it gives up the output too, which a process that still has it open would keep waiting.
        timeout: seconds * 1000,
        killSignal: 'SIGKILL',
        maxBuffer: Number.POSITIVE_INFINITY,
      },
      (error, stdout, stderr) =>
        resolve({
          ok: error === null,
          stdout: stdout.replace(/\n$/, ''),
          stderr: error?.killed === true ? 'it does not answer' : stderr.replace(/\n$/, ''),
          missing: codeOf(error) === 'ENOENT',
        }),
    )
    child.stdin?.on('error', () => undefined) // It has ended without reading.
    child.stdin?.end()
  })
}
