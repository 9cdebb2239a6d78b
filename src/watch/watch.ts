/** The table on a terminal, from the first picture until the person leaves it. */
import { STDOUT, type Terminal, terminalOf } from '../cli/terminal.ts'
import { LockError } from '../core/errors.ts'
import { printable } from '../core/printable.ts'
import type { Snapshot } from '../session/snapshot.ts'
import type { World } from '../world.ts'
import { Children, type Program } from './children.ts'
import { cutter } from './cut.ts'
import { helpLines, layout, pageRows, unfolded } from './layout.ts'
import { Previews } from './preview.ts'
import { type Escapes, Screen } from './screen.ts'
import { Sessions } from './sessions.ts'
import { type Effect, FIRST_STATE, type Key, opened, press, said, seen, type WatchState } from './state.ts'

const LOOK_MS = 1000

/** As of a shell: 128 and the number of the signal. */
const SIGNAL_CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const

const clockText = (epoch: number): string => new Date(epoch * 1000).toTimeString().slice(0, 8)

/** As a shell's prompt has it: `~/locks`. */
const abbreviated = (path: string, home: string | undefined): string =>
  home && path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path

export type WatchOptions = {
  readonly program: Program
  /** The tmux client that shows a chosen session: the table is left then. `undefined`: the person's terminal. */
  readonly client: string | undefined
}

export class Watch {
  readonly #world: World
  readonly #client: string | undefined
  readonly #screen: Screen
  readonly #paint: Terminal['paint']
  readonly #sessions: Sessions
  readonly #previews: Previews
  readonly #children: Children
  #cut: (text: string, columns: number) => string = (text) => text
  #state: WatchState = FIRST_STATE
  #snapshots: readonly Snapshot[] = []
  #isPreviewing = false
  #end: (code: number) => void = () => undefined
  #fail: (error: unknown) => void = () => undefined

  constructor(world: World, escapes: Escapes, { program, client }: WatchOptions) {
    this.#world = world
    this.#client = client
    this.#screen = new Screen(escapes, () => this.#guarded(() => this.#tick()))
    this.#sessions = new Sessions(world)
    this.#paint = terminalOf(STDOUT, world.env).paint
    this.#previews = new Previews(world, this.#paint('bold', '') !== '')
    this.#children = new Children(world, program)
  }

  /** @returns the exit code */
  async run(): Promise<number> {
    const ended = new Promise<number>((resolve, reject) => {
      this.#end = resolve
      this.#fail = reject
    })
    this.#obeySignals()
    this.#look()
    this.#screen.enter()
    this.#draw()
    const timer = setInterval(() => this.#guarded(() => this.#tick()), LOOK_MS)
    try {
      await this.#listen()
      // The first picture has no colours of others.
      this.#cut = await cutter()
      void this.#preview()
      return await ended
    } finally {
      clearInterval(timer)
      await this.#screen.close()
    }
  }

  /** Whatever goes wrong ends the table, with the terminal as it was. */
  #guarded(act: () => void): void {
    try {
      act()
    } catch (error) {
      this.#fail(error)
    }
  }

  #listen(): Promise<void> {
    return this.#screen.listen({
      onKey: (key) => this.#guarded(() => this.#press(key)),
      onResize: () => this.#guarded(() => this.#draw()),
      onEnd: () => this.#end(SIGNAL_CODES.SIGHUP),
    })
  }

  #obeySignals(): void {
    for (const name of ['SIGHUP', 'SIGTERM'] as const)
      this.#world.self.onSignal(name, () => this.#end(SIGNAL_CODES[name]))
    // While another program has the terminal, Ctrl-C is meant for that one.
    this.#world.self.onSignal('SIGINT', () => {
      if (this.#screen.isEntered) this.#end(SIGNAL_CODES.SIGINT)
    })
  }

  #tick(): void {
    if (!this.#screen.isEntered) return
    this.#look()
    this.#draw()
    void this.#preview()
  }

  #look(): void {
    try {
      const { snapshots, rows, now, isGone } = this.#sessions.look()
      this.#snapshots = snapshots
      this.#state = { ...seen(this.#state, rows, now.monotonic), isGone }
    } catch (error) {
      if (!(error instanceof LockError)) throw error
      this.#state = { ...this.#state, problem: printable(error.message) }
    }
  }

  #draw(): void {
    const { lockDir, clock, env } = this.#world
    this.#screen.draw(
      layout(this.#state, {
        size: this.#screen.size,
        paint: this.#paint,
        cut: this.#cut,
        clock: clockText(clock.epoch()),
        lockDir: printable(abbreviated(lockDir, env.HOME)),
      }),
    )
  }

  async #preview(): Promise<void> {
    const { selected } = this.#state
    const snapshot = this.#snapshots.find(({ session }) => session === selected)
    if (this.#isPreviewing || snapshot === undefined) return
    this.#isPreviewing = true
    try {
      const preview = await this.#previews.take(snapshot)
      if (preview !== null) this.#change({ ...this.#state, preview })
    } catch (error) {
      this.#fail(error)
    } finally {
      this.#isPreviewing = false
    }
    // Somebody has gone on meanwhile.
    if (this.#state.selected !== selected) void this.#preview()
  }

  #change(state: WatchState): void {
    this.#state = state
    this.#draw()
  }

  #say(text: string): void {
    this.#change(said(this.#state, text, this.#world.clock.monotonic()))
  }

  #press(key: Key): void {
    const { selected } = this.#state
    const page = pageRows(this.#state, this.#screen.size)
    const [state, effect] = press(this.#state, key, { page, now: this.#world.clock.monotonic() })
    this.#change(state)
    if (state.selected !== selected) void this.#preview()
    void this.#carryOut(effect).catch((error: unknown) => this.#fail(error))
  }

  async #carryOut(effect: Effect): Promise<void> {
    switch (effect.kind) {
      case 'none':
        return
      case 'quit':
        return this.#end(0)
      case 'suspend':
        return this.#screen.suspend()
      case 'help':
        return this.#change(opened(this.#state, 'keys', helpLines(this.#screen.size.columns)))
      case 'attach':
        return this.#attach(effect.session)
      case 'open': {
        const { verb, session } = effect
        this.#say(`${verb} ${session} …`)
        const { columns } = this.#screen.size
        const lines = (await this.#children.read(verb, session)).flatMap((line) => unfolded(line, columns))
        return this.#change(opened({ ...this.#state, message: null }, `${verb} ${session}`, lines))
      }
      case 'act': {
        const { action, session } = effect
        this.#say(`${action} ${session} …`)
        const text = await this.#children.act(action, session)
        // A key that follows what is said must meet the table as it is by then: the session may have moved in it.
        this.#look()
        return this.#say(text)
      }
    }
  }

  async #attach(session: string): Promise<void> {
    this.#screen.leave()
    const problem = await this.#children.attach(session, this.#client)
    if (problem === null && this.#client !== undefined) return this.#end(0)
    this.#screen.enter()
    if (problem !== null) this.#state = said(this.#state, problem, this.#world.clock.monotonic())
    this.#tick()
  }
}

/** @returns the exit code */
export const watchOnTerminal = async (world: World, options: WatchOptions): Promise<number> =>
  new Watch(world, await import('ansi-escapes'), options).run()
