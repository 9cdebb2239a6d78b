/**
 * The last resort of a run: a shell that waits for the end of a pipe which nobody but the owner can write to. When the
 * owner dies without having said `end`, it becomes Node with the guard's script (guard/orphan-mode.ts).
 *
 * It is there before the first worker, and costs next to nothing; the guard needs a moment to start, and may be killed.
 */
import type { ChildProcess } from 'node:child_process'
import {
  encodeLine,
  type GuardConfig,
  LOADER,
  SCRIPT_FD,
  WATCHDOG_CONFIG_VARIABLE,
} from '../guard/protocol.ts'
import type { World } from '../world.ts'
import { helperEnvironment } from './helper-environment.ts'

const MIN_UPTIME_SECONDS = 1
const END = encodeLine({ kind: 'end' })

const SCRIPT = [
  'trap "" HUP INT QUIT TERM',
  'IFS= read -r config || exit 0',
  `while IFS= read -r message; do [ "$message" = '${END.trim()}' ] && exit 0; done`,
  `${WATCHDOG_CONFIG_VARIABLE}=$config`,
  `export ${WATCHDOG_CONFIG_VARIABLE}`,
  'exec "$@"',
].join('\n')

export class Watchdog {
  readonly #world: World
  readonly #script: number
  readonly #readers: readonly number[]
  readonly #config: () => GuardConfig
  #child: ChildProcess | null = null
  #isOver = false

  /**
   * @param script the compiled guard, open
   * @param readers the reading ends of the worker's output: with them open the worker can write on
   */
  constructor(world: World, script: number, readers: readonly number[], config: () => GuardConfig) {
    this.#world = world
    this.#script = script
    this.#readers = readers
    this.#config = config
  }

  get isThere(): boolean {
    return this.#child?.pid !== undefined
  }

  start(): void {
    const started = this.#world.clock.monotonic()
    const before = new Array<'ignore'>(SCRIPT_FD - 1).fill('ignore')
    const command = [this.#world.self.execPath, '-e', LOADER]
    const child = this.#world.spawn('/bin/sh', ['-c', SCRIPT, 'session-lock-watchdog', ...command], {
      cwd: '/',
      env: helperEnvironment(this.#world.env),
      stdio: ['pipe', ...before, this.#script, ...this.#readers],
      detached: true,
    })
    this.#child = child
    child.stdin?.on('error', () => undefined)
    child.stdin?.write(encodeLine(this.#config()))
    const again = async (why: string): Promise<void> => {
      if (this.#isOver || this.#child !== child) return
      this.#child = null
      this.#world.notify(`the watchdog of this run ${why}; starting another`)
      if (this.#world.clock.monotonic() - started < MIN_UPTIME_SECONDS)
        await this.#world.clock.sleep(MIN_UPTIME_SECONDS)
      if (!this.#isOver) this.start()
    }
    child.on('exit', (code, signal) => void again(`has ended (${signal ?? `exit code ${code}`})`))
    child.on('error', (error) => void again(`could not be started (${error.message})`))
  }

  /** The run has ended in order. */
  end(): void {
    this.#isOver = true
    this.#child?.stdin?.write(END)
  }
}
