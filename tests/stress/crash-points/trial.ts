/** One trial: a state, a command that is hit at one point, and what has to hold afterwards. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { closeSync, constants, existsSync, openSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Layout } from '../lib/layout.ts'
import { strangersIn } from '../lib/left-files.ts'
import { carriersOf, commandOf, inspect, signal, until } from '../lib/machine.ts'
import { makeSandbox, removeSandbox, type Sandbox } from '../lib/sandbox.ts'
import { assess, type Entry, readJournal } from '../torture/journal.ts'
import { metCall, type Point, pointsOf } from './trace.ts'

export const SESSION = 's'
export const ITERATIONS = 3

/** What a harness reads of the record; nothing in it is trusted to be there. */
export type Stored = {
  readonly generation: number
  readonly pid: number
  readonly pid_started: number
  readonly phase: string
  readonly iteration: number
  readonly iterations: number | null
  readonly last_iteration: { readonly iteration: number; readonly result: string } | null
  readonly worker: { readonly pid: number; readonly pid_started: number } | null
  readonly refresher: { readonly pid: number; readonly pid_started: number } | null
  readonly ended: { readonly reason: string; readonly exit_code: number | null } | null
}

export type Fault = { readonly kind: 'kill' } | { readonly kind: 'error'; readonly errno: string }

export const faultName = (fault: Fault): string => (fault.kind === 'kill' ? 'SIGKILL' : fault.errno)

export type Hit = {
  readonly point: Point
  readonly fault: Fault
  /** How strace is to count. */
  readonly by: 'path' | 'number'
}

export type Ended = { readonly code: number | null; readonly stderr: string }

export type Scenario = {
  readonly name: string
  /** Makes the state that the command meets. */
  prepare(bench: Bench): Promise<void>
  /** The command line behind `node dist/loader.cjs`, or which helper of the prepared run is to be hit. */
  readonly command: readonly string[] | 'refresher' | 'recorder'
  /**
   * With the tracer on the helper: makes it do what is to be hit.
   *
   * @param met whether the point has been met; `null` when it is only recorded what there is
   */
  provoke?(bench: Bench, met: (() => boolean) | null): Promise<void>
  /** Whether a traced command that says 0 has run through all iterations. */
  readonly runs: boolean
  /** Whether the prepared owner comes to its end, whatever is hit. */
  readonly ownerEndsWell?: boolean
  readonly env?: Readonly<Record<string, string>>
  /** What lies there instead of a record; it may lie there still, until somebody runs. */
  readonly broken?: string
}

/** Met only when something hangs, or stays for ever. */
const PATIENCE_SECONDS = 120
/** For a command that cannot take a tenth of it. */
const LATE_SECONDS = 240

/** A sandbox with what a trial does in it. */
export class Bench {
  readonly layout: Layout
  readonly sandbox: Sandbox
  readonly env: Readonly<Record<string, string>>
  readonly #children: ChildProcess[] = []
  #owner: { readonly child: ChildProcess; readonly ended: Promise<Ended> } | null = null

  constructor(layout: Layout, env: Readonly<Record<string, string>>) {
    this.layout = layout
    this.sandbox = makeSandbox('crash')
    // One thread for what Node does to files beside the main one, so that its calls have one order.
    this.env = { ...this.sandbox.env, UV_THREADPOOL_SIZE: '1', ...env }
  }

  file(name: string): string {
    return join(this.sandbox.dir, name)
  }

  get recordPath(): string {
    return join(this.sandbox.locks, `${SESSION}.json`)
  }

  get section(): string {
    return join(this.layout.sources, 'section.sh')
  }

  text(): string | null {
    return existsSync(this.recordPath) ? readFileSync(this.recordPath, 'utf8') : null
  }

  /** @throws when the record is there and cannot be read: it has to be whole at any time */
  record(): Stored | null {
    const text = this.text()
    return text === null ? null : (JSON.parse(text) as Stored)
  }

  /** Iterations that the history calls done, as `GENERATION/ITERATION`; what a crash has cut off is no line of it. */
  done(): readonly string[] {
    const file = join(this.sandbox.locks, SESSION, 'history.jsonl')
    if (!existsSync(file)) return []
    return readFileSync(file, 'utf8')
      .split('\n')
      .flatMap((line) => {
        try {
          const { kind, generation, iteration, result } = JSON.parse(line)
          return kind === 'iteration' && result === 'ok' ? [`${generation}/${iteration}`] : []
        } catch {
          return []
        }
      })
  }

  journal(): readonly Entry[] {
    const file = this.file('journal')
    return existsSync(file) ? readJournal(readFileSync(file, 'utf8')) : []
  }

  hold(who: string): void {
    execFileSync('mkfifo', [this.file(`hold-${who}`)])
  }

  letGo(who: string): void {
    const file = this.file(`hold-${who}`)
    // Open for both, so that it does not wait for a reader; whoever reads gets the end of the file.
    const fd = openSync(file, constants.O_RDWR)
    rmSync(file)
    closeSync(fd)
  }

  start(
    who: string,
    command: string,
    args: readonly string[],
  ): { child: ChildProcess; ended: Promise<Ended> } {
    const child = spawn(command, args, {
      cwd: this.sandbox.dir,
      env: { ...this.env, STRESS_WHO: who },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    this.#children.push(child)
    let stderr = ''
    child.stderr?.on('data', (chunk: Buffer) => {
      stderr += chunk.toString()
    })
    // Not `close`: a worker that outlives its engine has the same stderr.
    const ended = new Promise<Ended>((resolve, reject) => {
      const late = setTimeout(() => {
        stderr += `${who}: did not end within ${LATE_SECONDS} s: ${commandOf(child.pid ?? 0)}\n`
        child.kill('SIGKILL')
      }, LATE_SECONDS * 1000)
      child.on('error', reject)
      child.on('exit', (code) => {
        clearTimeout(late)
        setImmediate(() => resolve({ code, stderr }))
      })
    })
    return { child, ended }
  }

  command(who: string, ...args: readonly string[]): { child: ChildProcess; ended: Promise<Ended> } {
    return this.start(who, process.execPath, [join(this.layout.root, 'dist/loader.cjs'), ...args])
  }

  /** An engine that stays in its first iteration. */
  async startOwner(...options: readonly string[]): Promise<void> {
    this.hold('first')
    const args = ['run', SESSION, '-n', String(ITERATIONS), '--grace', '0.3', ...options, '--', this.section]
    this.#owner = this.command('first', 'engine', ...args)
    await this.see('the owner has a worker and a refresher', () => {
      const record = this.record()
      return record?.worker != null && record.refresher !== null && this.journal().length > 0
    })
  }

  async see(what: string, found: () => boolean): Promise<void> {
    if ((await until(PATIENCE_SECONDS, found)) === null) throw new Error(`waited in vain: ${what}`)
  }

  get refresher(): { readonly pid: number; readonly started: number } {
    const refresher = this.record()?.refresher
    if (refresher == null) throw new Error('there is no refresher')
    return { pid: refresher.pid, started: refresher.pid_started }
  }

  helper(which: 'refresher' | 'recorder'): number {
    if (which === 'refresher') return this.refresher.pid
    const found = carriersOf(`STRESS_DIR=${this.sandbox.dir}`).find(({ pid }) =>
      commandOf(pid).startsWith('session-lock guard'),
    )
    if (found === undefined) throw new Error('there is no guard')
    return found.pid
  }

  async killOwner(): Promise<void> {
    this.#owner?.child.kill('SIGKILL')
    await this.#owner?.ended
  }

  /** Neither can do anything about the death of the other. */
  async killOwnerAndRefresher(): Promise<void> {
    const { refresher } = this
    this.#owner?.child.kill('SIGSTOP')
    signal(refresher, 'SIGSTOP')
    await this.killOwner()
    signal(refresher, 'SIGKILL')
    await this.see(
      'the refresher is gone',
      () => inspect(refresher.pid)?.started !== refresher.started || !inspect(refresher.pid)?.runs,
    )
  }

  /** Lets the prepared owner, if it still lives, work to its end. */
  async letOwnerEnd(): Promise<Ended | null> {
    if (this.#owner === null) return null
    const { child, ended } = this.#owner
    // The worker of a dead one stays: the next run has to end it.
    if (child.exitCode === null && child.signalCode === null) this.letGo('first')
    return ended
  }

  dispose(): void {
    for (const child of this.#children) child.kill('SIGKILL')
    removeSandbox(this.sandbox)
  }
}

export type Traced = Ended & {
  readonly trace: string
  readonly isMet: boolean
  /** The traced program's main thread, when strace was attached to it. */
  readonly pid?: number
}

/** All that touches a file, and what makes threads; fewer calls, so that the program is not slowed down much. */
const RECORDED =
  'open,openat,creat,mkdir,rmdir,rename,renameat,renameat2,link,linkat,symlink,unlink,unlinkat,stat,lstat,fstat,newfstatat,' +
  'statx,access,faccessat,faccessat2,statfs,fstatfs,chmod,fchmod,fchmodat,chown,fchown,lchown,utimensat,truncate,ftruncate,' +
  'fallocate,read,readv,pread64,write,writev,pwrite64,fsync,fdatasync,close,getdents64,copy_file_range,clone,clone3'

const stracing = (hit: Hit | null, dir: string): readonly string[] => {
  if (hit === null) {
    return ['-f', '-y', '-s', '0', '-e', `trace=${RECORDED}`, '-e', 'signal=none']
  }
  const { point, fault, by } = hit
  const injected = fault.kind === 'kill' ? 'signal=KILL' : `error=${fault.errno}`
  return [
    ...(point.inThread ? ['-f'] : []),
    ...['-y', '-s', '0', '-e', `trace=${point.syscall}`, '-e', 'signal=none'],
    ...(by === 'path' ? ['-P', join(dir, point.path)] : []),
    ...[
      '-e',
      `inject=${point.syscall}:${injected}:when=${by === 'path' ? point.whenOfPath : point.whenOfAll}`,
    ],
  ]
}

const isMet = (trace: string, dir: string, hit: Hit | null): boolean => {
  if (hit === null) return true
  const { point } = hit
  const met = metCall(trace, dir, point.inThread)
  return met !== null && met.syscall === point.syscall && met.target === point.target
}

/** Runs the scenario's command under strace; without a point it only records what happens. */
export const runTraced = async (bench: Bench, scenario: Scenario, hit: Hit | null): Promise<Traced> => {
  const file = bench.file('trace')
  closeSync(openSync(file, 'w'))
  const read = (): string => readFileSync(file, 'utf8')
  const options = ['-o', file, ...stracing(hit, bench.sandbox.locks)]
  if (typeof scenario.command !== 'string') {
    // Only what is traced stops then; not possible for a program that runs already.
    if (hit === null) options.unshift('--seccomp-bpf')
    const words = scenario.command.map((word) => (word === '@section' ? bench.section : word))
    const { ended } = bench.start('traced', 'strace', [
      ...options,
      ...['--', process.execPath, join(bench.layout.root, 'dist/loader.cjs'), ...words],
    ])
    const { code, stderr } = await ended
    return { code, stderr, trace: read(), isMet: isMet(read(), bench.sandbox.locks, hit) }
  }
  const pid = bench.helper(scenario.command)
  let attached = false
  const tracer = bench.start('tracer', 'strace', [...options, '-p', String(pid)])
  tracer.child.stderr?.on('data', (chunk: Buffer) => {
    attached ||= chunk.includes('attached')
  })
  await bench.see('strace is attached', () => attached)
  const met = (): boolean => /\(INJECTED\)|= \?$/m.test(read())
  await scenario.provoke?.(bench, hit === null ? null : met)
  tracer.child.kill('SIGTERM')
  await tracer.ended
  return { code: null, stderr: '', trace: read(), isMet: isMet(read(), bench.sandbox.locks, hit), pid }
}

const STACK = /unexpected error|^ {2,}at .*:\d+:\d+\)?$/m
const DOCUMENTED_CODES: readonly number[] = [0, 64, 65, 69, 73, 74, 75, 77, 80]

/** Whether a run without a command has something to go on with, by the contract's words. */
const canGoOn = (record: Stored | null): boolean =>
  record !== null && record.ended?.reason !== 'completed' && record.ended?.reason !== 'failed'

/** @returns what does not hold, in words */
export const assessTrial = async (
  bench: Bench,
  scenario: Scenario,
  fault: Fault,
  hadRecord: boolean,
  traced: Traced,
): Promise<readonly string[]> => {
  const faults: string[] = []
  const check = (holds: boolean, words: string): void => {
    if (!holds) faults.push(words)
  }
  const owner = await bench.letOwnerEnd()
  for (const [who, stderr] of [
    ['the command', traced.stderr],
    ['the owner', owner?.stderr ?? ''],
  ] as const) {
    check(!STACK.test(stderr), `${who} printed a stack trace: ${stderr}`)
    check(!stderr.includes('did not end within'), stderr)
  }

  let left: Stored | null = null
  const isStillBroken = scenario.broken !== undefined && bench.text() === scenario.broken
  try {
    left = isStillBroken ? null : bench.record()
  } catch (error) {
    faults.push(`the record is broken: ${String(error)}`)
  }
  if (fault.kind === 'error' && typeof scenario.command !== 'string') {
    const { code, stderr } = traced
    check(code !== null && DOCUMENTED_CODES.includes(code), `exit code ${code}: ${stderr}`)
    check(code === 0 || /^(engine|lock): /m.test(stderr), `exit code ${code} without a word`)
    if (code === 0 && scenario.runs && !stderr.includes('could not be written')) {
      check(
        left?.ended?.reason === 'completed',
        `exit code 0, but the record says ${JSON.stringify(left?.ended)}`,
      )
      check(
        left?.last_iteration?.iteration === ITERATIONS,
        `exit code 0, but the last iteration is ${JSON.stringify(left?.last_iteration)}`,
      )
    }
  }

  check(!hadRecord || isStillBroken || left !== null || scenario.broken !== undefined, 'the record has gone')
  if (scenario.ownerEndsWell === true) {
    check(owner?.code === 0, `the owner ended with ${owner?.code}: ${owner?.stderr}`)
    const ended = JSON.stringify(left?.ended)
    check(left?.ended?.reason === 'completed', `the owner's record says ${ended}: ${owner?.stderr}`)
  }
  const status = await bench.command('status', 'lock', 'status', SESSION).ended
  check(
    [1, 3, ...(isStillBroken ? [4] : [])].includes(status.code ?? -1),
    `status says ${status.code}: ${status.stderr}`,
  )

  const before = bench.journal()
  const done = bench.done()
  const used = Math.max(0, left?.generation ?? 0, ...before.map(({ generation }) => generation))
  let recovery = await bench.command('recovery', 'engine', 'run', SESSION).ended
  const goesOn = canGoOn(left)
  if (!goesOn && recovery.code === 64) {
    recovery = await bench.command(
      'recovery',
      'engine',
      'run',
      SESSION,
      '-n',
      String(ITERATIONS),
      '--',
      bench.section,
    ).ended
  }
  check(recovery.code === 0, `the next run ended with ${recovery.code}: ${recovery.stderr}`)
  check(!STACK.test(recovery.stderr), `the next run printed a stack trace: ${recovery.stderr}`)

  const after = bench.record()
  check((after?.generation ?? 0) > used, `generation ${after?.generation} after ${used}`)
  check(after?.ended?.reason === 'completed', `the next run's record says ${JSON.stringify(after?.ended)}`)
  checkIterations(bench, left, goesOn ? done : [], goesOn, check)
  const kept = bench.done()
  check(
    done.every((entry) => kept.includes(entry)),
    `the history has lost an iteration: ${done.join(' ')}, then ${kept.join(' ')}`,
  )
  check(new Set(kept).size === kept.length, `the history has an iteration twice: ${kept.join(' ')}`)

  const findings = assess(bench.journal())
  check(findings.overlapsByJournal + findings.overlapsByLock === 0, 'two workers at once')
  check(findings.notGrown === 0, 'a generation was used twice')
  check(findings.repeated === 0, 'an iteration was begun twice in one run')

  for (const file of strangersIn(bench.sandbox.locks, SESSION))
    check(
      scenario.broken !== undefined && /^s\.json\.corrupt-/.test(file),
      `left in the lock directory: ${file}`,
    )
  const entry = `STRESS_DIR=${bench.sandbox.dir}`
  await until(PATIENCE_SECONDS, () => carriersOf(entry).length === 0)
  for (const { pid } of carriersOf(entry)) faults.push(`left running: pid ${pid}: ${commandOf(pid)}`)
  return faults
}

const checkIterations = (
  bench: Bench,
  left: Stored | null,
  history: readonly string[],
  goesOn: boolean,
  check: (holds: boolean, words: string) => void,
): void => {
  const begun = bench
    .journal()
    .flatMap(({ who, what, iteration }) => (who === 'recovery' && what === 'enter' ? [iteration] : []))
  const inRecord = goesOn ? (left?.last_iteration?.iteration ?? 0) : 0
  const inHistory = history.map((entry) => Number(entry.split('/')[1]))
  const done = Math.max(inRecord, 0, ...inHistory)
  const spent = goesOn ? (left?.iteration ?? 0) : 0
  const first = begun[0] ?? ITERATIONS + 1
  const words =
    `as done: ${inRecord} in the record, ${inHistory.join(' ') || 'none'} in the history; as begun: ${spent}; ` +
    `the next run did ${begun.join(' ') || 'nothing'}`
  const interrupted = left?.last_iteration?.result === 'interrupted'
  check(first > done || (interrupted && first === done), `an iteration was repeated (${words})`)
  check(first <= Math.max(spent, done) + 1, `an iteration was left out (${words})`)
  check(
    begun.length === 0 ? done >= ITERATIONS : begun.at(-1) === ITERATIONS,
    `the next run did not come to the end (${words})`,
  )
}

export type TrialResult = {
  readonly isMet: boolean
  /** What strace has seen last. */
  readonly met: string
  readonly faults: readonly string[]
}

/** What a trial's process is told; without a hit it only records. */
export type Task = { readonly layout: Layout; readonly scenario: string; readonly hit: Hit | null }

export const runTrial = async (layout: Layout, scenario: Scenario, hit: Hit): Promise<TrialResult> => {
  const bench = new Bench(layout, scenario.env ?? {})
  try {
    await scenario.prepare(bench)
    const hadRecord = bench.text() !== null
    const traced = await runTraced(bench, scenario, hit)
    // Whatever was hit instead has to be survived just the same.
    const faults = await assessTrial(bench, scenario, hit.fault, hadRecord, traced)
    const met = traced.trace.trimEnd().split('\n').slice(-2).join(' | ')
    return { isMet: traced.isMet, met, faults }
  } finally {
    bench.dispose()
  }
}

/** All calls of a scenario that touch the lock directory. */
export const recordPoints = async (layout: Layout, scenario: Scenario): Promise<readonly Point[]> => {
  const bench = new Bench(layout, scenario.env ?? {})
  try {
    await scenario.prepare(bench)
    const { trace, pid } = await runTraced(bench, scenario, null)
    const points = pointsOf(trace, bench.sandbox.locks, pid)
    if (points.length === 0) throw new Error(`no call of "${scenario.name}" touches the lock directory`)
    return points
  } finally {
    bench.dispose()
  }
}
