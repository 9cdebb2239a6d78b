/** A terminal's modes (termios), through stty(1), and its foreground process group. */
import { spawn } from 'node:child_process'
import { closeSync, constants, openSync, writeSync } from 'node:fs'
import { foregroundGroup } from './terminal-group.ts'

/** stty waits until what was printed is shown, and somebody may hold that with Ctrl-S. */
const SECONDS = 2

/** Runs a command with a terminal as its input. @returns what it printed; `null` when it failed, or took too long */
const onTerminal = (fd: number, command: string, args: readonly string[]): Promise<string | null> =>
  new Promise((resolve) => {
    const child = spawn(command, args, { stdio: [fd, 'pipe', 'ignore'] })
    const timer = setTimeout(() => child.kill('SIGKILL'), SECONDS * 1000)
    let text = ''
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1')
    })
    child.on('error', () => resolve(null))
    child.on('close', (code) => {
      clearTimeout(timer)
      resolve(code === 0 ? text : null)
    })
  })

export type TerminalModes = {
  /** As `/dev/pts/5`. */
  readonly path: string
  /** In stty's own form. */
  readonly modes: string
}

/** @param fd a terminal @returns `null` where it cannot be told */
export const readModes = async (fd: number): Promise<TerminalModes | null> => {
  const text = await onTerminal(fd, 'sh', ['-c', 'tty && stty -g'])
  const [path, modes] = text?.split('\n') ?? []
  return path?.startsWith('/dev/') === true && modes ? { path, modes } : null
}

/** @returns whether it could be done */
export const writeModes = async (fd: number, modes: string): Promise<boolean> =>
  (await onTerminal(fd, 'stty', [modes])) !== null

/** Whether line feeds go straight down: a full-screen program has it so, and no shell's line editor. */
export const isRaw = async (fd: number): Promise<boolean> =>
  (await onTerminal(fd, 'stty', ['-a']))?.includes('-opost') === true

/** Whether it does not show what is typed, as it is for a password. */
export const hidesInput = async (fd: number): Promise<boolean> =>
  /(?:^|\s)-echo(?:\s|;|$)/.test((await onTerminal(fd, 'stty', ['-a'])) ?? '')

/** Runs `use` with the terminal open, which becomes nobody's controlling terminal by that. */
export const withTerminal = async (path: string, use: (fd: number) => Promise<void>): Promise<void> => {
  let fd: number
  try {
    fd = openSync(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK)
  } catch {
    return // It is gone, and with it all that was to be put right.
  }
  try {
    await use(fd)
  } finally {
    closeSync(fd)
  }
}

/** @param fd non-blocking: a terminal that is held gets nothing */
export const send = (fd: number, text: string): void => {
  try {
    writeSync(fd, text)
  } catch {
    // It is held, or gone.
  }
}

/** Programs that can do tcsetpgrp(3), which Node cannot. Whoever asks from the background would be stopped for it. */
const TAKERS = [
  ['perl', '-MPOSIX', '-e', '$SIG{TTOU} = "IGNORE"; exit(POSIX::tcsetpgrp(0, getpgrp()) ? 0 : 1)'],
  [
    'python3',
    '-c',
    'import os, signal; signal.signal(signal.SIGTTOU, signal.SIG_IGN); os.tcsetpgrp(0, os.getpgrp())',
  ],
] as const

/** Makes this process's group the terminal's foreground group, as a shell does when a job has ended. */
export const takeForeground = async (fd: number, hasProcfs: boolean): Promise<boolean> => {
  for (const [command, ...args] of TAKERS) {
    await onTerminal(fd, command, args)
    const group = foregroundGroup(process.pid, hasProcfs)
    if (group?.own === group?.foreground) return true
  }
  return false
}
