/** What is under way when a run's processes are killed, and which of them are. */
import { LATE_SECONDS, type Target, type Trial } from './trial.ts'

export const WORKERS = {
  brief: 'ends by itself after 0.15 s',
  deaf: 'ignores TERM, HUP and INT',
  forks: 'has a child',
  stopped: 'is stopped',
} as const
export type Worker = keyof typeof WORKERS

export type Way = {
  readonly words: string
  /** Milliseconds from the beginning to the last instant; where the owner ends by itself it is measured, and this is the most. */
  readonly last: number
  /** Milliseconds; the finest step when there is none. */
  readonly step?: number
  readonly options?: readonly string[]
  readonly inTmux?: boolean
  /** Before the instants begin there is a worker; without it they begin with the claim. */
  readonly needsWorker: boolean
  /** The owner ends by itself, with every kind of worker but `brief`, or with that one alone. */
  readonly ends?: 'all' | 'brief'
  readonly workers?: readonly Worker[]
  readonly begin?: (trial: Trial, owner: Target) => void
  /** At the instant; without it the owner is killed. */
  readonly kill?: (trial: Trial, owner: Target) => Promise<void> | void
  /** Afterwards, before anybody is counted. @returns what is wrong */
  readonly settle?: (trial: Trial, milliseconds: number) => Promise<string | null>
}

const GRACE = ['--grace', '0.3']
/** The default: docker and systemd send KILL after TERM before it is over. */
const LONG_GRACE = ['--grace', '10']
const FROM_CLAIM = { last: 2000, needsWorker: false, ends: 'brief' } as const
const WHILE_ENDING = { last: 2000, needsWorker: true, ends: 'all', options: GRACE } as const
const IN_PANE = { ...WHILE_ENDING, inTmux: true }

const asks =
  (program: 'engine' | 'lock', ...words: readonly string[]) =>
  (trial: Trial): void => {
    void trial.command(program, ...words)
  }

/** A helper that was just being started when the others were killed holds the lock until it has done its work. */
const HELD = 75

/** @returns what is wrong */
const succeeds = async (
  trial: Trial,
  program: 'engine' | 'lock',
  ...words: readonly string[]
): Promise<string | null> => {
  const deadline = performance.now() + LATE_SECONDS * 1000
  for (;;) {
    const code = await trial.command(program, ...words)
    if (code === 0) return null
    if (code !== HELD || performance.now() > deadline) return `exit code ${code}`
  }
}

/** Nobody was left to end the worker when the owner was killed: that is for the next command. */
const reapIfAlone = async (trial: Trial): Promise<string | null> =>
  trial.remembered.length > 0 ? null : succeeds(trial, 'lock', 'reap', 's0')

export const WAYS: Readonly<Record<string, Way>> = {
  claim: { ...FROM_CLAIM, words: 'a run from its claim on' },
  stop: { ...WHILE_ENDING, words: 'engine.sh stop', begin: asks('engine', 'stop', 's0') },
  interrupt: { ...WHILE_ENDING, words: 'lock.sh interrupt', begin: asks('lock', 'interrupt', 's0') },
  timeout: { ...WHILE_ENDING, words: 'a time-out', options: [...GRACE, '--timeout', '0.3'] },
  force: {
    ...WHILE_ENDING,
    words: '--force by another run',
    begin: asks('engine', 'run', 's0', '--force', '--fresh', '--', 'true'),
  },
  'ctrl-c': {
    ...WHILE_ENDING,
    words: 'Ctrl-C, twice',
    begin: (trial, owner) => {
      trial.send('SIGINT', owner)
      setTimeout(() => trial.send('SIGINT', owner), 20)
    },
  },
  term: {
    words: 'TERM before, with a grace of 10 s',
    last: 2000,
    step: 50,
    options: LONG_GRACE,
    needsWorker: true,
    begin: (trial, owner) => trial.send('SIGTERM', owner),
  },
  'claim term': {
    ...FROM_CLAIM,
    words: 'a run from its claim on: TERM, and KILL 50 ms later',
    options: LONG_GRACE,
    async kill(trial, owner) {
      trial.send('SIGTERM', owner)
      await trial.pause(50)
      trial.send('SIGKILL', owner)
    },
  },
  pane: { ...IN_PANE, words: 'run -d, its pane killed', begin: (trial) => trial.killPane() },
  server: { ...IN_PANE, words: 'run -d, its tmux server killed', begin: (trial) => trial.killServer() },
  guard: {
    words: 'its guard killed before',
    last: 600,
    needsWorker: true,
    begin: (trial, owner) => trial.send('SIGKILL', ...trial.guards(owner)),
  },
  watchdog: {
    words:
      'its watchdog killed before; where the owner has had no time to start another helper, then `lock.sh reap`',
    last: 600,
    needsWorker: true,
    begin: (trial, owner) => trial.send('SIGKILL', ...trial.watchdogs(owner)),
    kill(trial, owner) {
      trial.remembered = [...trial.guards(owner), ...trial.watchdogs(owner)]
      trial.send('SIGKILL', owner)
    },
    settle: reapIfAlone,
  },
  'guard, owner': {
    ...FROM_CLAIM,
    words: 'guard and owner killed at once, from the claim on',
    kill: (trial, owner) => trial.send('SIGKILL', ...trial.guards(owner), owner),
  },
  'watchdog, owner': {
    ...FROM_CLAIM,
    words:
      'watchdog and owner killed at once, from the claim on; before there is a guard, then `lock.sh reap`',
    kill(trial, owner) {
      trial.remembered = trial.guards(owner)
      trial.send('SIGKILL', ...trial.watchdogs(owner), owner)
    },
    settle: reapIfAlone,
  },
  'owner, then guard': {
    words: 'the owner killed, and so much later its guard',
    last: 300,
    needsWorker: true,
    begin(trial, owner) {
      trial.remembered = trial.guards(owner)
      trial.send('SIGKILL', owner)
    },
    kill: (trial) => trial.send('SIGKILL', ...trial.remembered),
  },
  'stopped guard': {
    ...FROM_CLAIM,
    words: 'the guard stopped and the owner killed, from the claim on',
    kill(trial, owner) {
      trial.remembered = trial.guards(owner)
      trial.send('SIGSTOP', ...trial.remembered)
      trial.send('SIGKILL', owner)
    },
    // An owner whose run has ended had let it go before it was stopped: then nobody is left to continue it.
    async settle(trial) {
      if (trial.hasCompleted()) trial.send('SIGCONT', ...trial.remembered)
      return null
    },
  },
  'guard alone': {
    ...FROM_CLAIM,
    words: 'the guard alone killed, from the claim on: the run goes on to its end',
    workers: ['brief'],
    kill: (trial, owner) => trial.send('SIGKILL', ...trial.guards(owner)),
    settle: (trial) => trial.awaitSuccess(),
  },
  'watchdog alone': {
    ...FROM_CLAIM,
    words: 'the watchdog alone killed, from the claim on: the run goes on to its end',
    workers: ['brief'],
    kill: (trial, owner) => trial.send('SIGKILL', ...trial.watchdogs(owner)),
    settle: (trial) => trial.awaitSuccess(),
  },
  all: {
    ...FROM_CLAIM,
    words: 'owner, guard and watchdog killed at once, from the claim on; then `lock.sh reap`, or another run',
    kill(trial, owner) {
      // Who is stopped starts no other guard meanwhile.
      trial.send('SIGSTOP', owner)
      trial.send('SIGKILL', ...trial.guards(owner), ...trial.watchdogs(owner), owner)
    },
    settle: (trial, milliseconds) =>
      milliseconds % 20 === 0
        ? succeeds(trial, 'lock', 'reap', 's0')
        : succeeds(trial, 'engine', 'run', 's0', '--fresh', '--', 'true'),
  },
}
