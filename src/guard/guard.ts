/**
 * The guard of a run: what it does with each message, and with the death of its owner.
 *
 * | state     | `watch`             | `pause`            | `end`                | its input ends                         |
 * | --------- | ------------------- | ------------------ | -------------------- | -------------------------------------- |
 * | idle      | begins to beat      | answers            | lets go              | ends what the disk's record leads to   |
 * | watching  | begins anew         | stops, and answers | stops, and lets go   | ends the worker that it watches        |
 * | let go    | -                   | -                  | -                    | nothing: the run has ended in order    |
 *
 * When the lock is lost the owner sees it too, and ends its worker. One that is stopped does not: then the guard does.
 */
import type { LockRecord } from '../core/record.ts'
import type { Beating } from './beating.ts'
import type { GuardMessage, Observed, OwnerMessage } from './protocol.ts'

export type GuardPorts = {
  send(message: GuardMessage): void
  startBeating(record: LockRecord): Beating
  /** @param watched the newest that the guard knows; `null` when it has watched nothing yet */
  endDeadRun(watched: LockRecord | null): Promise<void>
  /** Of an owner that lives, and does not do it. */
  endWorker(watched: LockRecord): Promise<void>
  /** The run has ended: the lock is the next one's. */
  letGo(): void
}

const observedIn = (record: LockRecord | null): Observed | null => {
  if (record === null) return null
  const { members, watch, evidence, output_lost } = record
  return { members, watch, evidence, output_lost }
}

/** The owner asks for a pause first when it ends a worker, and needs a second to see why. */
const LOOKS_FOR_OWNER = 5

export class Guard {
  readonly #ports: GuardPorts
  #beating: Beating | null = null
  #last: LockRecord | null = null
  #lost = 0
  #looksWithoutLock = 0
  #isOver = false

  constructor(ports: GuardPorts) {
    this.#ports = ports
  }

  handle(message: OwnerMessage): void {
    switch (message.kind) {
      case 'watch':
        this.#stop()
        this.#looksWithoutLock = 0
        this.#beating = this.#ports.startBeating({
          ...message.record,
          output_lost: Math.max(message.record.output_lost, this.#lost),
        })
        return
      case 'ping':
        this.#beating?.ping()
        return
      case 'pause': {
        const seen = this.#stop()
        this.#ports.send({ kind: 'paused', id: message.id, observed: observedIn(seen) })
        return
      }
      case 'end':
        this.#isOver = true
        this.#stop()
        this.#ports.letGo()
    }
  }

  /** @param bytes of this run that could not be written, so far: the next beat tells it */
  lost(bytes: number): void {
    this.#lost = bytes
    this.#beating?.lost(bytes)
  }

  /** Once for each look, while the file at the lock's path is not the locked one. */
  async withoutLock(): Promise<void> {
    if (this.#beating === null) return
    this.#looksWithoutLock += 1
    if (this.#looksWithoutLock < LOOKS_FOR_OWNER) return
    const seen = this.#stop()
    if (seen !== null) await this.#ports.endWorker(seen)
  }

  /** No more messages come. */
  async inputEnded(): Promise<void> {
    if (this.#isOver) return
    this.#isOver = true
    this.#stop()
    await this.#ports.endDeadRun(this.#last)
  }

  #stop(): LockRecord | null {
    const seen = this.#beating?.stop() ?? null
    this.#beating = null
    if (seen !== null) this.#last = seen
    return seen
  }
}
