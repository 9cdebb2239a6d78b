/**
 * The contract as a model of some twenty lines, and the program beside it: claims, beats, iterations, deaths, stops,
 * takeovers, reaping, clocks that jump, and reboots, in any order. The kernel lock and the files are real; processes and
 * clocks are fakes.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { LockError } from '../../src/core/errors.ts'
import type { EndReason } from '../../src/core/record.ts'
import type { State } from '../../src/core/verdict.ts'
import { type Claim, claim } from '../../src/engine/claim.ts'
import { openSession } from '../../src/session/session.ts'
import { chooseLockTool } from '../../src/store/lock-tool.ts'
import { readRequest } from '../../src/store/requests.ts'
import { reap } from '../../src/verbs/reap.ts'
import { stopSession } from '../../src/verbs/shared/stop-session.ts'
import type { World } from '../../src/world.ts'
import { FakeMachine, obeys, type Reaction } from '../fakes/machine.ts'
import { HERE } from '../fakes/records.ts'
import { tempDir } from '../fakes/temp-dir.ts'
import { fakeWorld } from '../fakes/world.ts'
import { cases, limitless } from './cases.ts'
import { anyContent } from './contents.ts'

const NAME = 'demo'
const COMMAND = ['./agent.sh']
const WORKER = 50_000_000
const STALE_AFTER = 120
const LOCK_TOOL = chooseLockTool(process.platform, process.env.PATH ?? '', undefined)

vi.setConfig(limitless)

/** What the contract says there is. Ages are on a clock that only runs forward. */
class Model {
  generation = 0
  owner: 'none' | 'lives' = 'none'
  /** Of the last run: how it ended, or that its owner is dead. */
  end: EndReason | 'reaped' | 'dead' | 'never' = 'never'
  /** Begun, recorded as done, and wanted. */
  begun = 0
  done = 0
  total = 0
  worker = false
  beatAt = 0

  state(now: number): State {
    if (this.owner === 'lives') return now - this.beatAt <= STALE_AFTER ? 'active' : 'hung'
    return this.end === 'dead' ? 'dead' : 'free'
  }

  /** The iteration that a run without a command begins with; `null` when it has to be told what to run. */
  next(): number | null {
    if (this.end === 'never' || this.end === 'completed') return null
    if (this.begun < this.total) return this.begun + 1
    // Its last iteration was cut off; or it was done, and only that was not written.
    return this.done < this.begun ? this.begun : this.end === 'interrupted' ? null : this.total + 1
  }

  claim(first: number, total: number, now: number): void {
    this.generation += 1
    this.owner = 'lives'
    this.begun = first - 1
    this.done = Math.min(this.done, this.begun)
    this.worker = false
    this.total = total
    this.beatAt = now
  }

  leave(end: Model['end']): void {
    this.owner = 'none'
    this.end = end
    // It outlives its owner, until somebody clears up.
    this.worker &&= end === 'dead'
  }
}

/** The program, in a world that can be turned back, restarted, and told to kill. */
class Program {
  readonly machine = new FakeMachine()
  readonly lockDir = tempDir()
  claimed: Claim | null = null
  #epochOffset = 0
  #bootId = 'boot-a'
  #starts = 1000

  constructor() {
    this.#forget()
  }

  get world(): World {
    const { machine } = this
    // A record may have conditions of a loop: sh finds nothing wrong with any of them.
    const answer = () => ({ ok: true })
    const base = fakeWorld({}, { machine, lockDir: this.lockDir, lockTool: LOCK_TOOL, answer })
    const clock = {
      ...base.clock,
      // No clock shows a time before 1970.
      epoch: () => Math.max(0, machine.clock.epoch() + this.#epochOffset),
    }
    return {
      ...base,
      clock,
      inspector: { ...base.inspector, bootId: this.#bootId },
      observer: { ...HERE, bootId: this.#bootId },
      now: () => ({ epoch: clock.epoch(), monotonic: clock.monotonic() }),
    }
  }

  get now(): number {
    return this.machine.clock.monotonic()
  }

  state(): State {
    return openSession(this.world, NAME).snapshot().verdict.state
  }

  /** What an engine does when it is told to end. */
  readonly #engine: Reaction = (signal, self, machine) => {
    if (signal === 'SIGTERM') {
      const superseded =
        readRequest(this.world.paths(NAME), this.claimed?.owner.record.generation ?? 0) === 'supersede'
      this.machine.end(WORKER)
      this.endInOrder(superseded ? 'superseded' : 'interrupted', superseded ? 80 : 143)
    } else obeys(signal, self, machine)
  }

  async claim(changes: Partial<Parameters<typeof claim>[1]>): Promise<Claim> {
    const request = {
      name: NAME,
      command: null,
      cwd: '/',
      iterations: undefined,
      options: { stale_after: STALE_AFTER },
      force: false,
      resume: false,
      fresh: false,
      waitSeconds: undefined,
      ...changes,
    }
    this.claimed = await claim(this.world, request, null, new AbortController().signal)
    return this.claimed
  }

  begin(iteration: number): void {
    this.machine.add(WORKER, obeys, { started: this.#starts })
    const worker = { pid: WORKER, pid_started: this.#starts }
    this.claimed?.owner.write({
      phase: 'running',
      iteration: {
        ...this.claimed.owner.record.iteration,
        number: iteration,
        started_epoch: this.world.now().epoch,
      },
      worker,
    })
  }

  finish(iteration: number, total: number): void {
    this.machine.end(WORKER)
    const ended_epoch = this.world.now().epoch
    const generation = this.claimed?.owner.record.generation ?? 0
    const last = { generation, iteration, result: 'ok', exit_code: 0, signal: null, ended_epoch } as const
    this.claimed?.owner.stage({ worker: null, last_iteration: last })
    if (iteration === total) this.endInOrder('completed', 0)
    else this.claimed?.owner.write({ phase: 'waiting' })
  }

  endInOrder(reason: EndReason, exit_code: number): void {
    this.claimed?.owner.end({ reason, exit_code })
    this.#forget()
  }

  /** The kernel lets go of the lock; the worker lives on. */
  die(): void {
    this.claimed?.owner.lock.release()
    this.#forget()
  }

  /** The owner's process is gone. Whoever claims next is another one, and has its number. */
  #forget(): void {
    this.claimed = null
    this.#starts += 1
    this.machine.add(process.pid, this.#engine, { started: this.#starts })
  }

  jump(seconds: number): void {
    this.#epochOffset += seconds
  }

  reboot(): void {
    this.die()
    this.machine.end(WORKER)
    this.#bootId = `boot-${this.#starts}`
    this.#epochOffset += 60
  }
}

type Command = fc.AsyncCommand<Model, Program>

const exitCodeOf = async (act: () => unknown): Promise<number> => {
  try {
    await act()
    return 0
  } catch (error) {
    expect(error).toBeInstanceOf(LockError)
    return (error as LockError).exitCode
  }
}

const command = (
  words: string,
  check: (model: Readonly<Model>) => boolean,
  run: (model: Model, program: Program) => Promise<void> | void,
): Command => ({
  check,
  run: async (model, program) => {
    await run(model, program)
    expect(program.state()).toBe(model.state(program.now))
    const { stored } = openSession(program.world, NAME).snapshot()
    if (stored.kind === 'record') expect(stored.record.generation).toBe(model.generation)
    else expect(model.generation).toBe(0)
    expect(program.machine.all.some(({ pid }) => pid === WORKER)).toBe(model.worker)
  },
  toString: () => words,
})

const isFree = (model: Readonly<Model>): boolean => model.owner === 'none'
const isOwned = (model: Readonly<Model>): boolean => model.owner === 'lives'
const isWorking = (model: Readonly<Model>): boolean => isOwned(model) && model.worker
const always = (): boolean => true

const claimNew = (total: number): Command =>
  command(`run -n ${total} -- agent`, always, async (model, program) => {
    const code = await exitCodeOf(() => program.claim({ command: COMMAND, iterations: total }))
    expect(code).toBe(isOwned(model) ? 75 : 0)
    if (isFree(model)) model.claim(1, total, program.now)
  })

const claimNext = (resume: boolean): Command =>
  command(resume ? 'run --resume -- agent' : 'run', always, async (model, program) => {
    const next = model.next()
    const code = await exitCodeOf(() => program.claim(resume ? { command: COMMAND, resume } : {}))
    if (isOwned(model)) expect(code).toBe(75)
    else if (next !== null && !(resume && next > model.total)) {
      expect(code).toBe(0)
      model.claim(next, model.total, program.now)
    } else if (resume) {
      // Nothing is left to go on with: a new run of one iteration.
      expect(code).toBe(0)
      model.claim(1, 1, program.now)
    } else expect(code).toBe(64)
    if (code === 0) expect(program.claimed?.plan.first).toBe(model.begun + 1)
  })

const force = command('run --force -- agent', always, async (model, program) => {
  if (isOwned(model)) model.leave('superseded')
  const next = model.next()
  expect(await exitCodeOf(() => program.claim({ command: COMMAND, force: true }))).toBe(0)
  if (next !== null && next <= model.total) model.claim(next, model.total, program.now)
  else model.claim(1, 1, program.now)
  expect(program.claimed?.plan.first).toBe(model.begun + 1)
})

const iterate = command(
  'iteration begins',
  (model) => isOwned(model) && !isWorking(model) && model.begun < model.total,
  (model, program) => {
    model.begun += 1
    model.worker = true
    model.beatAt = program.now
    program.begin(model.begun)
  },
)

const finish = command('iteration ends', isWorking, (model, program) => {
  model.done = model.begun
  model.worker = false
  model.beatAt = program.now
  program.finish(model.done, model.total)
  if (model.done === model.total) model.leave('completed')
})

const beat = command('beat', isOwned, (model, program) => {
  model.beatAt = program.now
  program.claimed?.owner.write({})
})

const kill = command('kill -9 owner', isOwned, (model, program) => {
  program.die()
  model.leave('dead')
})

const stopIt = command('stop', always, async (model, program) => {
  await stopSession(program.world, { name: NAME, afterIteration: false })
  if (isOwned(model)) model.leave('interrupted')
})

const reapIt = command('reap', always, async (model, program) => {
  const code = await exitCodeOf(() => reap(program.world, NAME, false))
  expect(code).toBe(isOwned(model) ? 75 : 0)
  if (model.state(program.now) === 'dead') model.leave('reaped')
})

const pass = (seconds: number): Command =>
  command(`${seconds} s pass`, always, async (_model, program) => {
    await program.machine.clock.sleep(seconds)
  })

const jump = (seconds: number): Command =>
  command(`the wall clock jumps by ${seconds} s`, always, (_model, program) => program.jump(seconds))

const reboot = command('reboot', always, (model, program) => {
  program.reboot()
  if (isOwned(model)) model.leave('dead')
  model.worker = false
})

const commands = fc.commands(
  [
    fc.integer({ min: 1, max: 3 }).map(claimNew),
    fc.boolean().map(claimNext),
    fc.constant(force),
    fc.constant(iterate),
    fc.constant(finish),
    fc.constant(beat),
    fc.constant(kill),
    fc.constant(stopIt),
    fc.constant(reapIt),
    fc.constantFrom(1, 100, 200).map(pass),
    fc.constantFrom(7200, -10_800, -1_800_000_000, 300_000_000).map(jump),
    fc.constant(reboot),
  ],
  { size: 'medium' },
)

describe('the program and the model of its contract', () => {
  // Most of it is the starting of flock(1), which a busy machine takes its time for.
  it('agree, whatever happens in whatever order', async () => {
    await fc.assert(
      fc.asyncProperty(commands, async (list) => {
        const program = new Program()
        try {
          await fc.asyncModelRun(() => ({ model: new Model(), real: program }), list)
        } finally {
          program.die()
        }
      }),
      cases(8),
    )
  })
})

describe('what lies where the record should', () => {
  it('is a record, or is refused, or moved aside whole; and a claim that succeeds has a new generation', async () => {
    await fc.assert(
      fc.asyncProperty(anyContent, async (content) => {
        const program = new Program()
        const { record: path } = program.world.paths(NAME)
        writeFileSync(path, content, { mode: 0o600 })
        const { stored } = openSession(program.world, NAME).snapshot()
        if (stored.kind !== 'record') expect(program.state()).toBe('unknown')
        const code = await exitCodeOf(() => program.claim({ command: COMMAND, force: true }))
        const aside = readdirSync(program.lockDir).filter((name) => name.includes('.corrupt-'))
        if (stored.kind === 'corrupt') {
          expect(aside.map((name) => readFileSync(join(program.lockDir, name), 'utf8'))).toEqual([
            Buffer.from(content).toString(),
          ])
        } else expect(aside).toEqual([])
        if (code === 0) {
          const before = stored.kind === 'record' ? stored.record.generation : 0
          expect(program.claimed?.owner.record.generation).toBe(before + 1)
        } else {
          // A generation that has no successor, a file or repository that is not there, a working directory, a newer format.
          expect([64, 65, 69, 74, 75]).toContain(code)
          expect(readFileSync(path, 'utf8')).toBe(Buffer.from(content).toString())
        }
        program.die()
      }),
      cases(40),
    )
  })
})

describe('contenders', () => {
  it('have one owner among them, in whatever order their steps come', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.integer({ min: 2, max: 3 }), async (scheduler, count) => {
        const program = new Program()
        const { world } = program
        const scheduled: World = {
          ...world,
          clock: {
            ...world.clock,
            sleep: (seconds, signal) =>
              scheduler
                .schedule(Promise.resolve(), `${seconds} s`)
                .then(() => world.clock.sleep(seconds, signal)),
          },
        }
        const request = {
          name: NAME,
          command: COMMAND,
          cwd: '/',
          iterations: 1,
          options: {},
          force: false,
          resume: false,
          fresh: false,
          waitSeconds: undefined,
        }
        const attempts = Array.from({ length: count }, (_, number) =>
          scheduler
            .schedule(Promise.resolve(), `contender ${number}`)
            .then(() => claim(scheduled, request, null, new AbortController().signal)),
        )
        const outcomes = await scheduler.waitFor(Promise.allSettled(attempts))
        const owners = outcomes.flatMap((outcome) =>
          outcome.status === 'fulfilled' ? [outcome.value.owner] : [],
        )
        for (const outcome of outcomes) {
          if (outcome.status === 'rejected') expect((outcome.reason as LockError).exitCode).toBe(75)
        }
        expect(owners.map(({ record }) => record.generation)).toEqual([1])
        for (const { lock } of owners) lock.release()
      }),
      cases(10),
    )
  })
})
