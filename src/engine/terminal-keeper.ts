/**
 * Gives the terminal back after every iteration as the run found it: its modes, its screen, and the right to read from
 * it. A program that was ended has often put nothing back, and a shell with job control has taken the terminal.
 */
import { fstatSync, futimesSync } from 'node:fs'
import type { TmuxTarget } from '../core/record.ts'
import { resetSequence, type ScreenModes } from '../core/terminal-reset.ts'
import type { SavedTerminal } from '../guard/protocol.ts'
import { foregroundGroup } from '../process/terminal-group.ts'
import { readModes, send, takeForeground, withTerminal, writeModes } from '../process/terminal-modes.ts'
import { screenModes } from '../tmux/screen-modes.ts'
import type { World } from '../world.ts'

/** Of a tmux that does not answer. */
const USUAL: ScreenModes = { isAlternate: false, isOdd: false }

/** The kernel notes the time of a read in steps of 8 s. */
const LATELY_SECONDS = 9

export class TerminalKeeper {
  readonly saved: SavedTerminal
  readonly #world: World
  readonly #fd: number
  #wasForeground = false
  /** The time of the last read before the iteration, as begin() has left it. Milliseconds. */
  #readBefore = Number.POSITIVE_INFINITY

  private constructor(world: World, fd: number, saved: SavedTerminal) {
    this.#world = world
    this.#fd = fd
    this.saved = saved
  }

  /** @returns `null` when the workers have no terminal, or nothing can be told of it */
  static async open(world: World, pane: TmuxTarget | null): Promise<TerminalKeeper | null> {
    const fd = ([0, 1, 2] as const).find((one) => world.terminal.isTerminal(one))
    const modes = fd === undefined ? null : await readModes(fd)
    return fd === undefined || modes === null ? null : new TerminalKeeper(world, fd, { ...modes, pane })
  }

  /** Whether the iteration has read something that was typed, within its last seconds; in steps of 8 s. */
  wasReadLately(): boolean {
    const { atimeMs } = fstatSync(this.#fd)
    const isOfIteration = this.#wasForeground && atimeMs > this.#readBefore
    return isOfIteration && this.#world.clock.epoch() - atimeMs / 1000 < LATELY_SECONDS
  }

  /** Before a worker is started. */
  begin(): void {
    const group = this.#group()
    this.#wasForeground = group !== null && group.own === group.foreground
    this.#forgetReads()
  }

  /**
   * The command line of the run itself was typed a moment ago, and the kernel notes no second read in the same 8 s: so the
   * time of the last one is put back by more than that.
   */
  #forgetReads(): void {
    try {
      const { mtimeMs } = fstatSync(this.#fd)
      futimesSync(this.#fd, this.#world.clock.epoch() - 2 * LATELY_SECONDS, mtimeMs / 1000)
    } catch {
      // Another user's terminal: what is typed within 8 s of the start is not noticed.
    }
    this.#readBefore = fstatSync(this.#fd).atimeMs
  }

  /** When it has ended. One who has put the whole run into the background has the terminal for something else. */
  async restore(): Promise<void> {
    if (!this.#wasForeground || !(await this.#isForegroundAgain())) return
    const { path, modes: usual, pane } = this.saved
    const isChanged = (await readModes(this.#fd))?.modes !== usual
    if (isChanged) await writeModes(this.#fd, usual)
    const { run, env } = this.#world
    const screen = pane === null ? null : ((await screenModes(pane, run, env)) ?? USUAL)
    // What is sent to a pane is recorded with all else: nothing is, where nothing is to be put right.
    if (screen === null || isChanged || screen.isAlternate || screen.isOdd)
      await withTerminal(path, async (fd) => send(fd, resetSequence(screen)))
  }

  async #isForegroundAgain(): Promise<boolean> {
    const group = this.#group()
    if (group === null) return false
    if (group.own === group.foreground) return true
    // Somebody who lives has it: the shell to which the person has gone back.
    if (this.#world.probe(-group.foreground) !== 'none') return false
    if (await takeForeground(this.#fd, this.#world.inspector.hasProcfs)) return true
    this.#world.notify(
      'the terminal still belongs to a process group that has ended, and neither perl nor python3 is there to take it back; what reads from it will be stopped',
    )
    return false
  }

  #group(): ReturnType<typeof foregroundGroup> {
    return foregroundGroup(this.#world.self.pid, this.#world.inspector.hasProcfs)
  }
}
