/**
 * Assesses one scenario from readings of its session. It has no clock: each reading carries its time.
 *
 * @typedef {object} Reading  one reading from outside; times are epoch seconds
 * @property {number} begun, at        when the reading began and ended: what it shows was so in between
 * @property {string} state            of `lock.sh status`
 * @property {string|null} cause
 * @property {string} reason
 * @property {boolean} hasEnded        there was a run, and it is over
 * @property {number|null} mark        when the hang has begun, if it has
 * @property {boolean} ownerAlive
 * @property {{pid: number|null, isWell: boolean}|null} beater  the refresher; well: it and the owner are there and not stopped
 * @property {number|null} outputBytes kept of the run; `null`: nothing is kept
 *
 * @typedef {'right'|'false-alarm'|'missed'|'wrong-cause'|'too-early'|'not-recovered'|'broken'} Outcome
 */
import { limitOf } from './limits.mjs'

/** For timers on a busy machine; more with `patience`. The distance between two readings is allowed for by itself. */
const ALLOWANCE_SECONDS = 0.5
/** A verdict `hung` has to stay for so long, with its cause. */
const HOLD_SECONDS = 1.5
/** How long a session is watched after it has come back. */
const RECOVERED_SECONDS = 4
const START_SECONDS = 20
const MARK_SECONDS = 20
/** Of the patience: so much earlier than due, too, as the last beat before a hang may have come late. */
const EARLY_FRACTION = 1 / 4
/** In patiences: what starts has to get its processor many times. */
const START_PATIENCES = 10

export class Assessment {
  #scenario
  #limits
  #started
  #phase = 'starting'
  #firstActive = null
  #previous = null
  #foundAt = null
  #seconds = null
  #revivedAt = null
  #backAt = null
  #last = { state: null, cause: null }
  #outcome = null
  #detail = ''
  #rules

  /** @param {object} limits seconds or `off`: interval, stale, quiet, stuck; and patience, of which `stale` has its share */
  constructor(scenario, limits, startedAt) {
    this.#scenario = scenario
    this.#limits = limits
    this.#started = startedAt
    this.#rules = new OtherRules(limits)
  }

  /** @returns {'wait'|'strike'|'revive'|'end'} what the harness does next */
  read(reading) {
    const next = this.#assess(reading)
    this.#previous = reading
    return next
  }

  get result() {
    const hangs = this.#hangs
    return {
      outcome: this.#outcome ?? 'broken',
      state: this.#last.state,
      cause: this.#last.cause,
      seconds: this.#seconds,
      bound: hangs && this.#last.cause !== null ? this.#bound(this.#last.cause) : null,
      detail: this.#detail,
      rules: this.#rules.verdicts(hangs),
    }
  }

  /** The program did not do what the table says, or nothing could be read. */
  breakOff(detail) {
    this.#conclude('broken', detail)
  }

  get #hangs() {
    const { kind, truth } = this.#scenario
    return kind === 'hung' || kind === 'recovery' || truth === 'hangs'
  }

  #bound(cause) {
    const { stale, interval } = this.#limits
    const { start = 0 } = this.#scenario
    return start + limitOf(this.#scenario, this.#limits, cause) + stale + 2 * interval
  }

  #conclude(outcome, detail = '') {
    this.#outcome ??= outcome
    this.#detail ||= detail
    this.#phase = 'over'
    return 'end'
  }

  #assess(reading) {
    const { at, begun, state, cause, reason, hasEnded } = reading
    if (this.#phase === 'starting') {
      if (state === 'active') {
        this.#phase = 'working'
        this.#firstActive = at
      } else if (state !== 'free' || hasEnded) {
        return this.#conclude('broken', `${state} before it was ever active: ${reason}`)
      } else if (at - this.#started > START_SECONDS + this.#startPatience) {
        return this.#conclude(
          'broken',
          `not active ${(at - this.#started).toFixed(0)} s after its start: ${reason}`,
        )
      } else return 'wait'
    }
    if (state !== 'active' && state !== 'hung') {
      return this.#conclude('broken', `it reads ${state}: ${reason}`)
    }
    this.#rules.read(reading)
    this.#last = { state, cause: cause ?? this.#last.cause }
    if (this.#scenario.kind === 'undecidable') return this.#undecidable(reading)
    if (this.#scenario.kind === 'working') {
      if (state === 'hung') return this.#conclude('false-alarm', reason)
      return at - this.#firstActive > this.#watchSeconds ? this.#conclude('right') : 'wait'
    }
    if (this.#phase === 'working' && reading.mark === null) return this.#beforeTheHang(reading)
    if (this.#phase === 'working') this.#phase = 'hanging'
    if (this.#phase === 'hanging') {
      if (state === 'hung') return this.#found(reading)
      // The reading before this one may have been the last chance; this one began too late.
      return begun - reading.mark > this.#longestBound + this.#allowance
        ? this.#conclude(
            'missed',
            `still active ${(begun - reading.mark).toFixed(1)} s after it has hung: ${reason}`,
          )
        : 'wait'
    }
    if (this.#phase === 'found') return this.#holds(reading)
    if (this.#phase === 'revived') return this.#comesBack(reading)
    return 'end'
  }

  /** Long enough for a false alarm to show: past the longer limit and all that follows it. */
  get #watchSeconds() {
    const { stale, interval, quiet, stuck } = this.#limits
    const longest = Math.max(...[quiet, stuck].filter((limit) => limit !== 'off'))
    return longest + stale + 2 * interval + 2 * ALLOWANCE_SECONDS
  }

  get #patience() {
    return this.#limits.patience ?? 0
  }

  get #allowance() {
    return ALLOWANCE_SECONDS + this.#patience
  }

  get #startPatience() {
    return START_PATIENCES * this.#patience
  }

  get #longestBound() {
    return Math.max(...this.#scenario.causes.map((cause) => this.#bound(cause)))
  }

  #beforeTheHang({ at, state, reason }) {
    if (state === 'hung') return this.#conclude('false-alarm', `before it has hung: ${reason}`)
    const { strike } = this.#scenario
    if (strike && at - this.#firstActive >= strike.after) return 'strike'
    return at - this.#firstActive > MARK_SECONDS + this.#startPatience
      ? this.#conclude('broken', 'the program has not come to its hang')
      : 'wait'
  }

  #found(reading) {
    const { at, mark, cause, reason } = reading
    this.#seconds = at - mark
    if (!this.#scenario.causes.includes(cause)) return this.#conclude('wrong-cause', reason)
    const { stale, interval } = this.#limits
    const limit = limitOf(this.#scenario, this.#limits, cause)
    const isOwnLimit = this.#scenario.limit !== undefined
    // Within the limit it has to beat. The last evidence may be older than the hang by an interval or two.
    const earliest =
      (isOwnLimit ? 0 : limit) + stale - 2 * interval - ALLOWANCE_SECONDS - EARLY_FRACTION * this.#patience
    if (this.#seconds < earliest) {
      return this.#conclude(
        'too-early',
        `${this.#seconds.toFixed(1)} s after it has hung, limit ${limit} s: ${reason}`,
      )
    }
    const { begun } = this.#previous
    if (begun - mark > this.#bound(cause) + this.#allowance) {
      return this.#conclude(
        'missed',
        `${(begun - mark).toFixed(1)} s after it has hung it still read active; the bound is ${this.#bound(cause).toFixed(1)} s`,
      )
    }
    this.#foundAt = at
    this.#phase = 'found'
    return 'wait'
  }

  #holds({ at, mark, state, cause, reason }) {
    if (state !== 'hung')
      return this.#conclude('missed', `hung, and active again without a reason: ${reason}`)
    if (!this.#scenario.causes.includes(cause)) return this.#conclude('wrong-cause', `changed: ${reason}`)
    const { quiet, interval } = this.#limits
    // The rule of silence gets its chance too.
    const fair = quiet === 'off' ? 0 : quiet + 2 * interval + ALLOWANCE_SECONDS
    if (at - this.#foundAt < (this.#scenario.hold ?? HOLD_SECONDS) || at - mark < fair) return 'wait'
    if (this.#scenario.kind === 'hung') return this.#conclude('right')
    this.#phase = 'revived'
    return 'revive'
  }

  #comesBack({ at, begun, state, reason }) {
    this.#revivedAt ??= begun
    if (state === 'active') {
      this.#backAt ??= at
      return at - this.#backAt > RECOVERED_SECONDS ? this.#conclude('right') : 'wait'
    }
    if (this.#backAt !== null)
      return this.#conclude('false-alarm', `hung again after it had come back: ${reason}`)
    const { interval } = this.#limits
    return begun - this.#revivedAt > 2 * interval + 2 * this.#allowance
      ? this.#conclude('not-recovered', reason)
      : 'wait'
  }

  #undecidable({ at, state, mark }) {
    if (state === 'hung') {
      this.#seconds = mark === null ? at - this.#firstActive : at - mark
      return this.#conclude('right')
    }
    return at - (mark ?? this.#firstActive) > this.#watchSeconds ? this.#conclude('right') : 'wait'
  }
}

/** What three simpler rules say from the same readings. */
class OtherRules {
  #quietSeconds
  #alarms = { pid: false, beat: false, silence: false }
  #early = { pid: false, beat: false, silence: false }
  #illBeater = undefined
  #bytes = null
  #grownAt = null
  #seesOutput = false

  constructor({ quiet }) {
    this.#quietSeconds = quiet === 'off' ? null : quiet
  }

  read({ at, mark, ownerAlive, beater, outputBytes }) {
    if (outputBytes !== null) this.#seesOutput = true
    if (outputBytes !== this.#bytes || this.#grownAt === null) {
      this.#bytes = outputBytes
      this.#grownAt = at
    }
    const alarms = mark === null ? this.#early : this.#alarms
    alarms.pid ||= !ownerAlive
    // Twice the same: between two iterations one refresher has gone, and the next has not come.
    const isIll = beater !== null && !beater.isWell
    alarms.beat ||= isIll && this.#illBeater === beater.pid
    this.#illBeater = isIll ? beater.pid : undefined
    alarms.silence ||= this.#quietSeconds !== null && at - this.#grownAt >= this.#quietSeconds
  }

  /** Of each rule `right`, `missed` or `false-alarm`; `null` where it had nothing to go by. */
  verdicts(hangs) {
    const verdict = (rule) => {
      if (this.#early[rule] || (!hangs && this.#alarms[rule])) return 'false-alarm'
      return hangs && !this.#alarms[rule] ? 'missed' : 'right'
    }
    return {
      pid: verdict('pid'),
      beat: verdict('beat'),
      silence: this.#seesOutput && this.#quietSeconds !== null ? verdict('silence') : null,
    }
  }
}
