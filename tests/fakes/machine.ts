/** A machine in memory: processes that take signals, and a clock that only moves when somebody sleeps. */
import type { Clock, ProcessFacts, ProcessInspector, SendSignal, SignalName } from '../../src/core/ports.ts'
import { aProcess, viewOf } from './records.ts'

export type Reaction = (signal: SignalName, self: FakeProcess, machine: FakeMachine) => void

type FakeProcess = { facts: ProcessFacts; react: Reaction }

/** What the kernel does when a program has no handlers. */
export const obeys: Reaction = (signal, self, machine) => {
  const { pid, state } = self.facts
  if (signal === 'SIGKILL') machine.end(pid)
  else if (signal === 'SIGSTOP') self.facts = { ...self.facts, state: 'stopped' }
  else if (signal === 'SIGCONT') {
    self.facts = { ...self.facts, state: 'running' }
    if (machine.pending.has(pid)) machine.end(pid)
  } else if (state === 'stopped') machine.pending.add(pid)
  else machine.end(pid)
}

export const ignoresTerm: Reaction = (signal, self, machine) => {
  if (signal !== 'SIGTERM') obeys(signal, self, machine)
}

export const cannotDie: Reaction = () => undefined

export class FakeMachine {
  readonly log: string[] = []
  readonly pending = new Set<number>()
  readonly #processes = new Map<number, FakeProcess>()
  readonly #timers: { at: number; act: () => void }[] = []
  #now = 100

  add(pid: number, react: Reaction = obeys, changes: Partial<ProcessFacts> = {}): void {
    this.#processes.set(pid, { facts: aProcess(pid, changes), react })
  }

  end(pid: number): void {
    this.#processes.delete(pid)
  }

  /** Of a process, or with a minus of a group. */
  hasProcess(pid: number): boolean {
    return pid < 0 ? this.all.some(({ group }) => group === -pid) : this.#processes.has(pid)
  }

  at(seconds: number, act: () => void): void {
    this.#timers.push({ at: 100 + seconds, act })
  }

  get elapsed(): number {
    return this.#now - 100
  }

  get all(): readonly ProcessFacts[] {
    return [...this.#processes.values()].map(({ facts }) => facts)
  }

  readonly signal: SendSignal = (pid, signal) => {
    this.log.push(`${signal} ${pid}`)
    if (pid < 0) {
      const group = [...this.#processes.values()].filter(({ facts }) => facts.group === -pid)
      for (const member of group) member.react(signal, member, this)
      return group.length === 0 ? 'gone' : 'sent'
    }
    const target = this.#processes.get(pid)
    if (target === undefined) return 'gone'
    target.react(signal, target, this)
    return 'sent'
  }

  readonly clock: Clock = {
    epoch: () => 1_800_000_000 + this.#now,
    monotonic: () => this.#now,
    sleep: async (seconds, signal) => {
      if (signal?.aborted === true) return
      this.#now += seconds
      for (const timer of this.#timers.filter(({ at }) => at <= this.#now)) {
        this.#timers.splice(this.#timers.indexOf(timer), 1)
        timer.act()
      }
    },
  }

  readonly inspector: Pick<ProcessInspector, 'snapshot' | 'startTolerance'> = {
    startTolerance: 0,
    snapshot: () => viewOf(this.all),
  }
}
