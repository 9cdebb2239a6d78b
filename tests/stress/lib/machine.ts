/**
 * What a harness sees of the machine: written apart from `src/process`, so that a fault there is not shared by what
 * looks for it. Linux only.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

export type Process = {
  readonly pid: number
  readonly parent: number
  /** Clock ticks since boot. */
  readonly started: number
  /** Neither a zombie nor on its way to be one: code of it may still run. */
  readonly runs: boolean
  readonly stopped: boolean
  readonly name: string
  /** User and system time together, in clock ticks. */
  readonly cpuTicks: number
}

const PF_EXITING = 0x4

export const hasProc = (): boolean => process.platform === 'linux' && inspect('self') !== null

export const inspect = (pid: number | 'self'): Process | null => {
  let text: string
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch {
    return null
  }
  const close = text.lastIndexOf(')')
  const fields = text.slice(close + 2).split(' ')
  const state = fields[0] ?? ''
  return {
    pid: Number.parseInt(text, 10),
    parent: Number(fields[1]),
    started: Number(fields[19]),
    runs: !['Z', 'X', 'x'].includes(state) && (Number(fields[6]) & PF_EXITING) === 0,
    stopped: state === 'T' || state === 't',
    name: text.slice(text.indexOf('(') + 1, close),
    cpuTicks: Number(fields[11]) + Number(fields[12]),
  }
}

export const allPids = (): readonly number[] => readdirSync('/proc').map(Number).filter(Number.isInteger)

/** Entries `NAME=value`; none when it may not be read. */
export const environmentOf = (pid: number): readonly string[] => {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0')
  } catch {
    return []
  }
}

export const commandOf = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ').trim()
  } catch {
    return ''
  }
}

/** Those that run and carry `NAME=value` in their environment. */
export const carriersOf = (entry: string): readonly Process[] =>
  allPids().flatMap((pid) => {
    if (pid === process.pid || !environmentOf(pid).includes(entry)) return []
    const found = inspect(pid)
    return found?.runs ? [found] : []
  })

/** Those that run and hold a flock(2) on this very file, by their own or an inherited descriptor. */
export const lockHolders = (path: string): readonly number[] =>
  allPids().filter((pid) => {
    try {
      return (
        inspect(pid)?.runs === true &&
        readdirSync(`/proc/${pid}/fd`).some(
          (fd) =>
            readlinkSync(`/proc/${pid}/fd/${fd}`) === path &&
            readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'latin1').includes('FLOCK'),
        )
      )
    } catch {
      return false // Gone meanwhile.
    }
  })

/** Signals a process that is still the one meant. @returns whether it was sent */
export const signal = (target: { pid: number; started: number }, name: NodeJS.Signals): boolean => {
  if (inspect(target.pid)?.started !== target.started) return false
  try {
    process.kill(target.pid, name)
    return true
  } catch {
    return false
  }
}

export const sleep = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds))

/** Polls until `found` answers with something; `null` when `seconds` have passed. */
export const until = async <T>(seconds: number, found: () => T | null | false): Promise<T | null> => {
  const deadline = performance.now() + seconds * 1000
  for (;;) {
    const value = found()
    if (value !== null && value !== false) return value
    if (performance.now() > deadline) return null
    await sleep(10)
  }
}
