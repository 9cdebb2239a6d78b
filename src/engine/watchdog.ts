/**
 * The last resort of a run: a shell that waits for the end of a pipe which nobody but the owner can write to. When the
 * owner dies without having said `end`, it becomes Node with the guard's script (guard/orphan-mode.ts).
 *
 * It is there before the first worker, and costs next to nothing; the guard needs a moment to start, and may be killed.
 */
import type { ChildProcess } from 'node:child_process'
import {
  type GuardConfig,
  LOADER,
  SCRIPT_FD,
  WATCHDOG_CONFIG_VARIABLE,
  WATCHDOG_GUARD_VARIABLE,
} from '../guard/protocol.ts'
import type { World } from '../world.ts'
import { helperEnvironment } from './helper-environment.ts'

const MIN_UPTIME_SECONDS = 1

/** Words of one line each, for a shell to read. */
const END = 'end\n'
const guardLine = (pid: number): string => `guard ${pid}\n`

/**
 * While the guard is at work Node is not started: it would take from it the processor that it needs. Whether the guard is
 * done the record says; one that is gone, a zombie or stopped is not waited for. When the owner was killed between the record's
 * end and its last words, a stopped guard is continued, to end by itself. All in the shell's own commands but `sleep`.
 */
const SCRIPT = `
trap "" HUP INT QUIT TERM
record=$1 guard= tries=0
shift
IFS= read -r cookie || exit 0
while IFS= read -r message; do
  case $message in
    end) exit 0 ;;
    "guard "*) guard=\${message#guard } ;;
  esac
done
has_ended() {
  is_ours=
  while IFS= read -r line; do
    case $line in
      " \\"cookie\\": \\"$cookie\\",") is_ours=yes ;;
      " \\"ended\\": {"*) [ -n "$is_ours" ] && return 0 ;;
    esac
  done <"$record" 2>/dev/null
  return 1
}
look_at_guard() {
  state=gone
  [ -n "$guard" ] && kill -0 "$guard" 2>/dev/null || return 0
  state=unknown
  [ -r "/proc/$guard/stat" ] || return 0
  if IFS= read -r stat <"/proc/$guard/stat"; then state=\${stat##*) }; else state=gone; fi
}
guard_works() {
  look_at_guard
  case $state in gone | [ZXTt]*) return 1 ;; esac
}
leave() {
  look_at_guard
  case $state in unknown | [Tt]*) kill -CONT "$guard" 2>/dev/null ;; esac
  exit 0
}
while [ "$tries" -lt 15 ] && guard_works; do
  has_ended && leave
  sleep 0.1
  tries=$((tries + 1))
done
has_ended && leave
${WATCHDOG_GUARD_VARIABLE}=$guard
export ${WATCHDOG_GUARD_VARIABLE}
exec "$@"
`

/** Descriptors. */
export type Inherited = {
  /** The compiled guard, open. */
  readonly script: number
  /** The reading ends of the worker's output: with them open the worker can write on. */
  readonly readers: readonly number[]
  /** Of exclusive paths and places; not the session's, which it takes itself when the guard has gone. */
  readonly locks: readonly number[]
}

export class Watchdog {
  readonly #world: World
  readonly #inherited: Inherited
  readonly #config: () => GuardConfig
  readonly #onGone: () => void
  #child: ChildProcess | null = null
  #guard: number | undefined
  #isOver = false

  /** @param onGone called when it has ended before the run, and before another one is started */
  constructor(world: World, inherited: Inherited, config: () => GuardConfig, onGone: () => void) {
    this.#world = world
    this.#inherited = inherited
    this.#config = config
    this.#onGone = onGone
  }

  get isThere(): boolean {
    return this.#child?.pid !== undefined
  }

  start(): void {
    const started = this.#world.clock.monotonic()
    const before = new Array<'ignore'>(SCRIPT_FD - 1).fill('ignore')
    const command = [this.#world.self.execPath, '-e', LOADER]
    const config = this.#config()
    const { session } = config
    const { record } = this.#world.paths(session)
    const { script, readers, locks } = this.#inherited
    const words = ['-c', SCRIPT, 'session-lock-watchdog', record, ...command]
    const child = this.#world.spawn('/bin/sh', words, {
      argv0: `session-lock watchdog ${session}`,
      cwd: '/',
      // Not on its input: a shell reads a line from a pipe byte by byte.
      env: { ...helperEnvironment(this.#world.env), [WATCHDOG_CONFIG_VARIABLE]: JSON.stringify(config) },
      stdio: ['pipe', ...before, script, ...readers, ...locks],
      detached: true,
    })
    this.#child = child
    child.stdin?.on('error', () => undefined)
    // By the cookie, because a run in a lock directory that was made anew may have the same number.
    child.stdin?.write(`${config.known.cookie}\n`)
    if (this.#guard !== undefined) child.stdin?.write(guardLine(this.#guard))
    const again = async (why: string): Promise<void> => {
      if (this.#isOver || this.#child !== child) return
      this.#child = null
      this.#onGone()
      this.#world.notify(`the watchdog of this run ${why}; starting another`)
      if (this.#world.clock.monotonic() - started < MIN_UPTIME_SECONDS)
        await this.#world.clock.sleep(MIN_UPTIME_SECONDS)
      if (!this.#isOver) this.start()
    }
    child.on('exit', (code, signal) => void again(`has ended (${signal ?? `exit code ${code}`})`))
    child.on('error', (error) => void again(`could not be started (${error.message})`))
  }

  /** @param pid of the guard from now on: while that works the watchdog only waits */
  tellGuard(pid: number): void {
    this.#guard = pid
    this.#child?.stdin?.write(guardLine(pid))
  }

  /** The run has ended in order. */
  end(): void {
    this.#isOver = true
    this.#child?.stdin?.write(END)
    // One that somebody has stopped would not read it.
    this.#child?.kill('SIGCONT')
  }
}
