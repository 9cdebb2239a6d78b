/** What was seen of a session at one moment: its record or why there is none, the verdict, who of it was alive. */
import { type Attention, describeAttention } from '../core/attention.ts'
import { classify } from '../core/classify.ts'
import { type Liveness, type Observer, ownerLiveness, partLiveness } from '../core/identity.ts'
import type { ProcessView } from '../core/ports.ts'
import type { LockRecord } from '../core/record.ts'
import type { Now, StoredRecord, Verdict } from '../core/verdict.ts'

/** The moment: the processes of the machine, and the time. */
export type Moment = { readonly view: ProcessView; readonly now: Now }

/** What was read of it. */
export type Found<R extends LockRecord = LockRecord> = {
  readonly session: string
  readonly stored: StoredRecord<R>
  /** What its notes say that it needs a person for. */
  readonly asked?: (verdict: Verdict) => Attention | null
}

export class Snapshot<R extends LockRecord = LockRecord> {
  readonly session: string
  readonly stored: StoredRecord<R>
  readonly verdict: Verdict
  /** What it needs a person for; the verdict's reason begins with it. */
  readonly attention: Attention | null
  readonly moment: Moment
  readonly #observer: Observer

  constructor({ session, stored, asked }: Found<R>, observer: Observer, moment: Moment) {
    this.session = session
    this.stored = stored
    const verdict = classify(stored, moment.view, observer, moment.now)
    this.attention = asked?.(verdict) ?? null
    this.verdict =
      this.attention === null
        ? verdict
        : { ...verdict, reason: `${describeAttention(this.attention, moment.now.epoch)}; ${verdict.reason}` }
    this.moment = moment
    this.#observer = observer
  }

  get record(): R | null {
    return this.stored.kind === 'record' ? this.stored.record : null
  }

  /** Of the process that the record names, also when its run has ended. `null` without a record. */
  get owner(): Liveness | null {
    return this.record === null ? null : ownerLiveness(this.record, this.moment.view, this.#observer)
  }

  get refresher(): Liveness | null {
    return this.#liveness('refresher')
  }

  get worker(): Liveness | null {
    return this.#liveness('worker')
  }

  #liveness(part: 'refresher' | 'worker'): Liveness | null {
    const { record } = this
    return record === null ? null : partLiveness(record, record[part], this.moment.view, this.#observer)
  }
}
