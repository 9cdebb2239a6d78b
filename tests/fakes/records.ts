/** A record that holds in every test unless the test says otherwise, and an observer. */
import type { Observer } from '../../src/core/identity.ts'
import { NEW_LOOP } from '../../src/core/loop/state.ts'
import type { Inspection, ProcessFacts, ProcessView } from '../../src/core/ports.ts'
import type { LockRecord } from '../../src/core/record.ts'
import { fromFields, type RecordFields } from '../../src/core/record-file.ts'
import type { RunOptions } from '../../src/core/run-options.ts'
import type { Now, StoredRecord } from '../../src/core/verdict.ts'

export const OWNER = 4000
export const REFRESHER = 4001
export const WORKER = 4002

export const NOW: Now = { epoch: 1_800_000_000, monotonic: 5000 }

export const OPTIONS: RunOptions = {
  delay: 0,
  timeout: null,
  max_failures: 1,
  until: null,
  until_output: null,
  for: null,
  until_time: null,
  max_unchanged: null,
  backoff: null,
  stdin: null,
  end_on_turn: false,
  on_iteration: null,
  notify: null,
  on_hung: 'report',
  hung_grace: 0,
  stale_after: 120,
  heartbeat_interval: 15,
  quiet_after: 600,
  stuck_after: 1800,
  grace: 10,
  log_limit: 67_108_864,
  keep: 20,
  keep_size: 2147483648,
  memory_max: null,
  exclusive: [],
}

/** As the file has them. */
export const recordFields = (changes: Partial<RecordFields> = {}): RecordFields => ({
  format: 1,
  session: 'demo',
  generation: 7,
  phase: 'running',
  pid: OWNER,
  pid_started: 900,
  pid_started_clock: 'boot-ticks',
  boot_id: 'boot-a',
  pid_namespace: 'pid:[1]',
  host: 'here',
  user: 'ann',
  shell: null,
  cwd: '/home/ann/work',
  command: ['./agent.sh', '--fast'],
  cookie: 'c0ffee',
  options: OPTIONS,
  started_epoch: NOW.epoch - 300,
  heartbeat_epoch: NOW.epoch - 5,
  heartbeat_monotonic: NOW.monotonic - 5,
  stale_after: 120,
  heartbeat_interval: 15,
  evidence: { source: 'alive', epoch: NOW.epoch - 5 },
  iteration: 2,
  iterations: 5,
  iteration_started_epoch: NOW.epoch - 200,
  failures: 0,
  last_iteration: {
    iteration: 1,
    result: 'ok',
    exit_code: 0,
    signal: null,
    ended_epoch: NOW.epoch - 200,
  },
  loop: NEW_LOOP,
  worker: { pid: WORKER, pid_started: 1100 },
  members: [{ pid: 4003, pid_started: 1200 }],
  cgroup: '/sys/fs/cgroup/user.slice',
  places: [],
  refresher: { pid: REFRESHER, pid_started: 1101 },
  watch: {
    activity: NOW.monotonic - 5,
    progress: NOW.monotonic - 5,
    sources: {
      note: null,
      output: { monotonic: NOW.monotonic - 5, value: 4096 },
      repeat: null,
      io: { monotonic: NOW.monotonic - 5, value: 9000 },
      cpu: { monotonic: NOW.monotonic - 5, value: 1.5 },
    },
    stall: null,
    beats: 13,
    longest_quiet: 12,
  },
  output_lost: 0,
  tmux: { socket: '/tmp/tmux-0/default', session: 'demo', pane: '%3', server_pid: 300 },
  ended: null,
  ...changes,
})

export const aRecord = (changes: Partial<RecordFields> = {}): LockRecord => fromFields(recordFields(changes))

export const stored = (changes: Partial<RecordFields> = {}): StoredRecord => ({
  kind: 'record',
  record: aRecord(changes),
})

/** The last write of a run that is over. */
export const anEndedRecord = (
  ended: Partial<NonNullable<LockRecord['ended']>> = {},
  changes: Partial<RecordFields> = {},
): LockRecord =>
  aRecord({
    phase: 'ended',
    worker: null,
    members: [],
    refresher: null,
    ended: { epoch: NOW.epoch - 60, reason: 'completed', exit_code: 0, ...ended },
    ...changes,
  })

export const HERE: Observer = {
  startClock: 'boot-ticks',
  startTolerance: 0,
  bootId: 'boot-a',
  pidNamespace: 'pid:[1]',
  host: 'here',
}

export const aProcess = (pid: number, changes: Partial<ProcessFacts> = {}): ProcessFacts => ({
  pid,
  parent: 1,
  group: pid,
  started: 1000,
  state: 'running',
  name: 'sh',
  ...changes,
})

/** A machine where these are all the processes there are. */
export const viewOf = (processes: readonly (ProcessFacts | { pid: number; hidden: true })[]): ProcessView => {
  const inspect = (pid: number): Inspection => {
    const found = processes.find((process) => process.pid === pid)
    if (found === undefined) return { kind: 'none' }
    return 'hidden' in found ? { kind: 'hidden' } : { kind: 'process', facts: found }
  }
  return {
    inspect,
    all: () => processes.filter((process) => !('hidden' in process)) as ProcessFacts[],
    environment: () => [],
    children: (pid) =>
      processes.flatMap((process) => (!('hidden' in process) && process.parent === pid ? [process.pid] : [])),
    commandLine: () => [],
    cpuSeconds: () => null,
    ageSeconds: () => null,
    counters: () => null,
  }
}

export const owner = (changes: Partial<ProcessFacts> = {}): ProcessFacts =>
  aProcess(OWNER, { started: 900, name: 'node', ...changes })
export const refresher = (changes: Partial<ProcessFacts> = {}): ProcessFacts =>
  aProcess(REFRESHER, { started: 1101, parent: OWNER, name: 'node', ...changes })
export const worker = (changes: Partial<ProcessFacts> = {}): ProcessFacts =>
  aProcess(WORKER, { started: 1100, parent: OWNER, ...changes })
