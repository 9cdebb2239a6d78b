/** What a silent worker waits for, in words, as far as the kernel shows it. */
import { statSync } from 'node:fs'
import { basename } from 'node:path'
import { printable } from '../core/printable.ts'
import { type BlockedCall, blockedCall, descriptorTarget, openDescriptors, readProc } from './blocked-call.ts'
import { isTerminal } from './terminal-input.ts'

const STREAMS = ['its standard input', 'its standard output', 'its standard error'] as const

const isFifo = (pid: number, descriptor: number): boolean => {
  try {
    return statSync(`/proc/${pid}/fd/${descriptor}`).isFIFO()
  } catch {
    return false
  }
}

const objectOf = (pid: number, descriptor: number): string => {
  const target = descriptorTarget(pid, descriptor)
  if (isTerminal(pid, descriptor)) return 'the terminal'
  if (target.startsWith('pipe:')) return 'a pipe'
  if (target.startsWith('socket:')) return 'a socket'
  if (isFifo(pid, descriptor)) return `the FIFO ${target}`
  return target.startsWith('/') ? target : 'a file'
}

const streamOf = (pid: number, descriptor: number): string => {
  const object = objectOf(pid, descriptor)
  const stream = STREAMS[descriptor]
  return stream === undefined || object === 'the terminal' ? object : `${stream} (${object})`
}

/** An event loop that has a connection open waits for its peer; one that has none, for a timer or for nothing. */
const eventLoopWords = (pid: number): string | null => {
  const targets = openDescriptors(pid).map((descriptor) => descriptorTarget(pid, descriptor))
  const sockets = targets.filter((target) => target.startsWith('socket:')).length
  if (sockets > 0)
    return `waits in its event loop, with ${sockets} ${sockets === 1 ? 'socket' : 'sockets'} open`
  return targets.some((target) => /^anon_inode:\[?inotify/.test(target)) ? 'waits for files to change' : null
}

type Words = (pid: number, descriptor: number | undefined) => string | null

const onDescriptor =
  (what: string): Words =>
  (pid, descriptor) =>
    descriptor === undefined ? null : `waits in ${what} ${streamOf(pid, descriptor)}`

/** In the order in which they say more. */
const WORDS: readonly (readonly [BlockedCall['kind'], Words])[] = [
  [
    'write',
    (pid, descriptor) => {
      if (descriptor === undefined) return null
      const words = `waits in a write to ${streamOf(pid, descriptor)}`
      return isTerminal(pid, descriptor) ? `${words}, which is held (Ctrl-S)` : words
    },
  ],
  ['read', onDescriptor('a read of')],
  ['lock', onDescriptor('a lock of')],
  ['open', () => 'waits for the other end of a FIFO to be opened'],
  ['connect', () => 'waits for a connection to be accepted'],
  ['receive', onDescriptor('a read of')],
  ['send', onDescriptor('a write to')],
  ['accept', () => 'waits for somebody to connect to it'],
  ['poll', eventLoopWords],
  ['select', eventLoopWords],
  ['epoll', eventLoopWords],
  ['sleep', () => 'sleeps'],
  ['signal', () => 'waits for a signal'],
]

/** As it was called: a runtime names its first thread as it likes, and `comm` is that name. */
export const processName = (pid: number): string => {
  const called = readProc(`/proc/${pid}/cmdline`).split('\0')[0] ?? ''
  const name = basename(called).replace(/^-/, '')
  return name === '' ? readProc(`/proc/${pid}/comm`).trim() : printable(name)
}

/** @returns as `cat (pid 4711) waits in a read of its standard input (a pipe)`; `null` when nothing can be said */
export const waitsFor = (pids: readonly number[]): string | null => {
  // A worker that waits for its child waits for what that one waits for: who came last says most.
  const calls = pids.toReversed().flatMap((pid) => {
    const call = blockedCall(pid)
    return call === null ? [] : [{ pid, call }]
  })
  for (const [kind, words] of WORDS) {
    for (const { pid, call } of calls) {
      const said = call.kind === kind ? words(pid, call.descriptors[0]) : null
      if (said !== null) return `${processName(pid)} (pid ${pid}) ${said}`
    }
  }
  return null
}
