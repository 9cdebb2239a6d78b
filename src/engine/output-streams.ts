/**
 * Where the workers' output is written, and whether it is recorded.
 *
 * | the engine's output is      | the worker writes to                  | and it is kept                          |
 * | --------------------------- | ------------------------------------- | --------------------------------------- |
 * | no terminal                 | a pipe that the recorder reads        | yes, and shown where the engine's goes  |
 * | a tmux pane                 | the pane                              | yes, through `tmux pipe-pane`           |
 * | a pipe, its error a pane    | pipes that the recorder reads         | yes, and shown where the engine's goes  |
 * | a pane with a pipe already  | the pane                              | no                                      |
 * | another terminal            | that terminal                         | no                                      |
 * | a terminal of somebody else | a pipe that the recorder reads        | yes, and shown there                    |
 *
 * With `engine.sh run … | tee log` in a pane the pane shows all of it, and its pipe would bring it a second time.
 *
 * The pipes are FIFOs, because Node has no pipe(2): what it calls a pipe is a socket, and `echo >/dev/stderr` fails on one.
 */
import { spawnSync } from 'node:child_process'
import { closeSync, constants, fstatSync, openSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { printable } from '../core/printable.ts'
import type { LockRecord, TmuxTarget } from '../core/record.ts'
import { messageOf } from '../core/system-error.ts'
import { pipePane, unpipePane } from '../tmux/tmux.ts'
import type { World } from '../world.ts'
import { MarkerWriter } from './marker-writer.ts'
import { type WriteWatch, watchWrites } from './write-watch.ts'

const isPipe = (fd: 1 | 2): boolean => {
  const stats = fstatSync(fd)
  return stats.isFIFO() || stats.isSocket()
}

const sameFile = (): boolean => {
  const [out, error] = [fstatSync(1), fstatSync(2)]
  return out.dev === error.dev && out.ino === error.ino
}

export type Stream = {
  /** The recorder's end, and this process's: a pipe with a reader never breaks, whatever becomes of the recorder. */
  readonly reader: number
  /** The worker's end; of a pane's pipe only held open. */
  readonly writer: number
  readonly markers: MarkerWriter
  readonly show: 1 | 2 | null
  /** `null` when it cannot be told whether something was written. */
  readonly writes: WriteWatch | null
  /** The FIFO behind a pane. */
  readonly pane: string | null
}

const NOT_KEPT = 'so the output is not recorded, and does not count as progress'

/** All in one process. @throws when it could not make one of them */
const makeFifos = (paths: readonly string[]): void => {
  const { status, error, stderr } = spawnSync('mkfifo', ['-m', '600', ...paths], {
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
  })
  if (status !== 0) throw error ?? new Error(stderr.trim())
}

/** The reader first: then nothing waits to be opened. Blocking for the worker, as a pipe is. */
const openFifo = (path: string, ends: number[]): { readonly reader: number; readonly writer: number } => {
  const open = (flags: number): number => {
    const fd = openSync(path, flags)
    ends.push(fd)
    return fd
  }
  return { reader: open(constants.O_RDONLY | constants.O_NONBLOCK), writer: open(constants.O_WRONLY) }
}

/** Its own description: what a worker does to its descriptor, as to make it non-blocking, is not to be felt here. */
const openMarkerWriter = (world: World, path: string): MarkerWriter =>
  new MarkerWriter(
    openSync(path, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY),
    world.clock,
  )

/** A stream that cannot be recorded is reported, and stops no job: a full disk, no descriptors left, a pane that is gone by now. */
const openOrWarn = async (
  world: World,
  path: string,
  open: (ends: number[]) => Stream | null | Promise<Stream | null>,
): Promise<Stream | null> => {
  const ends: number[] = []
  let stream: Stream | null = null
  try {
    stream = await open(ends)
  } catch (error) {
    world.notify(`${printable(path)} cannot be used (${printable(messageOf(error))}), ${NOT_KEPT}`)
  }
  if (stream !== null) return stream
  for (const fd of ends) closeSync(fd)
  return null
}

const openPipe = (world: World, path: string, show: 1 | 2, problem: unknown): Promise<Stream | null> =>
  openOrWarn(world, path, (ends) => {
    try {
      if (problem !== null) throw problem
      const fifo = openFifo(path, ends)
      const writes = watchWrites(fifo)
      return { ...fifo, markers: openMarkerWriter(world, path), show, writes, pane: null }
    } finally {
      rmSync(path, { force: true })
    }
  })

const openPipes = (world: World, dir: string, shown: readonly (1 | 2)[]): Promise<(Stream | null)[]> => {
  const paths = shown.map((show) => join(dir, `${show === 1 ? 'stdout' : 'stderr'}.fifo`))
  let problem: unknown = null
  try {
    if (paths.length > 0) makeFifos(paths)
  } catch (error) {
    problem = error
  }
  return Promise.all(shown.map((show, index) => openPipe(world, paths[index] ?? '', show, problem)))
}

/** `null` when the pane's output goes elsewhere already, or tmux does not answer. */
const openPane = (world: World, fifo: string, target: TmuxTarget, terminal: 1 | 2): Promise<Stream | null> =>
  openOrWarn(world, fifo, async (ends) => {
    let isPiped = false
    try {
      makeFifos([fifo])
      const fifoEnds = openFifo(fifo, ends)
      const outcome = await pipePane(target, fifo, terminal, world)
      if (outcome.kind === 'taken')
        world.notify(`the output of this pane goes to another pipe-pane already, ${NOT_KEPT}`)
      if (outcome.kind !== 'piped') return null
      const markers = openMarkerWriter(world, outcome.tty)
      // What a pane shows comes through tmux, and later.
      const stream = { ...fifoEnds, markers, show: null, writes: null, pane: fifo }
      isPiped = true
      return stream
    } finally {
      if (!isPiped) await unpipePane(target, fifo, world)
    }
  })

/** Empty when nothing can be recorded. @param dir of the run's output */
export const openStreams = async (
  world: World,
  dir: string,
  { tmux: target, session, generation }: LockRecord,
): Promise<readonly Stream[]> => {
  const { isTerminal } = world.terminal
  const isPiped = (fd: 1 | 2): boolean => !isTerminal(fd) || (fd === 2 && !isTerminal(1) && isPipe(1))
  const piped = ([1, 2] as const).filter(isPiped)
  const terminal = ([1, 2] as const).find((fd) => !isPiped(fd))
  const shared = piped.length === 2 && sameFile()
  const streams = await openPipes(world, dir, shared ? [1] : piped)
  if (terminal !== undefined && target === null)
    world.notify(
      world.env.TMUX
        ? `this terminal is not the one of pane ${printable(world.env.TMUX_PANE ?? '?')}, or tmux does not answer, ${NOT_KEPT}`
        : `TMUX is not set: this terminal cannot be listened to, ${NOT_KEPT}`,
    )
  if (terminal !== undefined && target !== null)
    streams.push(await openPane(world, world.paths(session).panePipe(generation), target, terminal))
  return streams.filter((stream) => stream !== null)
}
