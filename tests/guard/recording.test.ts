/** What the guard keeps of the output: the guard as the process that it is, between FIFOs, as the engine starts it. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  write,
  writeFileSync,
} from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { parseSegmentName } from '../../src/core/segments.ts'
import { encodeMarker, type Marker } from '../../src/core/stream-markers.ts'
import { encodeLine, type GuardConfig, type GuardMessage } from '../../src/guard/protocol.ts'
import { readLines } from '../../src/process/lines.ts'
import type { RecorderConfig, RecorderReport } from '../../src/recorder/protocol.ts'
import { start, stateLetter } from '../fakes/children.ts'
import { eventually } from '../fakes/eventually.ts'
import { aRecord } from '../fakes/records.ts'
import { tempDir } from '../fakes/temp-dir.ts'

const SECRET = '00112233445566778899aabb'
const onLinux = process.platform === 'linux'

let bundleDir = ''
let script = ''

beforeAll(async () => {
  bundleDir = await mkdtemp(join(tmpdir(), 'session-lock-guard-'))
  script = join(bundleDir, 'guard.cjs')
  await build({
    entryPoints: [fileURLToPath(new URL('../../src/guard/main.ts', import.meta.url))],
    outfile: script,
    bundle: true,
    platform: 'node',
    format: 'cjs',
  })
})
afterAll(() => rm(bundleDir, { recursive: true }))

const writeSome = promisify(write)
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))

/** Both ends of a FIFO; the writer never blocks this process. */
class Pipe {
  readonly path: string
  readonly reader: number
  readonly #fds = new Set<number>()

  constructor(dir: string, name: string) {
    this.path = join(dir, name)
    expect(spawnSync('mkfifo', [this.path]).status).toBe(0)
    this.reader = this.#keep(openSync(this.path, constants.O_RDONLY | constants.O_NONBLOCK))
    onTestFinished(() => {
      for (const fd of this.#fds) closeSync(fd)
    })
  }

  writer(): number {
    return this.#keep(openSync(this.path, constants.O_WRONLY | constants.O_NONBLOCK))
  }

  close(...fds: readonly number[]): void {
    for (const fd of fds) {
      this.#fds.delete(fd)
      closeSync(fd)
    }
  }

  #keep(fd: number): number {
    this.#fds.add(fd)
    return fd
  }
}

const print = async (fd: number, text: string | Uint8Array): Promise<void> => {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text
  for (let done = 0; done < bytes.length; ) {
    try {
      done += (await writeSome(fd, bytes, done)).bytesWritten
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error
      await pause(2)
    }
  }
}

const marker = (kind: Marker, iteration: number): Uint8Array => encodeMarker(kind, iteration, SECRET)

type Running = {
  readonly process: ChildProcess
  readonly pid: number
  readonly reports: RecorderReport[]
  readonly ended: Promise<void>
  /** What the owner says at the end of its run. */
  leave(): void
  /** What the owner's death does. */
  abandon(): void
}

/** Not what the guard says by itself: once in a second, for one, that the directory of such a run is not there. */
const isReport = (message: GuardMessage): message is RecorderReport =>
  ['begun', 'ended', 'sighting', 'lost', 'not-shown'].includes(message.kind)

const record = (
  config: Partial<RecorderConfig> & Pick<RecorderConfig, 'dir' | 'streams'>,
  readers: readonly number[],
  shown: { readonly out?: number; readonly err?: number } = {},
): Running => {
  const lockDir = tempDir()
  const lock = openSync(join(lockDir, 'none.lock'), 'a')
  const child = start(process.execPath, [script], {
    stdio: ['pipe', shown.out ?? 'ignore', shown.err ?? 'ignore', 'pipe', lock, 'ignore', ...readers],
  })
  closeSync(lock)
  const reports: RecorderReport[] = []
  readLines(child.process.stdio[3] as Readable, (line) => {
    const message = JSON.parse(line) as GuardMessage
    if (isReport(message)) reports.push(message)
  })
  const { stdin } = child.process
  stdin?.write(encodeLine({ ...configOf(config), lockDir }))
  return {
    ...child,
    reports,
    leave: () => {
      stdin?.end(encodeLine({ kind: 'end' }))
    },
    abandon: () => {
      stdin?.end()
    },
  }
}

const configOf = (
  recording: Partial<RecorderConfig> & Pick<RecorderConfig, 'dir' | 'streams'>,
): GuardConfig => ({
  lockDir: recording.dir,
  session: 'none',
  generation: 1,
  known: aRecord({ session: 'none' }),
  lockTool: 'flock',
  processStrategy: null,
  host: 'here',
  recording: { iteration: 0, secret: SECRET, logLimit: 2 ** 30, lost: 0, untilOutput: null, ...recording },
  terminal: null,
  otherLocks: 0,
  recordsOnly: false,
})

/** All that is kept of an iteration. */
const kept = (dir: string, iteration: number): string =>
  Buffer.concat(
    readdirSync(dir)
      .flatMap((name) => {
        const segment = parseSegmentName(name)
        return segment?.iteration === iteration ? [{ ...segment, name }] : []
      })
      .sort((a, b) => a.offset - b.offset)
      .map(({ name }) => readFileSync(join(dir, name))),
  ).toString('latin1')

const hasEnded = (running: Running, iteration: number) =>
  eventually(`iteration ${iteration} is on the disk`, () =>
    running.reports.find((report) => report.kind === 'ended' && report.iteration === iteration),
  )

const aRun = () => {
  const dir = tempDir()
  const run = join(dir, 'run')
  mkdirSync(run)
  const file = (name: string): number => {
    const fd = openSync(join(dir, name), 'w+')
    onTestFinished(() => closeSync(fd))
    return fd
  }
  return { dir, run, file, read: (name: string): string => readFileSync(join(dir, name), 'latin1') }
}

const OUT = { show: 1, pane: null } as const
const ERR = { show: 2, pane: null } as const

describe('the recorder of a guard', () => {
  it('keeps and shows two streams, each where it belongs, without the markers', async () => {
    const { dir, run, file, read } = aRun()
    const [out, err] = [new Pipe(dir, 'o'), new Pipe(dir, 'e')]
    const [toOut, toErr] = [out.writer(), err.writer()]
    const recorder = record({ dir: run, streams: [OUT, ERR] }, [out.reader, err.reader], {
      out: file('out'),
      err: file('err'),
    })
    for (const [iteration, words] of [
      [1, ['one\n', 'uno\n']],
      [2, ['two\n', 'due\n']],
    ] as const) {
      for (const fd of [toOut, toErr]) await print(fd, marker('begin', iteration))
      await print(toOut, words[0])
      await print(toErr, words[1])
      for (const fd of [toOut, toErr]) await print(fd, marker('end', iteration))
      expect(await hasEnded(recorder, iteration)).toEqual({ kind: 'ended', iteration, bytes: 8, lost: 0 })
      // By the time that it says so all of it is there, and shown.
      expect(kept(run, iteration).split('\n').sort()).toEqual(['', ...words.map((w) => w.trim())].sort())
    }
    expect([read('out'), read('err')]).toEqual(['one\ntwo\n', 'uno\ndue\n'])
    expect(recorder.reports.map(({ kind }) => kind)).toEqual(['begun', 'ended', 'begun', 'ended'])
    recorder.leave()
    out.close(toOut, out.reader)
    err.close(toErr, err.reader)
    await recorder.ended
    expect(recorder.process.exitCode).toBe(0)
  })

  it('says that an iteration has ended when both streams have', async () => {
    const { dir, run } = aRun()
    const [out, err] = [new Pipe(dir, 'o'), new Pipe(dir, 'e')]
    const [toOut, toErr] = [out.writer(), err.writer()]
    const recorder = record({ dir: run, streams: [OUT, ERR] }, [out.reader, err.reader])
    await print(toOut, Buffer.concat([marker('begin', 1), Buffer.from('x'), marker('end', 1)]))
    await eventually('the first is kept', () => existsSync(join(run, '1.0.log')))
    expect(recorder.reports).toEqual([])
    await print(toErr, Buffer.concat([marker('begin', 1), marker('end', 1)]))
    await hasEnded(recorder, 1)
  })

  it('gives what a stream says late to the iteration that the stream is in', async () => {
    const { dir, run } = aRun()
    const [out, err] = [new Pipe(dir, 'o'), new Pipe(dir, 'e')]
    const [toOut, toErr] = [out.writer(), err.writer()]
    const recorder = record({ dir: run, streams: [OUT, ERR] }, [out.reader, err.reader])
    await print(toOut, Buffer.concat([marker('begin', 1), marker('end', 1), marker('begin', 2)]))
    await print(toOut, 'second')
    await eventually('the second is kept', () => existsSync(join(run, '2.0.log')))
    await print(toErr, Buffer.concat([marker('begin', 1), Buffer.from('first'), marker('end', 1)]))
    await hasEnded(recorder, 1)
    expect([kept(run, 1), kept(run, 2)]).toEqual(['first', 'second'])
  })

  it('goes on where one that was killed has ended, in the iteration that the stream is in', async () => {
    const { dir, run } = aRun()
    const pipe = new Pipe(dir, 'o')
    const writer = pipe.writer()
    const streams = [OUT]
    const first = record({ dir: run, streams }, [pipe.reader])
    await print(writer, Buffer.concat([marker('begin', 7), Buffer.from('before ')]))
    await eventually('it is kept', () => existsSync(join(run, '7.0.log')) && kept(run, 7) === 'before ')
    first.process.kill('SIGKILL')
    await first.ended
    await print(writer, Buffer.concat([Buffer.from('meanwhile '), marker('end', 7), marker('begin', 8)]))
    await print(writer, Buffer.concat([Buffer.from('next'), marker('end', 8)]))
    const second = record({ dir: run, streams, iteration: 7 }, [pipe.reader])
    expect(await hasEnded(second, 7)).toMatchObject({ bytes: 17 })
    await hasEnded(second, 8)
    expect([kept(run, 7), kept(run, 8)]).toEqual(['before meanwhile ', 'next'])
  })

  it('lives as long as anybody may write, and not longer', async () => {
    const { dir, run } = aRun()
    const pipe = new Pipe(dir, 'o')
    const [worker, leftover] = [pipe.writer(), pipe.writer()]
    const recorder = record({ dir: run, streams: [OUT], iteration: 1 }, [pipe.reader])
    pipe.close(pipe.reader)
    await print(worker, 'worker ')
    recorder.leave()
    pipe.close(worker)
    await eventually('it is kept', () => existsSync(join(run, '1.0.log')))
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const) recorder.process.kill(signal)
    await print(leftover, 'leftover')
    await eventually('it is kept', () => kept(run, 1) === 'worker leftover')
    expect(recorder.process.exitCode).toBeNull()
    pipe.close(leftover)
    await recorder.ended
    expect([recorder.process.exitCode, recorder.process.signalCode]).toEqual([0, null])
  })

  it('ends at once when it is told nothing', async () => {
    const child = start(process.execPath, [script], { stdio: ['pipe', 'ignore', 'ignore', 'pipe'] })
    child.process.stdin?.end()
    await child.ended
    expect(child.process.exitCode).toBe(0)
  })

  it('waits for a slow reader, and holds no more than a buffer of it', async () => {
    const { dir, run } = aRun()
    const [pipe, shown] = [new Pipe(dir, 'o'), new Pipe(dir, 'shown')]
    const writer = pipe.writer()
    const show = shown.writer()
    const recorder = record({ dir: run, streams: [OUT], iteration: 1 }, [pipe.reader], { out: show })
    // As a neighbour does that shares it: the owner's shell, or another of its commands.
    const neighbour = start(
      'perl',
      ['-MFcntl', '-e', 'fcntl(STDOUT, F_SETFL, O_WRONLY | O_NONBLOCK) or die'],
      {
        stdio: ['ignore', show, 'inherit'],
      },
    )
    await neighbour.ended
    shown.close(show)
    const text = Buffer.from(Array.from({ length: 300_000 }, (_, n) => `${n}\n`).join(''))
    const printing = print(writer, text)
    let before = -1
    await eventually('it goes no further', async () => {
      await pause(300)
      const now = existsSync(join(run, '1.0.log')) ? kept(run, 1).length : 0
      const isSame = now > 0 && now === before
      before = now
      return isSame
    })
    // A pipe that is full, and what it has read and cannot show.
    expect(before).toBeLessThan(text.length / 2)
    // The pipe is non-blocking at this end too, and cat gives up when it finds it empty.
    const reading = spawn('bash', ['-c', 'until cat; do sleep 0.01; done'], {
      stdio: [shown.reader, 'pipe', 'ignore'],
    })
    const readAll = new Promise((resolve) => reading.on('exit', resolve))
    let size = 0
    reading.stdout?.on('data', (chunk: Buffer) => {
      size += chunk.length
    })
    await printing
    await eventually('all is shown', () => size === text.length)
    expect(kept(run, 1)).toBe(text.toString('latin1'))
    recorder.leave()
    pipe.close(writer, pipe.reader)
    shown.close(shown.reader)
    await recorder.ended
    await readAll
  })

  it.each([
    ['a reader that has gone', 'EPIPE'],
    ['a full disk', 'ENOSPC'],
  ])('goes on keeping when it cannot show any more: %s', async (_, reason) => {
    if (reason === 'ENOSPC' && !existsSync('/dev/full')) return
    const { dir, run } = aRun()
    const [pipe, shown] = [new Pipe(dir, 'o'), new Pipe(dir, 'shown')]
    const writer = pipe.writer()
    const out = reason === 'EPIPE' ? shown.writer() : openSync('/dev/full', 'w')
    const recorder = record({ dir: run, streams: [OUT], iteration: 1 }, [pipe.reader], { out })
    shown.close(shown.reader)
    if (reason === 'EPIPE') shown.close(out)
    else closeSync(out)
    for (const word of ['one ', 'two ', 'three']) {
      await print(writer, word)
      await eventually('it is kept', () => existsSync(join(run, '1.0.log')) && kept(run, 1).endsWith(word))
    }
    expect(kept(run, 1)).toBe('one two three')
    await eventually('it is told', () => recorder.reports.length > 0)
    expect(recorder.reports).toEqual([{ kind: 'not-shown', fd: 1, reason }])
  })

  it('tells how much is lost, to the last byte, though not for every piece', async () => {
    const { dir, run, file, read } = aRun()
    const pipe = new Pipe(dir, 'o')
    const writer = pipe.writer()
    const recorder = record({ dir: run, streams: [OUT], iteration: 1 }, [pipe.reader], { out: file('out') })
    rmSync(run, { recursive: true })
    const started = performance.now()
    let printed = 0
    for (let n = 0; n < 50; n += 1) {
      await print(writer, 'x'.repeat(100))
      printed += 100
      await eventually('it is shown', () => read('out').length === printed)
    }
    const lost = () => recorder.reports.flatMap((report) => (report.kind === 'lost' ? [report] : []))
    await eventually('all of it is told', () => lost().at(-1)?.bytes === printed)
    expect(lost().at(-1)?.reason).toBe('ENOENT')
    // Twice in a second, however long all of it takes on a busy machine.
    expect(lost().length).toBeLessThan(3 + (performance.now() - started) / 450)
    await print(writer, marker('end', 1))
    expect(await hasEnded(recorder, 1)).toEqual({ kind: 'ended', iteration: 1, bytes: 5000, lost: 5000 })
  })

  it('does not mind an owner that hears nothing any more', async () => {
    const { dir, run } = aRun()
    const pipe = new Pipe(dir, 'o')
    const writer = pipe.writer()
    const recorder = record({ dir: run, streams: [OUT], iteration: 1 }, [pipe.reader])
    recorder.leave()
    ;(recorder.process.stdio[3] as Readable).destroy()
    await print(writer, Buffer.concat([marker('end', 1), marker('begin', 2), Buffer.from('after')]))
    await eventually('it is kept', () => existsSync(join(run, '2.0.log')))
    expect(stateLetter(recorder.pid)).not.toBe('Z')
  })

  it.skipIf(!onLinux)('leaves no FIFO and no cat behind when the owner of a pane has died', async () => {
    const { dir, run } = aRun()
    const pipe = new Pipe(dir, 'pane.fifo')
    const cat = start('cat', [], { stdio: ['pipe', openSync(pipe.path, 'w'), 'ignore'] })
    writeFileSync(`${pipe.path}.pid`, `${cat.pid}\n`)
    const recorder = record({ dir: run, streams: [{ show: null, pane: pipe.path }], iteration: 1 }, [
      pipe.reader,
    ])
    cat.process.stdin?.write('last words')
    await eventually('they are kept', () => existsSync(join(run, '1.0.log')))
    recorder.abandon()
    await recorder.ended
    await cat.ended
    expect(readdirSync(dir)).toEqual(['run'])
    expect(kept(run, 1)).toBe('last words')
  })

  it.skipIf(!onLinux)('ends no process that only has the number that was left', async () => {
    const { dir, run } = aRun()
    const pipe = new Pipe(dir, 'pane.fifo')
    const writer = pipe.writer()
    const stranger = start('sleep', ['300'])
    writeFileSync(`${pipe.path}.pid`, `${stranger.pid}\n`)
    const recorder = record({ dir: run, streams: [{ show: null, pane: pipe.path }], iteration: 1 }, [
      pipe.reader,
    ])
    recorder.abandon()
    pipe.close(writer, pipe.reader)
    await recorder.ended
    await eventually('it sleeps', () => stateLetter(stranger.pid) === 'S')
  })

  it.skipIf(!onLinux)('takes 200 MB through constant memory, and loses none of it', async () => {
    const { dir, run } = aRun()
    const pipe = new Pipe(dir, 'o')
    const writer = pipe.writer()
    const recorder = record({ dir: run, streams: [OUT], iteration: 1, logLimit: 2 ** 20 }, [pipe.reader])
    const mostKilobytes = (): number =>
      Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${recorder.pid}/status`, 'utf8'))?.[1])
    const send = async (megabytes: number): Promise<void> => {
      const source = start('head', ['-c', `${megabytes * 2 ** 20}`, '/dev/zero'], {
        stdio: ['ignore', openSync(pipe.path, 'w'), 'inherit'],
      })
      await source.ended
    }
    await send(20)
    const before = mostKilobytes()
    await send(180)
    await print(writer, marker('end', 1))
    expect(await hasEnded(recorder, 1)).toEqual({
      kind: 'ended',
      iteration: 1,
      bytes: 200 * 2 ** 20,
      lost: 0,
    })
    expect(mostKilobytes() - before).toBeLessThan(16 * 1024)
    expect(kept(run, 1).length).toBeLessThanOrEqual(2 ** 20)
  })
})
