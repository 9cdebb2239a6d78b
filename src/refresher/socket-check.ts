/**
 * Asks what a worker's sockets have received, twice before it counts as silent or spinning: when half of the limit is over,
 * and shortly before its end. What has come in between is a sign of life that no file of /proc shows.
 *
 * While the worker counts as either it asks again after every half of the limit; one answer that something has come
 * is then a burst, and two in a row are a return.
 */
import type { Limits, Progress } from '../core/progress.ts'
import type { ProcessReference } from '../core/record.ts'
import type { ReceivedReader } from '../process/received.ts'

const PAUSE_FRACTION = 0.5

/** What would be declared next, if it is not far: since when it counts, and after how long. */
type Wait = { readonly since: number; readonly limit: number }

export class SocketCheck {
  readonly #reader: ReceivedReader
  readonly #interval: number
  readonly #limits: Limits
  #askedAt = Number.NEGATIVE_INFINITY
  /** The end of the period that the last answer was about. */
  #answeredTo = Number.NEGATIVE_INFINITY
  /** Answers in a row that something has come. */
  #positive = 0

  constructor(reader: ReceivedReader, limits: Limits, interval: number) {
    this.#reader = reader
    this.#limits = limits
    this.#interval = interval
  }

  /**
   * Once for each sample, before it is assessed.
   *
   * @returns bytes that have come in the period asked about, each answer once; 0 as long as the last answer is that
   *   nothing has come since the worker became silent; `null` when that is not known
   */
  check(progress: Progress, at: number, tree: readonly ProcessReference[]): number | null {
    const wait = this.#nextVerdict(progress, at)
    if (wait === null) return null
    this.#askWhenDue(wait, at, tree)
    const answer = this.#reader.read()
    if (answer.kind === 'unknown') return null
    const isAfter = answer.from >= wait.since - this.#interval
    if (answer.bytes === 0) {
      if (answer.to > this.#answeredTo) this.#positive = 0
      this.#answeredTo = Math.max(answer.to, this.#answeredTo)
      return answer.isComplete && isAfter ? 0 : null
    }
    if (answer.to <= this.#answeredTo) return null
    this.#answeredTo = answer.to
    this.#positive += 1
    // One that compares with an earlier time says nothing about this one.
    return isAfter && !(progress.stall !== null && this.#positive === 1) ? answer.bytes : null
  }

  #nextVerdict({ firm, progress }: Progress, at: number): Wait | null {
    const { quietAfter, stuckAfter } = this.#limits
    const isNear = ({ since, limit }: Wait): boolean => at - since >= PAUSE_FRACTION * limit - this.#interval
    const silent = quietAfter === null ? null : { since: firm, limit: quietAfter }
    if (silent !== null && isNear(silent)) return silent
    const stuck = stuckAfter === null ? null : { since: progress, limit: stuckAfter }
    return stuck !== null && isNear(stuck) ? stuck : null
  }

  #askWhenDue({ since, limit }: Wait, at: number, tree: readonly ProcessReference[]): void {
    const end = since + limit - 2 * this.#interval
    const isEnd = at >= end && this.#askedAt < end
    if (!isEnd && at - this.#askedAt < PAUSE_FRACTION * limit) return
    if (this.#reader.ask(tree, at)) this.#askedAt = at
  }
}
