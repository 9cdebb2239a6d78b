/**
 * Keeps a refresher beside a worker: starts it when the iteration has lasted a moment, starts another when it dies,
 * and stops it before the owner writes again. Owner and refresher never write at the same time.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { REFRESHER_DELAY_SECONDS, REFRESHER_STOP_SECONDS } from '../core/defaults.ts'
import { timerMilliseconds } from '../process/clock.ts'
import { lostLine, PING, type RefresherConfig, STOP } from '../refresher/protocol.ts'
import type { World } from '../world.ts'
import type { Owner } from './owner.ts'

/** A refresher that has died sooner than this is restarted after a pause. */
const MIN_UPTIME_SECONDS = 1

/** Variables that would cost the refresher time or memory, or connect it to another run. */
const NOT_FOR_THE_REFRESHER = /^(NODE_OPTIONS|NODE_EXTRA_CA_CERTS|LOCK_(?!.*_STRATEGY$).*)$/

export class RefresherKeeper {
  readonly #world: World
  readonly #owner: Owner
  readonly #script: string
  readonly #stopped = new AbortController()
  #ended: Promise<void> = Promise.resolve()
  #current: ChildProcess | null = null

  /** @param script the compiled refresher */
  constructor(world: World, owner: Owner, script: string) {
    this.#world = world
    this.#owner = owner
    this.#script = script
  }

  start(): void {
    this.#ended = this.#keep()
  }

  /** Output could not be written: the next beat records that. @param bytes of this run, so far */
  reportLost(bytes: number): void {
    this.#current?.stdin?.write(`${lostLine(bytes)}\n`)
  }

  /** Resolves when no refresher lives any more. */
  async stop(): Promise<void> {
    this.#stopped.abort()
    this.#current?.stdin?.end(`${STOP}\n`)
    const killTimer = new AbortController()
    const killIfLate = this.#world.clock.sleep(REFRESHER_STOP_SECONDS, killTimer.signal).then(() => {
      if (!killTimer.signal.aborted) this.#current?.kill('SIGKILL')
    })
    // A stopped refresher reads nothing.
    if (this.#isStopped()) this.#current?.kill('SIGKILL')
    await this.#ended
    killTimer.abort()
    await killIfLate
  }

  #isStopped(): boolean {
    const pid = this.#current?.pid
    if (pid === undefined) return false
    const inspection = this.#world.inspector.snapshot().inspect(pid)
    return inspection.kind === 'process' && inspection.facts.state === 'stopped'
  }

  async #keep(): Promise<void> {
    const { clock } = this.#world
    let pause = REFRESHER_DELAY_SECONDS
    for (;;) {
      await clock.sleep(pause, this.#stopped.signal)
      if (this.#stopped.signal.aborted) return
      const started = clock.monotonic()
      try {
        await this.#runOne()
      } catch (error) {
        this.#world.notify(`the refresher could not be started (${String(error)}); trying again`)
      }
      pause =
        clock.monotonic() - started < MIN_UPTIME_SECONDS
          ? Math.min(MIN_UPTIME_SECONDS, this.#owner.record.heartbeat.interval)
          : 0
    }
  }

  /** Resolves when the refresher has ended, for whatever reason. */
  async #runOne(): Promise<void> {
    const env = Object.fromEntries(
      Object.entries(this.#world.env).filter(([name]) => !NOT_FOR_THE_REFRESHER.test(name)),
    )
    // Not execa: it hands on no open descriptor but the first three.
    const child = spawn(process.execPath, [this.#script], {
      cwd: '/',
      env,
      stdio: ['pipe', 'ignore', 'ignore', this.#owner.lock.fd],
      // Out of the terminal's reach: a Ctrl-C is the owner's business.
      detached: true,
    })
    this.#current = child
    const config: RefresherConfig = {
      lockDir: this.#world.lockDir,
      record: this.#owner.record,
      lockTool: this.#owner.lock.tool,
      forcedProcessStrategy: this.#world.env.LOCK_PROCESS_STRATEGY ?? null,
      host: this.#world.observer.host,
    }
    // It may die while it is written to; its end is seen below.
    child.stdin?.on('error', () => undefined)
    child.stdin?.write(`${JSON.stringify(config)}\n`)
    const pings = setInterval(
      () => child.stdin?.write(`${PING}\n`),
      timerMilliseconds(this.#owner.record.heartbeat.interval),
    )
    await new Promise<void>((resolve) => {
      const ended = (): void => {
        clearInterval(pings)
        this.#current = null
        resolve()
      }
      child.on('exit', ended)
      child.on('error', (error) => {
        this.#world.notify(`the refresher could not be started (${error.message}); trying again`)
        ended()
      })
    })
    this.#owner.adoptRefresherState()
  }
}
