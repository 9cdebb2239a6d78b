/** Keeps a run's output, and that of the session's earlier runs, within `--keep` and `--keep-size` while it goes on. */
import { type PrunedSize, pruneIterations, pruneToSize } from '../store/prune-runs.ts'
import type { World } from '../world.ts'
import type { Owner } from './owner.ts'

export class OutputKeeper {
  readonly #world: Pick<World, 'notify'>
  readonly #owner: Pick<Owner, 'record' | 'paths' | 'lockLoss'>
  /** What the session's output holds at most, in bytes; `null` before it was looked at. */
  #bytes: number | null = null
  #hasReported = false

  constructor(world: Pick<World, 'notify'>, owner: Pick<Owner, 'record' | 'paths' | 'lockLoss'>) {
    this.#world = world
    this.#owner = owner
  }

  /**
   * After an iteration. The files are counted only when they may be too large together: a run may have a million iterations.
   *
   * @param bytes that it has printed
   */
  prune(bytes: number): void {
    const { record, paths, lockLoss } = this.#owner
    if (lockLoss !== null) return
    const { generation, options } = record
    const iteration = record.iteration.number
    if (iteration > options.keep)
      this.#report(pruneIterations(paths, { generation, iteration: iteration - options.keep }))
    this.#bytes = this.#bytes === null ? null : this.#bytes + bytes
    if (this.#bytes !== null && this.#bytes <= options.keep_size) return
    const pruned: PrunedSize = pruneToSize(paths, options.keep_size, { generation, iteration })
    this.#bytes = pruned.bytes
    this.#report(pruned.problems)
  }

  /** Once in a run. */
  #report(problems: readonly string[]): void {
    if (problems[0] === undefined || this.#hasReported) return
    this.#hasReported = true
    this.#world.notify(problems[0])
  }
}
