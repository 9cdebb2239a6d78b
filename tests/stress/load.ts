/**
 * Many sessions with a short heartbeat: whether their beats come, and what they cost; first with the machine to
 * themselves, then with every core taken by other work.
 *
 * usage: npm run load -- [--sessions 200] [--seconds 600] [--interval 1] [--stale-after 10]
 *
 * `--seconds` is the time of each of the two. Exits with 1 when a session that is well was called anything but active.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Layout } from './lib/layout.ts'
import { carriersOf, commandOf, hasProc, inspect, sleep, until } from './lib/machine.ts'
import { makeSandbox, removeSandbox, type Sandbox } from './lib/sandbox.ts'
import { table } from './lib/table.ts'

type Stored = {
  readonly pid: number
  readonly heartbeat_monotonic: number
  readonly refresher: { readonly pid: number } | null
  readonly watch: { readonly beats: number } | null
}

const TICKS_PER_SECOND = 100
const START_SECONDS = 600
const ROLES = ['engine', 'guard', 'watchdog'] as const
type Role = (typeof ROLES)[number]

const nameOf = (number: number): string => `s${number}`

const recordOf = ({ locks }: Sandbox, number: number): Stored | null => {
  try {
    return JSON.parse(readFileSync(join(locks, `${nameOf(number)}.json`), 'utf8')) as Stored
  } catch {
    return null
  }
}

const monotonic = (): number => Number(process.hrtime.bigint()) / 1e9

const privateKilobytes = (pid: number): number => {
  try {
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
    return [...rollup.matchAll(/^Private_\w+:\s+(\d+) kB$/gm)].reduce((sum, [, kB]) => sum + Number(kB), 0)
  } catch {
    return 0
  }
}

const roleOf = (pid: number): Role | null => {
  const command = commandOf(pid)
  if (command.startsWith('session-lock guard')) return 'guard'
  if (command.includes('session-lock-watchdog')) return 'watchdog'
  return command.includes('loader.cjs') ? 'engine' : null
}

type Costs = Readonly<Record<Role, { readonly ticks: number; readonly kilobytes: number }>>

const costs = (sandbox: Sandbox): Costs => {
  const sum = {
    engine: { ticks: 0, kilobytes: 0 },
    guard: { ticks: 0, kilobytes: 0 },
    watchdog: { ticks: 0, kilobytes: 0 },
  }
  for (const { pid } of carriersOf(`STRESS_DIR=${sandbox.dir}`)) {
    const role = roleOf(pid)
    if (role === null) continue
    sum[role].ticks += inspect(pid)?.cpuTicks ?? 0
    sum[role].kilobytes += privateKilobytes(pid)
  }
  return sum
}

type Phase = {
  readonly name: string
  readonly seconds: number
  readonly due: number
  readonly written: number
  readonly longestGap: number
  readonly notActive: readonly string[]
  /** Of one core, for one session, by role. */
  readonly cpu: Readonly<Record<Role, number>>
  readonly kilobytes: Readonly<Record<Role, number>>
}

type Options = { readonly sessions: number; readonly interval: number }

const mapRoles = (of: (role: Role) => number): Readonly<Record<Role, number>> => ({
  engine: of('engine'),
  guard: of('guard'),
  watchdog: of('watchdog'),
})

const measure = async (
  layout: Layout,
  sandbox: Sandbox,
  { sessions, interval }: Options,
  name: string,
  seconds: number,
): Promise<Phase> => {
  const numbers = Array.from({ length: sessions }, (_, number) => number)
  const beats = (): number =>
    numbers.reduce((sum, number) => sum + (recordOf(sandbox, number)?.watch?.beats ?? 0), 0)
  const before = costs(sandbox)
  const began = monotonic()
  const beatsBefore = beats()
  const notActive: string[] = []
  let longestGap = 0
  let asked = 0
  while (monotonic() - began < seconds) {
    for (const number of numbers) {
      const beat = recordOf(sandbox, number)?.heartbeat_monotonic ?? 0
      longestGap = Math.max(longestGap, monotonic() - beat)
    }
    if (monotonic() - asked > 5) {
      asked = monotonic()
      notActive.push(...(await statesButActive(layout, sandbox)))
    }
    await sleep(500)
  }
  const written = beats() - beatsBefore
  const passed = monotonic() - began
  const after = costs(sandbox)
  return {
    name,
    seconds: passed,
    due: Math.floor(passed / interval) * sessions,
    written,
    longestGap,
    notActive,
    cpu: mapRoles((role) => (after[role].ticks - before[role].ticks) / TICKS_PER_SECOND / passed / sessions),
    kilobytes: mapRoles((role) => after[role].kilobytes / sessions),
  }
}

/** What the program itself says, to anybody who asks. */
const statesButActive = async ({ root }: Layout, { env }: Sandbox): Promise<readonly string[]> => {
  const child = spawn(join(root, 'lock.sh'), ['status', '--json'], {
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let text = ''
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString()
  })
  await new Promise((resolve) => child.on('close', resolve))
  const states = JSON.parse(text) as { session: string; state: string; reason: string }[]
  return states.flatMap(({ session, state, reason }) =>
    state === 'active' ? [] : [`${session} ${state}: ${reason}`],
  )
}

const startSessions = async (
  layout: Layout,
  sandbox: Sandbox,
  options: Options,
  staleAfter: string,
): Promise<void> => {
  for (let number = 0; number < options.sessions; number += 1) {
    const timing = ['--heartbeat-interval', String(options.interval), '--stale-after', staleAfter]
    // It shows nothing, and that is not what is measured here.
    const patience = ['--quiet-after', 'off', '--stuck-after', 'off']
    const words = ['run', nameOf(number), ...timing, ...patience, '--', 'sleep', '1000000']
    spawn(join(layout.root, 'engine.sh'), words, { env: sandbox.env, cwd: sandbox.dir, stdio: 'ignore' })
    // Not all at once: their start is no part of it.
    if (number % 4 === 3) await until(START_SECONDS, () => recordOf(sandbox, number)?.refresher != null)
  }
  const all = Array.from({ length: options.sessions }, (_, number) => number)
  const allBeat = (): boolean => all.every((number) => (recordOf(sandbox, number)?.watch?.beats ?? 0) > 0)
  if ((await until(START_SECONDS, allBeat)) === null) throw new Error('not all sessions have come to beat')
}

/** Two for each core: there is always one that wants it. */
const burn = (): readonly ChildProcess[] =>
  Array.from({ length: 2 * availableParallelism() }, () =>
    spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }),
  )

const megabytes = (kilobytes: number): string => (kilobytes / 1024).toFixed(1)
const percent = (fraction: number): string => (fraction * 100).toFixed(2)
const sum = (of: Readonly<Record<Role, number>>): number => ROLES.reduce((total, role) => total + of[role], 0)

export const main = async (layout: Layout, args: readonly string[]): Promise<number> => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      sessions: { type: 'string', default: '200' },
      seconds: { type: 'string', default: '600' },
      interval: { type: 'string', default: '1' },
      'stale-after': { type: 'string', default: '10' },
    },
  })
  if (!hasProc()) {
    console.log('load: skipped: it measures in /proc, which is not here')
    return 0
  }
  spawnSync(join(layout.root, 'lock.sh'), ['--version'], { stdio: ['ignore', 'ignore', 'inherit'] })
  const options = { sessions: Number(values.sessions), interval: Number(values.interval) }
  const seconds = Number(values.seconds)
  const sandbox = makeSandbox('load')
  const phases: Phase[] = []
  let burners: readonly ChildProcess[] = []
  try {
    await startSessions(layout, sandbox, options, values['stale-after'])
    console.error(`${options.sessions} sessions beat`)
    phases.push(await measure(layout, sandbox, options, 'alone', seconds))
    burners = burn()
    phases.push(await measure(layout, sandbox, options, 'every core taken', seconds))
  } finally {
    for (const burner of burners) burner.kill('SIGKILL')
    removeSandbox(sandbox)
  }
  console.log(
    table([
      ['', ...phases.map(({ name }) => name)],
      ['seconds', ...phases.map((phase) => phase.seconds.toFixed(0))],
      ['sessions', ...phases.map(() => options.sessions)],
      ['beats due', ...phases.map(({ due }) => due)],
      ['beats written', ...phases.map(({ written }) => written)],
      ['beats missed', ...phases.map(({ due, written }) => Math.max(0, due - written))],
      ['longest time without a beat, s', ...phases.map(({ longestGap }) => longestGap.toFixed(1))],
      ['called anything but active', ...phases.map(({ notActive }) => notActive.length)],
      ['processor per session, % of a core', ...phases.map(({ cpu }) => percent(sum(cpu)))],
      ...ROLES.map((role) => [`  ${role}`, ...phases.map(({ cpu }) => percent(cpu[role]))]),
      ['private memory per session, MB', ...phases.map(({ kilobytes }) => megabytes(sum(kilobytes)))],
      ...ROLES.map((role) => [`  ${role}`, ...phases.map(({ kilobytes }) => megabytes(kilobytes[role]))]),
    ]),
  )
  const wrong = phases.flatMap(({ notActive }) => notActive)
  for (const words of wrong) console.log(words)
  return wrong.length === 0 ? 0 : 1
}
