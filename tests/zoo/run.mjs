/**
 * The zoo: small programs that work or hang in the ways real jobs do, under the real engine, with limits of seconds.
 * Beside the verdicts of `lock.sh status`, what three simpler rules say of the same programs.
 *
 * usage: npm run zoo [-- --only NAME,NAME] [--kind KIND] [--rounds N] [--jobs N] [--node PATH] [--patience SECONDS] [--list]
 *
 * --patience: for a machine that others keep busy: a heartbeat may come so much later, and a verdict too.
 * --node: the Node that the programs of the zoo run on; engine and harness keep their own.
 *
 * Exit code: 0 all right, 1 something is wrong, 130 Ctrl-C. Wants Linux: elsewhere less can be seen.
 */
import { spawnSync } from 'node:child_process'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { runRound } from './harness/round.mjs'
import { explanation, heading, isWrong, merged, resultRow, summary } from './harness/table.mjs'

const USAGE_EXIT_CODE = 64
const say = (text) => console.log(text)

const fail = (code, text) => {
  console.error(text)
  process.exit(code)
}

const options = () => {
  try {
    return parseArgs({
      options: {
        only: { type: 'string' },
        kind: { type: 'string' },
        rounds: { type: 'string', default: '1' },
        jobs: { type: 'string', default: '12' },
        node: { type: 'string' },
        patience: { type: 'string', default: '0' },
        list: { type: 'boolean', default: false },
        // Another table than the zoo's: how the harness is tested itself.
        table: { type: 'string', default: new URL('scenarios.mjs', import.meta.url).pathname },
      },
    }).values
  } catch (error) {
    return fail(USAGE_EXIT_CODE, error.message)
  }
}

const has = (program) =>
  spawnSync('sh', ['-c', 'command -v "$1"', '-', program], { stdio: 'ignore' }).status === 0

/** Those that are asked for, without those that cannot run here. */
const choose = (all, { only, kind }) => {
  const names = only?.split(',') ?? null
  for (const name of names ?? []) {
    if (!all.some((scenario) => scenario.name === name))
      fail(USAGE_EXIT_CODE, `no scenario is called ${name}; see --list`)
  }
  const wanted = all.filter(
    (scenario) =>
      (names === null || names.includes(scenario.name)) && (kind === undefined || scenario.kind === kind),
  )
  const missing = new Map(
    wanted.flatMap(({ name, needs, terminal }) => {
      const without = [...needs, ...(terminal ? ['tmux'] : [])].find((program) => !has(program))
      return without === undefined ? [] : [[name, without]]
    }),
  )
  for (const [name, program] of missing) say(`left out, because ${program} is not here: ${name}`)
  return wanted.filter(({ name }) => !missing.has(name))
}

const interruption = () => {
  const controller = new AbortController()
  let sandbox = null
  const interrupt = (code) => () => {
    if (controller.signal.aborted) process.exit(code)
    process.exitCode = code
    controller.abort()
    console.error('ending what was started; once more does it by force')
  }
  process.on('SIGINT', interrupt(130))
  process.on('SIGTERM', interrupt(143))
  process.on('SIGHUP', interrupt(129))
  // The last resort, also after an error that nobody has caught.
  process.on('exit', () => sandbox?.destroy())
  for (const event of ['uncaughtException', 'unhandledRejection']) {
    process.on(event, (error) => fail(1, error?.stack ?? String(error)))
  }
  process.stdout.on('error', () => process.exit(1))
  return {
    signal: controller.signal,
    onSandbox(made) {
      sandbox = made
    },
  }
}

const asked = options()
if (asked.node !== undefined) process.env.ZOO_NODE = resolve(asked.node)
const patience = Number(asked.patience)
if (!(patience >= 0)) fail(USAGE_EXIT_CODE, '--patience takes seconds')
process.env.ZOO_PATIENCE = String(patience)
const { SCENARIOS, LIMITS: OWN_LIMITS } = await import(pathToFileURL(resolve(asked.table)))
const LIMITS = { ...OWN_LIMITS, stale: OWN_LIMITS.stale + patience, patience }
const rounds = Number(asked.rounds)
const jobs = Number(asked.jobs)
if (!(Number.isInteger(rounds) && rounds > 0)) fail(USAGE_EXIT_CODE, '--rounds takes a number')
if (!(Number.isInteger(jobs) && jobs > 0)) fail(USAGE_EXIT_CODE, '--jobs takes a number')
const scenarios = choose(SCENARIOS, asked)
if (asked.list) {
  for (const { name, kind } of scenarios) say(`${kind.padEnd(12)} ${name}`)
  process.exit(0)
}
if (scenarios.length === 0) fail(USAGE_EXIT_CODE, 'nothing to run')

const { signal, onSandbox } = interruption()
if (process.platform !== 'linux')
  say('This is not Linux: less can be seen here, and some verdicts will be missed.')

const all = []
let orphans = 0
for (let round = 1; round <= rounds && !signal.aborted; round += 1) {
  const began = performance.now()
  const { results, left } = await runRound(scenarios, {
    limits: LIMITS,
    jobs,
    signal,
    onSandbox,
    onResult: (result) => process.stderr.isTTY && process.stderr.write(`\r\x1b[K${result.scenario.name}`),
  })
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
  const order = new Map(scenarios.map(({ name }, index) => [name, index]))
  results.sort((a, b) => order.get(a.scenario.name) - order.get(b.scenario.name))
  all.push(...results)
  orphans += left.length
  for (const result of results.filter(isWrong)) say(`${explanation(result)}\n`)
  for (const line of left) say(`! left running: ${line}`)
  const took = `${((performance.now() - began) / 1000).toFixed(0)} s`
  if (rounds > 1) say(`round ${round} of ${rounds}, ${took}: ${summary(results, left.length).split('\n')[0]}`)
  if (round === rounds) {
    say(`\n${heading()}`)
    for (const result of merged(all)) say(resultRow(result))
    const { interval, stale, quiet, stuck } = LIMITS
    say(
      `\nheartbeat every ${interval} s, stale after ${stale} s, quiet after ${quiet} s, stuck after ${stuck} s; this round took ${took}\n` +
        `SECONDS from hang to verdict / goal; PID, BEAT, QUIET: whether a PID check, an unconditional heartbeat, silence get it`,
    )
    say(summary(all, orphans))
    const undecided = merged(all).filter(({ scenario }) => scenario.kind === 'undecidable')
    if (undecided.length > 0) say('\nnot counted, because nobody outside can tell:')
    for (const { scenario } of undecided) say(`  ${scenario.name}: ${scenario.reason}`)
  }
}
if (!signal.aborted && (all.some(isWrong) || orphans > 0)) process.exitCode = 1
