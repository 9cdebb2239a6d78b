/**
 * Whether a process waits for somebody to type at its terminal.
 *
 * | its threads                                            | said of it |
 * | ------------------------------------------------------ | ---------- |
 * | the first is blocked in a read of a terminal           | `reads`: it can do nothing else |
 * | another is blocked in a read of a terminal             | `listens`: a keyboard handler beside the work |
 * | one is blocked in select or poll, with a terminal in the set to read | `listens` |
 * | the process has an epoll set with a terminal in it, to read          | `listens` |
 *
 * Not seen: a terminal in an io_uring, whose list of requests names no descriptor.
 */
import {
  type BlockedCall,
  blockedCall,
  descriptorTarget,
  openDescriptors,
  readProc,
  threadsOf,
} from './blocked-call.ts'

const TERMINAL = /^\/dev\/(pts\/\d+|tty\w*|console)$/

export const isTerminal = (pid: number, descriptor: number): boolean =>
  TERMINAL.test(descriptorTarget(pid, descriptor))

const EPOLLIN = 1
const EPOLL_ENTRY = /^tfd:\s+(\d+) events:\s+([0-9a-f]+)/gm

const hasSocket = (pid: number): boolean =>
  openDescriptors(pid).some((descriptor) => descriptorTarget(pid, descriptor).startsWith('socket:'))

/** Where only the kernel's function is known, what the process has open has to do. */
const probablyTerminal = (pid: number): boolean => isTerminal(pid, 0) && !hasSocket(pid)

const waitsForTerminal = (pid: number, call: BlockedCall): boolean =>
  call.isExact ? call.descriptors.some((descriptor) => isTerminal(pid, descriptor)) : probablyTerminal(pid)

/** Its first thread is blocked in a read of the terminal. */
export const readsTerminal = (pid: number): boolean => {
  const call = blockedCall(pid)
  if (call !== null) return call.kind === 'read' && waitsForTerminal(pid, call)
  // Newer kernels sleep in a function that many kinds of waits share.
  return readProc(`/proc/${pid}/wchan`) === 'wait_woken' && !canTrace(pid) && probablyTerminal(pid)
}

const canTrace = (pid: number): boolean => readProc(`/proc/${pid}/syscall`) !== ''

const epollHasTerminal = (pid: number, descriptor: string): boolean => {
  if (descriptorTarget(pid, descriptor) !== 'anon_inode:[eventpoll]') return false
  const entries = readProc(`/proc/${pid}/fdinfo/${descriptor}`).matchAll(EPOLL_ENTRY)
  for (const [, target, events] of entries) {
    const isToRead = (Number.parseInt(events ?? '0', 16) & EPOLLIN) !== 0
    if (isToRead && isTerminal(pid, Number(target))) return true
  }
  return false
}

const LISTENING: ReadonlySet<BlockedCall['kind']> = new Set(['read', 'poll', 'select'])

/** It would notice a key. Reads all of the process's threads and descriptors: nothing for every beat. */
export const listensToTerminal = (pid: number): boolean =>
  threadsOf(pid).some((thread) => {
    const call = blockedCall(pid, thread)
    return call !== null && LISTENING.has(call.kind) && waitsForTerminal(pid, call)
  }) || openDescriptors(pid).some((descriptor) => epollHasTerminal(pid, descriptor))
