/**
 * Asks what a worker's sockets have received, twice before a silence is declared: when half of `quiet_after` is over,
 * and shortly before its end. What has come in between is a sign of life that no file of /proc shows.
 *
 * While the worker counts as silent it asks again after every half of `quiet_after`; one answer that something has come
 * is then a burst, and two in a row are a return.
 */
import type { Progress } from '../core/progress.ts'
import type { ProcessReference } from '../core/record.ts'
import type { ReceivedReader } from '../process/received.ts'

const PAUSE_FRACTION = 0.5

export class SocketCheck {
  readonly #reader: ReceivedReader
  readonly #interval: number
  readonly #quietAfter: number | null
  #askedAt = Number.NEGATIVE_INFINITY
  /** The end of the period that the last answer was about. */
  #answeredTo = Number.NEGATIVE_INFINITY
  /** Answers in a row that something has come. */
  #positive = 0

  constructor(reader: ReceivedReader, quietAfter: number | null, interval: number) {
    this.#reader = reader
    this.#quietAfter = quietAfter
    this.#interval = interval
  }

  /**
   * Once for each sample, before it is assessed.
   *
   * @returns bytes that have come in the period asked about, each answer once; 0 as long as the last answer is that
   *   nothing has come since the worker became silent; `null` when that is not known
   */
  check(progress: Progress, at: number, tree: readonly ProcessReference[]): number | null {
    if (this.#quietAfter === null) return null
    this.#askWhenDue(progress, at, tree)
    const answer = this.#reader.read()
    if (answer.kind === 'unknown') return null
    const isAfter = answer.from >= progress.firm - this.#interval
    if (answer.bytes === 0) {
      if (answer.to > this.#answeredTo) this.#positive = 0
      this.#answeredTo = Math.max(answer.to, this.#answeredTo)
      return answer.isComplete && isAfter ? 0 : null
    }
    if (answer.to <= this.#answeredTo) return null
    this.#answeredTo = answer.to
    this.#positive += 1
    const isSilent = progress.stall?.cause === 'silent'
    // One that compares with an earlier silence says nothing about this one.
    return isAfter && !(isSilent && this.#positive === 1) ? answer.bytes : null
  }

  #askWhenDue({ firm }: Progress, at: number, tree: readonly ProcessReference[]): void {
    const quietAfter = this.#quietAfter ?? 0
    const pause = PAUSE_FRACTION * quietAfter
    if (at - firm < pause - this.#interval) return
    const isEnd =
      at - firm >= quietAfter - 2 * this.#interval && this.#askedAt < firm + quietAfter - 2 * this.#interval
    if (!isEnd && at - this.#askedAt < pause) return
    if (this.#reader.ask(tree, at)) this.#askedAt = at
  }
}
