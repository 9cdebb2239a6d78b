/**
 * Judges one scene from readings of its session. Pure: time comes in with each reading, in seconds of one clock.
 *
 * What is wanted active is watched for longer than every limit, and must never read hung. What is wanted hung must read
 * so within the bound, and is watched for a while after: the verdict has to stay.
 */

/** For what an agent does beside its state: it has just started, or looks at its files a last time. */
const SETTLE_SECONDS = 20
/** The same for an agent that is to read hung: `gemini -p` works once more, 20 s after its start. */
const LATE_SECONDS = 60
const LIMIT_OF = { silent: 'quiet', 'awaiting-input': 'quiet', repeating: 'stuck', spinning: 'stuck' }

/** @param state its `wanted` and `patience`; @param limits seconds; @param hold seconds that a verdict has to stay */
export class Judgement {
  #wanted
  #patience
  #limits
  #hold
  #reachedAt
  #found = null
  #last = null
  /** A verdict on what was before, as on a start that takes long: it has the time of two beats to go. */
  #isCarried = true

  constructor({ wanted, patience = 0 }, limits, hold, reachedAt) {
    this.#wanted = wanted
    this.#patience = patience
    this.#limits = limits
    this.#hold = hold
    this.#reachedAt = reachedAt
  }

  get #follows() {
    return this.#limits.stale + 2 * this.#limits.interval
  }

  get #bound() {
    const causes = this.#wanted.filter((cause) => cause in LIMIT_OF)
    const longest = Math.max(...causes.map((cause) => this.#limits[LIMIT_OF[cause]]), this.#limits.quiet)
    return longest + this.#patience + this.#follows + LATE_SECONDS
  }

  /** An agent that works is watched for longer than every limit. */
  get #watched() {
    const { stuck, watch = 0 } = this.#limits
    return Math.max(watch, stuck + this.#follows + SETTLE_SECONDS)
  }

  /** @returns {boolean} whether enough was seen */
  read(reading) {
    const { at, state, cause } = reading
    this.#last = reading
    if (state !== 'active' && state !== 'hung') return true
    const isBefore = at - this.#reachedAt <= 2 * this.#limits.interval + 1
    this.#isCarried = this.#isCarried && state === 'hung' && isBefore
    if (this.#isCarried) return false
    if (state === 'hung' && this.#found === null) this.#found = { cause, seconds: at - this.#reachedAt, at }
    if (this.#wanted.includes('active')) {
      return this.#found !== null || at - this.#reachedAt > this.#watched
    }
    if (this.#found === null) return at - this.#reachedAt > this.#bound
    return at - this.#found.at > this.#hold
  }

  /** @param changes names of the history's events, `hung` and `active-again`, since the state was reached */
  result(changes) {
    const first = changes.indexOf('hung')
    const flaps = first === -1 ? 0 : changes.length - first - 1
    if (this.#last === null) return { seen: 'nothing', cause: null, seconds: null, flaps, isRight: false }
    const { state, ended } = this.#last
    if (this.#found !== null) {
      const { cause, seconds } = this.#found
      const isRight = this.#wanted.includes(cause) && flaps === 0
      return { seen: 'hung', cause, seconds, flaps, isRight }
    }
    if (ended !== null && ended !== undefined) {
      const seen = `ended ${ended.exit_code ?? ''}`.trim()
      return { seen, cause: null, seconds: null, flaps, isRight: this.#wanted.includes('ended') }
    }
    const isRight = state === 'active' && this.#wanted.includes('active')
    return { seen: state, cause: null, seconds: null, flaps, isRight }
  }
}
