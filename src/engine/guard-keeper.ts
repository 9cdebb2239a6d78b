/**
 * Keeps a guard beside the owner, and a watchdog beside both; starts another when one of them dies.
 *
 * The watchdog is there before the first worker. The guard is a process of Node, which takes longer to start than a short
 * command takes to run. So it is started when the run has lasted for a moment, or when there is output that the owner
 * cannot keep and show by itself. Until then the watchdog alone ends the worker of an owner that dies.
 *
 * Owner and guard never write the record at the same time: the guard writes between {@link GuardKeeper.watch} and
 * {@link GuardKeeper.pause}, the owner at all other times. A guard that does not answer is killed first.
 */
import type { ChildProcess } from 'node:child_process'
import type { Readable } from 'node:stream'
import { GUARD_DELAY_SECONDS, REFRESHER_DELAY_SECONDS, REFRESHER_STOP_SECONDS } from '../core/defaults.ts'
import { errors } from '../core/errors.ts'
import { poll } from '../core/poll.ts'
import type { LockRecord, ProcessReference } from '../core/record.ts'
import { DEFAULT_OPTIONS } from '../core/run-options.ts'
import {
  encodeLine,
  type GuardConfig,
  type GuardMessage,
  LOADER,
  type Observed,
  type OwnerMessage,
  parseLine,
  REPORT_FD,
  type SavedTerminal,
} from '../guard/protocol.ts'
import { timerMilliseconds } from '../process/clock.ts'
import { readLines } from '../process/lines.ts'
import type { RecorderConfig, RecorderReport } from '../recorder/protocol.ts'
import type { World } from '../world.ts'
import { Hang } from './hang.ts'
import { helperEnvironment } from './helper-environment.ts'
import type { Owner } from './owner.ts'
import { Watchdog } from './watchdog.ts'

/** One that dies younger than this is not replaced at once. */
const MIN_UPTIME_SECONDS = 1
/** A guard answers within milliseconds; from here on it is worth a look whether it is stopped. */
const ANSWER_SECONDS = 0.1
/** However busy the machine is, one of the two is there by then. */
const START_SECONDS = 10
const POLL_SECONDS = 0.01

const NOTHING = new Uint8Array()

/** What the guard reads, and where it shows it. */
export type GuardStreams = {
  /** Of the FIFOs, in the order of the configuration's streams. */
  readonly readers: readonly number[]
  /** Whether it is started with the run, and not only when there is something to record, or after a moment. */
  readonly isNeededAtOnce: boolean
  readonly terminal: SavedTerminal | null
  readonly recording: Omit<RecorderConfig, 'iteration' | 'lost'>
}

/** Without what is long and leads to no process. */
const knownOf = (record: LockRecord): LockRecord => ({
  ...record,
  command: [],
  options: { ...DEFAULT_OPTIONS, grace: record.options.grace },
  loop: { ...record.loop, repetition: null },
  watch: null,
})

type Guard = {
  readonly child: ChildProcess
  /** `undefined` before it says that it is ready. */
  reference: ProcessReference | null | undefined
  /** It writes the record, until it says that it has stopped. */
  isWatching: boolean
  readonly exited: Promise<void>
}

export class GuardKeeper {
  readonly #world: World
  readonly #owner: Owner
  readonly #script: number
  readonly #streams: GuardStreams
  readonly #watchdog: Watchdog
  readonly #over = new AbortController()
  readonly hang: Hang
  #isStarted = false
  #saidNotifyFailed = false
  #guard: Guard | null = null
  #hear: (report: RecorderReport) => void = () => undefined
  #tellGone: () => void = () => undefined
  #tellPing: () => void = () => undefined
  /** The iteration that the output is in, as far as a guard has told. */
  #begun: number
  /** Aborted when the guard of now is not to watch any more; `null` when none is to. */
  #watching: AbortController | null = null
  #isDue = false
  #pauses = 0
  #onPaused: ((observed: Observed | null) => void) | null = null

  /** @param script the compiled guard, open */
  constructor(world: World, owner: Owner, script: number, streams: GuardStreams) {
    this.#world = world
    this.#owner = owner
    this.hang = new Hang(world.clock)
    this.#script = script
    this.#streams = streams
    this.#begun = owner.record.iteration.number
    // Its configuration goes through an environment variable, which holds less than a command line.
    const inherited = { script, readers: streams.readers, locks: this.#otherLocks() }
    const config = (): GuardConfig => this.#config({ untilOutput: null })
    // Without a guard nobody would be left meanwhile.
    this.#watchdog = new Watchdog(world, inherited, config, () => this.startNow())
  }

  /** @param hear gets what the recorder in the guard reports */
  start(hear: (report: RecorderReport) => void): void {
    this.#hear = hear
    this.#watchdog.start()
    if (this.#streams.isNeededAtOnce) this.startNow()
    else void this.#world.clock.sleep(GUARD_DELAY_SECONDS, this.#over.signal).then(() => this.startNow())
  }

  /** Whether there is a guard, or was one. */
  get isStarted(): boolean {
    return this.#isStarted
  }

  /**
   * Starts the first guard; a second call does nothing.
   *
   * @param unshown for each stream what is kept already, and is still to be shown
   */
  startNow(unshown: readonly Uint8Array[] = []): void {
    if (!this.#isStarted && !this.#over.signal.aborted) this.#start(unshown)
  }

  /** An iteration begins; a guard that is there learns it from the marker in its output. */
  begin(iteration: number): void {
    if (!this.#isStarted) this.#begun = iteration
  }

  /**
   * Resolves when somebody would notice the owner's death from now on, which is at once, but after trouble.
   *
   * @throws LockError `io` when neither guard nor watchdog can be started: a worker would be left to itself
   */
  async ensure(): Promise<void> {
    const timing = { seconds: START_SECONDS, pauseSeconds: POLL_SECONDS }
    const isGuarded = (): boolean => this.#watchdog.isThere || this.#guard?.reference !== undefined
    if ((await poll(this.#world.clock, timing, isGuarded)) !== null) return
    throw errors.io('neither a guard nor a watchdog could be started, and a worker needs one', 'see above')
  }

  /** The guard of now, for the record; `null` before it is ready. */
  get reference(): ProcessReference | null {
    return this.#guard?.reference ?? null
  }

  /** Whether a guard looks at what the run stands on, as far as one can know: it may be stopped. */
  get isLooking(): boolean {
    return this.#guard?.reference !== undefined
  }

  /** @param look called when the guard has found gone what the run stands on */
  onGone(look: () => void): void {
    this.#tellGone = look
  }

  /** @param act called with each ping of the owner, which is awake for it */
  onPing(act: () => void): void {
    this.#tellPing = act
  }

  /** The worker runs. A guard takes over the record in a moment, so that a short iteration costs no exchange with it. */
  watch(): void {
    const watching = new AbortController()
    this.#watching = watching
    this.#isDue = false
    void this.#world.clock.sleep(REFRESHER_DELAY_SECONDS, watching.signal).then(() => {
      if (watching.signal.aborted) return
      this.#isDue = true
      this.#tellToWatch()
    })
  }

  /** After this the owner writes, and knows what the guard has seen. */
  async pause(): Promise<void> {
    this.#watching?.abort()
    this.#watching = null
    this.#isDue = false
    const guard = this.#guard
    if (guard === null || !guard.isWatching) return
    const observed = await this.#askToPause(guard)
    guard.isWatching = false
    if (observed !== null) this.#owner.stage(observed)
  }

  /** One that is stopped reads no output; the next one goes on where it was. */
  async replaceStopped(): Promise<void> {
    const guard = this.#guard
    if (guard === null || !this.#isStopped(guard)) return
    guard.child.kill('SIGKILL')
    await guard.exited
  }

  /** The run has ended, and is recorded. */
  end(): void {
    this.#over.abort()
    if (this.#guard !== null) {
      this.#send(this.#guard, { kind: 'end' })
      // One that somebody has stopped would not hear it, and stay for ever.
      this.#guard.child.kill('SIGCONT')
    }
    this.#watchdog.end()
  }

  #tellNotifyFailed(): void {
    if (this.#saidNotifyFailed) return
    this.#saidNotifyFailed = true
    const { session, generation } = this.#owner.record
    const log = this.#world.paths(session).notifyLog(generation)
    this.#world.notify(
      `the command of --notify has failed, see ${log}; to try it: lock.sh notify-test ${session}`,
    )
  }

  #config(changes: Partial<RecorderConfig> = {}): GuardConfig {
    const { record, lock } = this.#owner
    return {
      lockDir: this.#world.lockDir,
      session: record.session,
      generation: record.generation,
      known: knownOf(record),
      lockTool: lock.tool,
      processStrategy: this.#world.env.LOCK_PROCESS_STRATEGY ?? null,
      host: this.#world.observer.host,
      terminal: this.#streams.terminal,
      recording: { ...this.#streams.recording, iteration: this.#begun, lost: record.output_lost, ...changes },
      otherLocks: this.#owner.otherLocks.length,
      recordsOnly: false,
    }
  }

  #otherLocks(): readonly number[] {
    return this.#owner.otherLocks.map((lock) => lock.share())
  }

  #start(unshown: readonly Uint8Array[] = []): void {
    this.#isStarted = true
    const started = this.#world.clock.monotonic()
    const { streams } = this.#streams.recording
    const shows = (fd: 1 | 2) => (streams.some(({ show }) => show === fd) ? 'inherit' : 'ignore')
    const child = this.#world.spawn(this.#world.self.execPath, ['-e', LOADER], {
      cwd: '/',
      env: helperEnvironment(this.#world.env),
      // Of the lock it gets a copy: while it lives nobody else can claim, and its writes cannot come late.
      stdio: [
        'pipe',
        shows(1),
        shows(2),
        'pipe',
        this.#owner.lock.share(),
        this.#script,
        ...this.#streams.readers,
        ...this.#otherLocks(),
      ],
      // Out of the terminal's reach: a Ctrl-C is the owner's business.
      detached: true,
    })
    const exited = new Promise<string>((resolve) => {
      child.on('exit', (code, signal) => resolve(`has ended (${signal ?? `exit code ${code}`})`))
      child.on('error', (error) => resolve(`could not be started (${error.message})`))
    })
    const guard: Guard = {
      child,
      reference: undefined,
      isWatching: false,
      exited: exited.then((why) => this.#ended(guard, why, started)),
    }
    this.#guard = guard
    child.stdin?.on('error', () => undefined)
    const all = streams.map((stream, index) => {
      const bytes = unshown[index] ?? NOTHING
      return bytes.length === 0 ? stream : { ...stream, unshown: Buffer.from(bytes).toString('base64') }
    })
    child.stdin?.write(encodeLine(this.#config({ streams: all })))
    if (child.pid !== undefined) this.#watchdog.tellGuard(child.pid)
    // Without a free descriptor there is no child, and it has no pipes; the error says so later.
    const reports = child.stdio?.[REPORT_FD] as Readable | undefined
    if (reports) readLines(reports, (line) => this.#take(guard, parseLine<GuardMessage>(line)))
  }

  #ended(guard: Guard, why: string, started: number): void {
    if (this.#over.signal.aborted || this.#guard !== guard) return
    this.#guard = null
    // Its beats are on the disk, and newer than what the owner knows.
    if (guard.isWatching) this.#owner.adoptRefresherState()
    guard.isWatching = false
    this.#paused(null)
    this.#world.notify(`the guard of this run ${why}; starting another`)
    void this.#startAgain(this.#world.clock.monotonic() - started)
  }

  async #startAgain(uptime: number): Promise<void> {
    const { interval } = this.#owner.record.heartbeat
    const pause = uptime < MIN_UPTIME_SECONDS ? Math.min(MIN_UPTIME_SECONDS, interval) : 0
    if (pause > 0) await this.#world.clock.sleep(pause, this.#over.signal)
    if (!this.#over.signal.aborted) this.#start()
  }

  #take(guard: Guard, message: GuardMessage): void {
    switch (message.kind) {
      case 'ready':
        guard.reference = message.reference
        this.#tellToWatch()
        return
      case 'paused':
        if (message.id === this.#pauses) this.#paused(message.observed)
        return
      case 'begun':
        this.#begun = message.iteration
        return
      case 'hung':
        this.hang.hear(message)
        return
      case 'gone':
        this.#tellGone()
        return
      case 'notify-failed':
        this.#tellNotifyFailed()
        return
      case 'lost':
        this.#owner.stage({ output_lost: message.bytes })
        break
    }
    this.#hear(message)
  }

  /** Not before it is ready: then it also answers at once when it is to stop. */
  #tellToWatch(): void {
    const guard = this.#guard
    const watching = this.#watching
    if (!this.#isDue || watching === null || guard === null || guard.isWatching) return
    if (guard.reference === undefined) return
    guard.isWatching = true
    this.#send(guard, { kind: 'watch', record: this.#owner.record })
    const pings = setInterval(() => {
      this.#send(guard, { kind: 'ping' })
      this.#tellPing()
    }, timerMilliseconds(this.#owner.record.heartbeat.interval))
    const stop = (): void => clearInterval(pings)
    watching.signal.addEventListener('abort', stop, { once: true })
    void guard.exited.then(stop)
  }

  #send({ child }: Guard, message: OwnerMessage): void {
    child.stdin?.write(encodeLine(message))
  }

  /** `null` when it had to be killed, or died meanwhile: then the disk has its last words. */
  #askToPause(guard: Guard): Promise<Observed | null> {
    this.#pauses += 1
    const answer = new Promise<Observed | null>((resolve) => {
      this.#onPaused = resolve
    })
    this.#send(guard, { kind: 'pause', id: this.#pauses })
    void this.#killSilent(guard, answer)
    return answer
  }

  async #killSilent(guard: Guard, answer: Promise<unknown>): Promise<void> {
    const { clock } = this.#world
    const answered = new AbortController()
    void answer.then(() => answered.abort())
    await clock.sleep(ANSWER_SECONDS, answered.signal)
    // A stopped one reads no messages.
    if (!answered.signal.aborted && !this.#isStopped(guard))
      await clock.sleep(REFRESHER_STOP_SECONDS, answered.signal)
    if (!answered.signal.aborted) guard.child.kill('SIGKILL')
  }

  #paused(observed: Observed | null): void {
    this.#onPaused?.(observed)
    this.#onPaused = null
  }

  #isStopped({ child }: Guard): boolean {
    if (child.pid === undefined) return false
    const inspection = this.#world.inspector.snapshot().inspect(child.pid)
    return inspection.kind === 'process' && inspection.facts.state === 'stopped'
  }
}
