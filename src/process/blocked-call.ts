/**
 * The system call in which a thread waits, and the descriptors that it waits for. Linux; see proc(5).
 *
 * `/proc/PID/syscall` is for who may trace the process. Without it `/proc/PID/wchan`, the kernel's function in which
 * it sleeps, tells the kind of the wait, and no descriptor.
 */
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, readSync } from 'node:fs'

export type CallKind =
  | 'read'
  | 'write'
  | 'receive'
  | 'send'
  | 'accept'
  | 'connect'
  | 'poll'
  | 'select'
  | 'epoll'
  | 'uring'
  | 'open'
  | 'lock'
  | 'child'
  | 'sleep'
  | 'signal'
  | 'thread'

export type BlockedCall = {
  readonly kind: CallKind
  /** That it waits for, to read (`poll`, `select`) or as the call's own argument; empty when that cannot be told. */
  readonly descriptors: readonly number[]
  /** Whether {@link descriptors} is all that it waits for: not so when only `wchan` could be read. */
  readonly isExact: boolean
}

/** biome-ignore format: a table */
const CALLS: Readonly<Record<string, Readonly<Record<number, CallKind>>>> = {
  x64: {
    0: 'read', 17: 'read', 19: 'read', 1: 'write', 18: 'write', 20: 'write', 45: 'receive', 47: 'receive',
    44: 'send', 46: 'send', 43: 'accept', 288: 'accept', 42: 'connect', 7: 'poll', 271: 'poll', 23: 'select',
    270: 'select', 232: 'epoll', 281: 'epoll', 441: 'epoll', 426: 'uring', 2: 'open', 257: 'open', 437: 'open',
    72: 'lock', 73: 'lock', 61: 'child', 247: 'child', 35: 'sleep', 230: 'sleep', 34: 'signal', 128: 'signal',
    130: 'signal', 202: 'thread',
  },
  arm64: {
    63: 'read', 67: 'read', 65: 'read', 64: 'write', 68: 'write', 66: 'write', 207: 'receive', 212: 'receive',
    206: 'send', 211: 'send', 202: 'accept', 242: 'accept', 203: 'connect', 73: 'poll', 72: 'select',
    22: 'epoll', 441: 'epoll', 426: 'uring', 56: 'open', 437: 'open', 25: 'lock', 32: 'lock', 260: 'child',
    95: 'child', 101: 'sleep', 115: 'sleep', 133: 'signal', 137: 'signal', 98: 'thread',
  },
}

/** The beginnings of the names that kernels since 4.x have for them. */
const CHANNELS: readonly (readonly [string, CallKind])[] = [
  ['n_tty_read', 'read'],
  ['pipe_read', 'read'],
  ['anon_pipe_read', 'read'],
  ['pipe_write', 'write'],
  ['anon_pipe_write', 'write'],
  ['poll_schedule_timeout', 'poll'],
  ['do_sys_poll', 'poll'],
  ['do_poll', 'poll'],
  ['do_select', 'poll'],
  ['ep_poll', 'epoll'],
  ['do_epoll_wait', 'epoll'],
  ['io_cqring_wait', 'uring'],
  ['wait_for_partner', 'open'],
  ['flock_lock_inode_wait', 'lock'],
  ['locks_lock_inode_wait', 'lock'],
  ['do_wait', 'child'],
  ['hrtimer_nanosleep', 'sleep'],
  ['do_nanosleep', 'sleep'],
  ['futex', 'thread'],
]

/** poll(2) takes no more of them from anybody who is not strange. */
const MAX_DESCRIPTORS = 1024
const POLLFD_BYTES = 8
const POLLIN = 1

/** In UTF-8, because Node then does it all in one call. Empty when it is gone, or not ours to read. */
export const readProc = (path: string): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** What an open descriptor leads to, as in `/dev/pts/3`, `pipe:[4711]` or `socket:[4711]`; empty when it is not open. */
export const descriptorTarget = (pid: number, descriptor: number | string): string => {
  try {
    return readlinkSync(`/proc/${pid}/fd/${descriptor}`)
  } catch {
    return ''
  }
}

export const openDescriptors = (pid: number): readonly string[] => {
  try {
    return readdirSync(`/proc/${pid}/fd`)
  } catch {
    return []
  }
}

export const threadsOf = (pid: number): readonly string[] => {
  try {
    return readdirSync(`/proc/${pid}/task`)
  } catch {
    return []
  }
}

/** Some bytes of another process: the set of descriptors that it has handed to the kernel. `null` when not allowed. */
const readMemory = (pid: number, address: string, length: number): Buffer | null => {
  let fd: number | undefined
  try {
    fd = openSync(`/proc/${pid}/mem`, 'r')
    const buffer = Buffer.alloc(length)
    return readSync(fd, buffer, 0, length, BigInt(address)) === length ? buffer : null
  } catch {
    return null
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}

const polled = (pid: number, address: string, count: number): readonly number[] | null => {
  const memory = readMemory(pid, address, count * POLLFD_BYTES)
  if (memory === null) return null
  return Array.from({ length: count }, (_, index) => index * POLLFD_BYTES)
    .filter((at) => (memory.readInt16LE(at + 4) & POLLIN) !== 0)
    .map((at) => memory.readInt32LE(at))
}

const selected = (pid: number, address: string, count: number): readonly number[] | null => {
  if (BigInt(address) === 0n) return []
  const memory = readMemory(pid, address, Math.ceil(count / 64) * 8)
  if (memory === null) return null
  return Array.from({ length: count }, (_, descriptor) => descriptor).filter(
    (descriptor) => (((memory[descriptor >> 3] ?? 0) >> (descriptor & 7)) & 1) === 1,
  )
}

const descriptorsOf = (pid: number, kind: CallKind, args: readonly string[]): readonly number[] | null => {
  const [first = '0', second = '0'] = args
  switch (kind) {
    case 'poll': {
      const count = Number(second)
      return count > MAX_DESCRIPTORS ? null : polled(pid, first, count)
    }
    case 'select': {
      const count = Number(first)
      return count > MAX_DESCRIPTORS ? null : selected(pid, second, count)
    }
    case 'open':
    case 'child':
    case 'sleep':
    case 'signal':
    case 'thread':
      return []
    default:
      return [Number(first)]
  }
}

/** @param thread a thread of `pid`, or `pid` itself @returns `null` when it is in no call, or in one that is not listed */
export const blockedCall = (pid: number, thread: number | string = pid): BlockedCall | null => {
  const [number = '', ...args] = readProc(`/proc/${pid}/task/${thread}/syscall`).trim().split(' ')
  if (number !== '') {
    const kind = CALLS[process.arch]?.[Number(number)]
    if (kind === undefined) return null
    const descriptors = descriptorsOf(pid, kind, args)
    return { kind, descriptors: descriptors ?? [], isExact: descriptors !== null }
  }
  const channel = readProc(`/proc/${pid}/task/${thread}/wchan`)
  const [, kind] = CHANNELS.find(([name]) => channel.startsWith(name)) ?? []
  return kind === undefined ? null : { kind, descriptors: [], isExact: false }
}
