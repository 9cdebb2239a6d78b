/** Which processes a terminal listens to: those of its foreground process group. */
import { spawnSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { parseStat } from './procfs.ts'

type TerminalUse = {
  readonly group: number
  /** Of its controlling terminal; -1 without one. */
  readonly foregroundGroup: number
  isTerminal(path: string): boolean
}

const fromProcfs = (pid: number): TerminalUse | null => {
  const stat = parseStat(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  if (stat === null) return null
  const { facts, foregroundGroup, terminal } = stat
  return {
    group: facts.group,
    foregroundGroup,
    isTerminal: (path) => terminal !== 0 && statSync(path).rdev === terminal,
  }
}

const fromPs = (pid: number): TerminalUse => {
  const { stdout } = spawnSync('ps', ['-o', 'pgid=,tpgid=,tty=', '-p', String(pid)], { encoding: 'utf8' })
  const [group, foregroundGroup, name] = stdout.trim().split(/\s+/)
  return {
    group: Number(group),
    foregroundGroup: Number(foregroundGroup),
    isTerminal: (path) => name !== undefined && path === `/dev/${name}`,
  }
}

const useOf = (pid: number, hasProcfs: boolean): TerminalUse | null => {
  try {
    return hasProcfs ? fromProcfs(pid) : fromPs(pid)
  } catch {
    return null // It has ended.
  }
}

/** Whether what is typed at a terminal reaches this process. @param terminal as `/dev/pts/5` */
export const isInForeground = (pid: number, terminal: string, hasProcfs: boolean): boolean => {
  const use = useOf(pid, hasProcfs)
  return use !== null && use.group === use.foregroundGroup && use.isTerminal(terminal)
}

/** @param terminal as `/dev/pts/5` */
export const isControllingTerminal = (pid: number, terminal: string, hasProcfs: boolean): boolean => {
  try {
    return useOf(pid, hasProcfs)?.isTerminal(terminal) === true
  } catch {
    return false // There is no such terminal here.
  }
}

/** The foreground process group of a process's terminal; `null` without a terminal. */
export const foregroundGroup = (
  pid: number,
  hasProcfs: boolean,
): { own: number; foreground: number } | null => {
  const use = useOf(pid, hasProcfs)
  return use === null || !(use.foregroundGroup > 0)
    ? null
    : { own: use.group, foreground: use.foregroundGroup }
}
