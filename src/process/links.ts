/**
 * Whether processes are connected with each other both ways: by two pipes or FIFOs, by sockets, or by a pseudo-terminal. Then
 * what one of them writes may be an answer to what another one has written. In a pipeline bytes go one way only.
 */
import { lstatSync } from 'node:fs'
import { descriptorTarget, openDescriptors } from './blocked-call.ts'

const OWNER_READS = 0o400
const OWNER_WRITES = 0o200
const TERMINAL_MASTER = /^\/dev\/(?:pts\/)?ptmx$/
const TERMINAL = /^\/dev\/pts\/\d+$/

/** What a process has open that could lead to another process. */
type Ends = {
  readonly reads: ReadonlySet<string>
  readonly writes: ReadonlySet<string>
  readonly hasSocket: boolean
  readonly hasMaster: boolean
  readonly hasTerminal: boolean
}

const modeOf = (pid: number, descriptor: string): number => {
  try {
    return lstatSync(`/proc/${pid}/fd/${descriptor}`).mode
  } catch {
    return 0 // Closed meanwhile.
  }
}

const isChannel = (target: string): boolean =>
  target.startsWith('pipe:') || (target.startsWith('/') && !target.startsWith('/dev/'))

const endsOf = (pid: number): Ends => {
  const open = openDescriptors(pid).map((descriptor) => ({
    target: descriptorTarget(pid, descriptor),
    mode: modeOf(pid, descriptor),
  }))
  const channels = open.filter(({ target }) => isChannel(target))
  const withMode = (bit: number): ReadonlySet<string> =>
    new Set(channels.filter(({ mode }) => (mode & bit) !== 0).map(({ target }) => target))
  return {
    reads: withMode(OWNER_READS),
    writes: withMode(OWNER_WRITES),
    hasSocket: open.some(({ target }) => target.startsWith('socket:')),
    hasMaster: open.some(({ target }) => TERMINAL_MASTER.test(target)),
    hasTerminal: open.some(({ target }) => TERMINAL.test(target)),
  }
}

const canSend = (from: Ends, to: Ends): boolean => [...from.writes].some((target) => to.reads.has(target))

/** A socket is one end of a connection, and only ss(8) tells where the other one is: two that have some may be connected. */
const talk = (a: Ends, b: Ends): boolean =>
  (a.hasSocket && b.hasSocket) ||
  (a.hasMaster && b.hasTerminal) ||
  (b.hasMaster && a.hasTerminal) ||
  (canSend(a, b) && canSend(b, a))

/** @returns whether each of `pids` can talk to another one of `all` */
export const areLinked = (pids: readonly number[], all: readonly number[]): boolean => {
  const ends = new Map(all.map((pid) => [pid, endsOf(pid)]))
  return pids.every((pid) => {
    const own = ends.get(pid)
    return own !== undefined && all.some((other) => other !== pid && talk(own, ends.get(other) ?? own))
  })
}
