/** Real processes of a test. Each is ended by its own pid when the test is over. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { eventually } from './eventually.ts'

export const program = (name: string): string =>
  fileURLToPath(new URL(`../fixtures/programs/${name}`, import.meta.url))

export const kill = (pid: number): void => {
  // What was read in vain is 0, and 0 is this process's own group.
  if (!(pid > 0)) return
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // Gone by itself.
  }
}

/** For a process that a program of ours has started: its pid is known, its parent may be gone. */
export const killAfterwards = (pid: number): number => {
  onTestFinished(() => kill(pid))
  return pid
}

export type Child = { readonly process: ChildProcess; readonly pid: number; readonly ended: Promise<void> }

export const start = (command: string, args: readonly string[], options: SpawnOptions = {}): Child => {
  const child = spawn(command, args, { stdio: 'ignore', ...options })
  const ended = new Promise<void>((resolve, reject) => {
    child.on('exit', () => resolve())
    child.on('error', reject)
  })
  const { pid } = child
  if (pid === undefined) throw new Error(`${command} could not be started`)
  onTestFinished(async () => {
    if (child.exitCode === null && child.signalCode === null) kill(pid)
    await ended
  })
  return { process: child, pid, ended }
}

/** Starts a program that prints a word when it is ready, and waits for that word. */
export const startReady = async (
  command: string,
  args: readonly string[],
  options: SpawnOptions = {},
): Promise<Child & { readonly said: string }> => {
  const child = start(command, args, { stdio: ['pipe', 'pipe', 'inherit'], ...options })
  let said = ''
  child.process.stdout?.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  await eventually(`${command} says that it is ready`, () => said.includes('\n'))
  return { ...child, said: said.trim() }
}

/** The state letter of /proc/PID/stat, read without the code under test. */
export const stateLetter = (pid: number): string | undefined => {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return text.slice(text.lastIndexOf(')') + 2, text.lastIndexOf(')') + 3)
  } catch {
    return undefined
  }
}

/** Gone, or a zombie that nobody has waited for yet. */
export const isOver = (pid: number): boolean => ['Z', 'X', undefined].includes(stateLetter(pid))
