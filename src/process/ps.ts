/**
 * Processes as ps(1) shows them: macOS, and any system without /proc.
 *
 * One snapshot is one call of ps for the list, and one more when environments are asked for. `lstart` is in whole
 * seconds, and procps derives it from the uptime, so that two readings may differ by one.
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { errors } from '../core/errors.ts'
import type { ProcessFacts, ProcessInspector, ProcessState, ProcessView } from '../core/ports.ts'
import { hasCode } from '../core/system-error.ts'
import { probe } from './signals.ts'

const START_TOLERANCE_SECONDS = 2

/** The same output whatever the person's language, time zone, width of lines and kind of ps are. */
const plainEnvironment = (): NodeJS.ProcessEnv => ({
  ...process.env,
  LC_ALL: 'C',
  TZ: 'UTC0',
  COLUMNS: undefined,
  PS_PERSONALITY: undefined,
  CMD_ENV: undefined,
})

/** A Ctrl-C in the terminal reaches it, too, and asks for no less of an answer. */
const ATTEMPTS = 3

/** Not in the PATH that cron gives. */
const SYSCTL = ['/usr/sbin/sysctl', '/sbin/sysctl'].find((path) => existsSync(path)) ?? 'sysctl'

const isMissing = (command: string): boolean => {
  const { error } = spawnSync(command, ['--version'], { stdio: 'ignore' })
  return hasCode(error, 'ENOENT')
}

/** Both of them are needed, and who installs one wants to know of the other. */
const missingTools = (): readonly string[] => ['ps', SYSCTL].filter(isMissing)

/** @throws LockError `missing`; `io`: half an answer would make those dead whom it leaves out */
const run = (command: string, args: readonly string[]): string => {
  for (let attempt = 1; ; attempt += 1) {
    const { stdout, error, status, signal } = spawnSync(command, args, {
      encoding: 'utf8',
      env: plainEnvironment(),
      maxBuffer: 256 * 1024 ** 2,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    if (error !== undefined) {
      const missing = missingTools()
      throw missing.length > 0
        ? errors.noProcessTool(missing)
        : errors.io(`${command} could not be run`, error)
    }
    if (status === 0) return stdout
    if (attempt === ATTEMPTS || signal === null)
      throw errors.io(`${command} has failed`, signal ?? `exit code ${status}`)
  }
}

const stateOf = (letters: string): ProcessState => {
  // procps marks a process with more than one thread with "l"; such a zombie is not gone.
  if (letters.startsWith('Z')) return letters.includes('l') ? 'running' : 'exited'
  return /^[Tt]/.test(letters) ? 'stopped' : 'running'
}

/** `[[dd-]hh:]mm:ss[.cc]` */
const cpuTime = (text: string): number => {
  const [days, clock] = text.includes('-') ? text.split('-') : ['0', text]
  return (
    (clock ?? '').split(':').reduce((total, part) => total * 60 + Number(part), 0) + Number(days) * 86_400
  )
}

type Row = { readonly facts: ProcessFacts; readonly cpuSeconds: number }

const LIST = 'pid=,ppid=,pgid=,stat=,time=,lstart=,comm='
const ROW = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(\S+)\s+\w+\s+(\w+\s+\d+\s+[\d:]+\s+\d+)\s+(.*)$/

/** @param text what `ps -o` prints for {@link LIST}, with `LC_ALL=C TZ=UTC0`. */
export const parseList = (text: string): readonly Row[] =>
  text.split('\n').flatMap((line) => {
    const match = ROW.exec(line)
    if (match === null) return []
    const [, pid, parent, group, state, time, started, name] = match
    return [
      {
        facts: {
          pid: Number(pid),
          parent: Number(parent),
          group: Number(group),
          started: Date.parse(`${started} UTC`) / 1000,
          state: stateOf(state ?? ''),
          // macOS gives the whole path.
          name: (name ?? '').trim().replace(/^.*\//, ''),
        },
        cpuSeconds: cpuTime(time ?? ''),
      },
    ]
  })

const parseCommands = (text: string): ReadonlyMap<number, string> =>
  new Map(
    text.split('\n').flatMap((line) => {
      const match = /^\s*(\d+)\s(.*)$/.exec(line)
      return match === null ? [] : [[Number(match[1]), match[2] ?? ''] as const]
    }),
  )

/** BSD's and procps' ways to ask for the environment behind the command line. */
const environmentArguments = (platform: string): readonly string[] =>
  platform === 'darwin' ? ['-A', '-E', '-ww', '-o', 'pid=,command='] : ['axeww', '-o', 'pid=,command=']

const snapshot = (platform: string): ProcessView => {
  let rows: ReadonlyMap<number, Row> | undefined
  let commands: ReadonlyMap<number, string> | undefined
  let withEnvironment: ReadonlyMap<number, string> | undefined
  const list = (): ReadonlyMap<number, Row> => {
    if (rows === undefined) {
      rows = new Map(parseList(run('ps', ['-A', '-ww', '-o', LIST])).map((row) => [row.facts.pid, row]))
      if (!rows.has(process.pid))
        throw errors.io('ps does not show the processes of this machine', 'no entry')
    }
    return rows
  }
  const commandOf = (pid: number): string => {
    commands ??= parseCommands(run('ps', ['-A', '-ww', '-o', 'pid=,command=']))
    return commands.get(pid) ?? ''
  }
  return {
    inspect(pid) {
      const known = list().get(pid)
      if (known !== undefined) return { kind: 'process', facts: known.facts }
      const answer = probe(pid)
      if (answer !== 'ours') return { kind: answer === 'none' ? 'none' : 'hidden' }
      // Younger than the list; or a thread, which is in no list.
      rows = undefined
      const young = list().get(pid)
      return young === undefined ? { kind: 'none' } : { kind: 'process', facts: young.facts }
    },
    all: () => [...list().values()].map((row) => row.facts),
    environment(pid) {
      const command = commandOf(pid)
      withEnvironment ??= parseCommands(run('ps', environmentArguments(platform)))
      const whole = withEnvironment.get(pid) ?? ''
      // Born since the list was made: where its arguments end cannot be told.
      if (command === '') return []
      // The arguments come first; without this, `grep LOCK_COOKIE=…` would look like a worker.
      return whole.startsWith(command) ? whole.slice(command.length).split(' ') : []
    },
    children: () => [],
    commandLine(pid) {
      const command = commandOf(pid)
      // ps joins the words; which blanks were in a word cannot be seen any more.
      return command === '' ? [] : command.split(' ')
    },
    cpuSeconds: (pid) => list().get(pid)?.cpuSeconds ?? null,
    counters: () => null,
    ageSeconds(pid) {
      const row = list().get(pid)
      return row === undefined ? null : Math.max(0, Date.now() / 1000 - row.facts.started)
    },
  }
}

const bootId = (platform: string): string => {
  const name = platform === 'darwin' ? 'kern.bootsessionuuid' : 'kernel.random.boot_id'
  const id = run(SYSCTL, ['-n', name]).trim()
  if (id === '') throw errors.io(`sysctl ${name} is empty`, 'no identity of this boot')
  return id
}

export const psInspector = (platform: string): ProcessInspector => ({
  startClock: 'epoch-seconds',
  hasProcfs: false,
  startTolerance: START_TOLERANCE_SECONDS,
  bootId: bootId(platform),
  pidNamespace: null,
  snapshot: () => snapshot(platform),
})
