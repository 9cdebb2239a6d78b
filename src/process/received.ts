/**
 * What the sockets of a tree have received, asked of the system. `recv(2)` counts in no file of /proc: a program that
 * waits for a stream of answers looks as idle as one that gets none.
 *
 * Starts ss(8), so it is asked for a verdict and never for a beat, and it does not wait: the answer is there later.
 */
import { execFile } from 'node:child_process'
import type { ProcessReference } from '../core/record.ts'
import { hasCode } from '../core/system-error.ts'
import { descriptorTarget, openDescriptors } from './blocked-call.ts'

const COMMAND = ['ss', '-t', '-x', '-i', '-n', '-e', '-H'] as const
const TIMEOUT_MILLISECONDS = 5000
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024

export type Socket =
  | {
      readonly kind: 'tcp'
      readonly inode: string
      readonly local: string
      readonly peer: string
      readonly received: number
    }
  /** The kernel counts no bytes for it. */
  | { readonly kind: 'unix'; readonly inode: string; readonly peerInode: string }

const parseEntry = (entry: string): Socket | null => {
  const [net = '', , , , local = '', second = '', third = '', fourth = ''] = entry.trim().split(/\s+/)
  if (net.startsWith('u_')) return { kind: 'unix', inode: second, peerInode: fourth }
  const inode = /\bino:(\d+)/.exec(entry)?.[1]
  if (inode === undefined || third === '') return null
  const received = Number(/\bbytes_received:(\d+)/.exec(entry)?.[1] ?? '0')
  return { kind: 'tcp', inode, local, peer: second, received }
}

/** @param text what `ss -txineH` prints: a line for each socket, and further ones that begin with white space */
export const parseSockets = (text: string): readonly Socket[] =>
  text.split(/\n(?=\S)/).flatMap((entry) => parseEntry(entry) ?? [])

type Descriptors = {
  readonly sockets: ReadonlySet<string>
  /** Its standard input is a pipe from somewhere else: what comes through it is counted nowhere. */
  readonly isFed: boolean
}

const descriptorsOf = (tree: readonly ProcessReference[]): Descriptors => {
  const sockets = new Set<string>()
  const pipes = new Map<string, Set<number>>()
  const inputs: string[] = []
  for (const { pid } of tree) {
    for (const descriptor of openDescriptors(pid)) {
      const target = descriptorTarget(pid, descriptor)
      const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1]
      if (inode !== undefined) sockets.add(inode)
      if (!target.startsWith('pipe:')) continue
      pipes.set(target, (pipes.get(target) ?? new Set()).add(pid))
      if (descriptor === '0') inputs.push(target)
    }
  }
  return { sockets, isFed: inputs.some((pipe) => pipes.get(pipe)?.size === 1) }
}

type Answer = {
  readonly at: number
  /** By inode. */
  readonly bytes: ReadonlyMap<string, number>
  /** Whether nothing else can bring it anything. */
  readonly isComplete: boolean
}

/** What the tree says to itself is left out. */
const answerOf = (
  at: number,
  sockets: readonly Socket[],
  { sockets: inodes, isFed }: Descriptors,
): Answer => {
  const own = sockets.filter(({ inode }) => inodes.has(inode))
  const ends = new Set(own.flatMap((socket) => (socket.kind === 'tcp' ? [socket.local] : [])))
  const fromOutside = own.filter((socket) =>
    socket.kind === 'tcp'
      ? !ends.has(socket.peer)
      : socket.peerInode !== '0' && !inodes.has(socket.peerInode),
  )
  const bytes = fromOutside.flatMap((socket) =>
    socket.kind === 'tcp' ? [[socket.inode, socket.received] as const] : [],
  )
  return { at, bytes: new Map(bytes), isComplete: !isFed && bytes.length === fromOutside.length }
}

export type Received =
  /** Nothing is known yet, or the system has no way to tell. */
  | { readonly kind: 'unknown' }
  /** Bytes between the last two answers, which were asked for at `from` and `to` of the monotonic clock. */
  | {
      readonly kind: 'known'
      readonly bytes: number
      readonly from: number
      readonly to: number
      /** Nothing can have come in a way that is not counted. */
      readonly isComplete: boolean
    }

export type ReceivedReader = {
  /** Begins to ask. @param at of the monotonic clock @returns `false` when an earlier question is not answered yet, or nobody can be asked */
  ask(tree: readonly ProcessReference[], at: number): boolean
  /** What the last two answers have shown. */
  read(): Received
}

const growth = (before: Answer, after: Answer): number => {
  let bytes = 0
  for (const [inode, received] of after.bytes) bytes += Math.max(0, received - (before.bytes.get(inode) ?? 0))
  return bytes
}

/** For systems that do not tell. */
export const nothingReceived: ReceivedReader = { ask: () => false, read: () => ({ kind: 'unknown' }) }

/** Where there is no ss(8), everything stays `unknown`, and it is not tried again. */
export const socketReceived = (): ReceivedReader => {
  let answers: readonly Answer[] = []
  let isAsking = false
  let isMissing = false
  return {
    ask(tree, at) {
      if (isAsking || isMissing) return false
      const descriptors = descriptorsOf(tree)
      const take = (sockets: readonly Socket[]): void => {
        answers = [...answers, answerOf(at, sockets, descriptors)].slice(-2)
      }
      if (descriptors.sockets.size === 0) {
        take([])
        return true
      }
      isAsking = true
      const [file, ...args] = COMMAND
      const options = { timeout: TIMEOUT_MILLISECONDS, maxBuffer: MAX_OUTPUT_BYTES }
      const child = execFile(file, args, options, (error, stdout) => {
        isAsking = false
        if (error === null) take(parseSockets(stdout))
        else if (hasCode(error, 'ENOENT')) isMissing = true
      })
      child.unref()
      return true
    },
    read() {
      const [before, after] = answers
      if (before === undefined || after === undefined) return { kind: 'unknown' }
      const isComplete = before.isComplete && after.isComplete
      return { kind: 'known', bytes: growth(before, after), from: before.at, to: after.at, isComplete }
    },
  }
}
