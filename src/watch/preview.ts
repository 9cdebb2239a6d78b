/** The screen of the selected session, or the end of its output. */
import { stripVTControlCharacters } from 'node:util'
import { printable } from '../core/printable.ts'
import type { LockRecord } from '../core/record.ts'
import type { Snapshot } from '../session/snapshot.ts'
import { lastOutputLines } from '../store/last-output.ts'
import { outputBytes } from '../store/output.ts'
import { capturePaintedScreen } from '../tmux/tmux.ts'
import type { World } from '../world.ts'
import type { Preview } from './state.ts'

/** No screen shows more of them. */
const LINES = 120
/** What is not recorded may change without a sign. */
const OLD_SECONDS = 5

const COLOURS = new RegExp(`(${String.fromCharCode(0x1b)}\\[[0-9;:]*m)`)

/** Text and colours; all else that could move the cursor is taken out. */
export const onlyColours = (line: string): string =>
  line
    .split(COLOURS)
    .map((part, index) => (index % 2 === 1 ? part : printable(stripVTControlCharacters(part))))
    .join('')

type Taken = { readonly key: string; readonly at: number; readonly preview: Preview }

export class Previews {
  readonly #world: World
  readonly #hasColours: boolean
  #last: Taken | null = null

  constructor(world: World, hasColours: boolean) {
    this.#world = world
    this.#hasColours = hasColours
  }

  /**
   * Starts a process, tmux, only when something was printed since, or when that cannot be told.
   *
   * @returns `null` when it is as it was
   */
  async take({ session, record, verdict }: Snapshot): Promise<Preview | null> {
    const printed = record === null ? 0 : this.#printed(record)
    const key = `${session} ${record?.generation} ${record?.iteration.number} ${verdict.state} ${printed}`
    const at = this.#world.clock.monotonic()
    const isOld = at - (this.#last?.at ?? 0) > OLD_SECONDS
    if (this.#last?.key === key && !(isOld && record?.tmux !== null)) return null
    const preview = await this.#read(session, record, verdict.ownerAlive === true)
    this.#last = { key, at, preview }
    return preview
  }

  #printed({ session, generation, iteration }: LockRecord): number {
    return outputBytes(this.#world.paths(session), generation, iteration.number)
  }

  /** A pane whose owner has ended may be in use for something else. */
  async #read(session: string, record: LockRecord | null, ownerAlive: boolean): Promise<Preview> {
    if (record === null) return { session, source: '', lines: [] }
    if (record.tmux !== null && ownerAlive) {
      const lines = await capturePaintedScreen(record.tmux, this.#world, this.#hasColours)
      if (lines.length > 0)
        return { session, source: `its pane, ${printable(record.tmux.pane)}`, lines: lines.map(onlyColours) }
    }
    const { generation, iteration } = record
    const lines = lastOutputLines(
      this.#world.paths(session),
      { generation, iteration: iteration.number },
      LINES,
    )
    return { session, source: `its output in iteration ${iteration.number}`, lines: lines.map(printable) }
  }
}
