/**
 * Kills the program at every system call that touches the lock directory, and makes every such call fail with what it
 * can fail with; after each, one plain run has to go on without a hand on the files (see crash-points/trial.ts).
 *
 * usage: npm run crash-points -- [--sample N] [--only TEXT] [--jobs N] [--nice 19] [--kills] [--verbose]
 *
 * `--sample` takes N points of some scenarios by chance, `--only` those whose name (`scenario: call target #n: fault`) has TEXT in it.
 */
import { spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { SCENARIOS } from './crash-points/scenarios.ts'
import { errorsOf, nameOf, type Point } from './crash-points/trace.ts'
import {
  type Fault,
  faultName,
  type Hit,
  type Scenario,
  type Task,
  type TrialResult,
} from './crash-points/trial.ts'
import type { Layout } from './lib/layout.ts'
import { hasProc } from './lib/machine.ts'
import { beNice, NICE_OPTION } from './lib/nice.ts'
import { table } from './lib/table.ts'

/** How a call is tried to be met, until it is. */
const ATTEMPTS = ['path', 'number', 'path', 'number'] as const

type Plan = { readonly scenario: Scenario; readonly point: Point; readonly fault: Fault }

/** strace may be missing, or not allowed to trace. @returns why not */
const whyNotTraced = (): string | null => {
  if (!hasProc()) return 'it needs Linux'
  const { error, status, stderr } = spawnSync(
    'strace',
    ['-o', '/dev/null', '-e', 'inject=fsync:error=EIO:when=1', 'true'],
    { encoding: 'utf8' },
  )
  if (error !== undefined) return 'strace is not installed'
  return status === 0 ? null : `strace may not trace here: ${stderr.trim()}`
}

/** In a child of the engine, which takes the lock for it; every attempt meets it. */
const LOCK_POINT: Point = {
  syscall: 'flock',
  target: 's.lock',
  occurrence: 1,
  path: 's.lock',
  whenOfPath: 1,
  whenOfAll: 1,
  creates: false,
  inThread: true,
}
const LOCK_ERRORS = ['EIO', 'ENOLCK', 'EINTR'] as const

/** How to start something as the first process of a PID namespace; as it is, where that is not allowed. */
const isolation = (): readonly string[] => {
  const ways = [
    ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'],
    ['unshare', '--user', '--map-root-user', '--pid', '--fork', '--mount-proc', '--kill-child'],
  ]
  return ways.find(([command = '', ...args]) => spawnSync(command, [...args, 'true']).status === 0) ?? []
}

const ask = async <Answer>(wrapper: readonly string[], task: Task): Promise<Answer> => {
  const program = join(task.layout.programs, 'trial-main.cjs')
  const [command = '', ...args] = [...wrapper, process.execPath, program, JSON.stringify(task)]
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
  })
  const code = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve))
  if (code !== 0) throw new Error(`a trial could not be made: ${stderr}`)
  return JSON.parse(stdout) as Answer
}

const plansOf = (scenario: Scenario, points: readonly Point[], kills: boolean): readonly Plan[] => {
  const plan = (point: Point, fault: Fault): Plan => ({ scenario, point, fault })
  const errors = (point: Point, errnos: readonly string[]): readonly Plan[] =>
    kills ? [] : errnos.map((errno) => plan(point, { kind: 'error', errno }))
  return [
    ...points.flatMap((point) => [plan(point, { kind: 'kill' }), ...errors(point, errorsOf(point))]),
    ...(scenario.name === 'run'
      ? [plan(LOCK_POINT, { kind: 'kill' }), ...errors(LOCK_POINT, LOCK_ERRORS)]
      : []),
  ]
}

const planName = ({ scenario, point, fault }: Plan): string =>
  `${scenario.name}: ${nameOf(point)}: ${faultName(fault)}`

/** Where a promise was broken once: always part of a sample. */
const ALWAYS: readonly string[] = [
  // The record was moved aside, and with it what led to the worker of the dead.
  'takeover: openat s.json #2: EIO',
  // A line for developers instead of an error.
  'run: statfs . #1: EIO',
  // The last iteration was in the history, and was done again.
  'run: fdatasync s/history.jsonl #4: SIGKILL',
]

const isOfAlways = ({ name }: Scenario): boolean => ALWAYS.some((plan) => plan.startsWith(`${name}:`))

/** Some by chance, the rest of them is for another day. */
const sampleOf = (plans: readonly Plan[], size: number): readonly Plan[] => {
  const always = plans.filter((plan) => ALWAYS.includes(planName(plan)))
  const others = shuffled(plans.filter((plan) => !always.includes(plan)))
  return [...always, ...others].slice(0, size)
}

const shuffled = <T>(list: readonly T[]): readonly T[] =>
  list
    .map((item) => ({ item, rank: Math.random() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ item }) => item)

/** So many at a time. */
const inParallel = async <T>(
  jobs: number,
  list: readonly T[],
  run: (item: T) => Promise<void>,
): Promise<void> => {
  const queue = [...list]
  const worker = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await run(item)
  }
  await Promise.all(Array.from({ length: jobs }, worker))
}

export const main = async (layout: Layout, args: readonly string[]): Promise<number> => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      sample: { type: 'string' },
      only: { type: 'string', default: '' },
      jobs: { type: 'string', default: '2' },
      nice: NICE_OPTION,
      kills: { type: 'boolean', default: false },
      verbose: { type: 'boolean', default: false },
    },
  })
  const reason = whyNotTraced()
  if (reason !== null) {
    console.log(`crash-points: skipped: ${reason}`)
    return 0
  }
  beNice(values.nice)
  // So that it is built, should it have to be.
  spawnSync(join(layout.root, 'lock.sh'), ['--version'], { stdio: ['ignore', 'ignore', 'inherit'] })

  const wrapper = isolation()
  // What there is of the others is not recorded for a sample: it would take longer than the trials.
  const some =
    values.sample === undefined || values.only !== ''
      ? SCENARIOS
      : [
          ...SCENARIOS.filter(isOfAlways),
          ...shuffled(SCENARIOS.filter((one) => !isOfAlways(one))).slice(0, 2),
        ]
  const recorded: (readonly [Scenario, readonly Point[]])[] = []
  const scenarios = some.filter(
    ({ name }) => !values.only.includes(':') || values.only.startsWith(`${name}:`),
  )
  await inParallel(Number(values.jobs), scenarios, async (scenario) => {
    recorded.push([
      scenario,
      await ask<readonly Point[]>(wrapper, { layout, scenario: scenario.name, hit: null }),
    ])
  })
  const all = recorded
    .flatMap(([scenario, points]) => plansOf(scenario, points, values.kills))
    .filter((plan) => planName(plan).includes(values.only))
  const plans = values.sample === undefined ? all : sampleOf(all, Number(values.sample))

  const results: { readonly plan: Plan; readonly isMet: boolean; readonly isGood: boolean }[] = []
  const started = performance.now()
  let told = started
  await inParallel(Number(values.jobs), plans, async (plan) => {
    const { scenario, point, fault } = plan
    const attempt = (by: Hit['by']): Promise<TrialResult> =>
      ask(wrapper, { layout, scenario: scenario.name, hit: { point, fault, by } })
    let result = await attempt(ATTEMPTS[0])
    // Met by number, an error may hit a pipe between Node's own threads, which no disk makes fail, and Node aborts: that says
    // nothing of this point. A kill is a kill, wherever it comes.
    const counts = ({ isMet, faults }: TrialResult): boolean =>
      isMet || (fault.kind === 'kill' && faults.length > 0)
    for (const by of ATTEMPTS.slice(1)) if (!counts(result)) result = await attempt(by)
    const { isMet, met } = result
    const faults = counts(result) ? result.faults : []
    results.push({ plan, isMet, isGood: faults.length === 0 })
    if (faults.length > 0) console.log(`${planName(plan)}${isMet ? '' : ` (met another call: ${met})`}`)
    for (const words of faults) console.log(`  ${words.trimEnd().replaceAll('\n', '\n    ')}`)
    if (values.verbose && !isMet) {
      console.log(`not met: ${planName(plan)}: ${JSON.stringify(point)}; ${met}`)
    }
    if (performance.now() - told > 20_000) {
      told = performance.now()
      console.error(`${results.length} of ${plans.length} trials, ${((told - started) / 1000).toFixed(0)} s`)
    }
  })

  const rows = SCENARIOS.flatMap((scenario): (string | number)[][] => {
    const own = results.filter(({ plan }) => plan.scenario === scenario)
    if (own.length === 0) return []
    const kills = own.filter(({ plan }) => plan.fault.kind === 'kill').length
    return [
      [
        scenario.name,
        new Set(own.map(({ plan }) => plan.point)).size,
        kills,
        own.length - kills,
        own.filter(({ isMet }) => !isMet).length,
        own.filter(({ isGood }) => !isGood).length,
      ],
    ]
  })
  const totals = [1, 2, 3, 4, 5].map((column) => rows.reduce((sum, row) => sum + Number(row[column]), 0))
  console.log(
    table([['', 'calls', 'kills', 'errors', 'not met', 'broken promises'], ...rows, ['all', ...totals]]),
  )
  console.log(
    `${results.length} of ${all.length} points tried in ${((performance.now() - started) / 1000).toFixed(0)} s`,
  )
  return (totals[4] ?? 0) === 0 ? 0 : 1
}
