/**
 * Real agents under the real engine, with a mock of their models, in the states in which people leave them.
 *
 * usage: npm run agents [-- --only AGENT[/STATE],... ] [--rounds N] [--jobs N] [--keep] [--list] [--reach]
 *                       [--heartbeat-interval S] [--stale-after S] [--quiet-after S] [--stuck-after S] [--hold S]
 *                       [--watch S]
 *
 * --hold: how long a verdict has to stay. --watch: how long an agent that works is watched, if that is longer than every
 * limit. --reach only brings the agents into their states, and shows their screens there.
 * The agents are installed into a cache outside of the repository (--cache DIR). Nothing leaves the machine but that.
 * Exit code: 0 all right, 1 something is wrong, 64 wrong usage, 130 Ctrl-C. Wants Linux, tmux and git.
 */
import { parseArgs } from 'node:util'
import { AGENTS } from './agents/index.mjs'
import { defaultCache, install } from './harness/install.mjs'
import { runScene } from './harness/scene.mjs'
import { explanation, heading, row, summary } from './harness/table.mjs'
import { statesOf } from './states.mjs'

const USAGE_EXIT_CODE = 64
const text = (value) => ({ type: 'string', default: String(value) })
const OPTIONS = {
  only: { type: 'string' },
  rounds: text(1),
  jobs: text(2),
  cache: text(defaultCache()),
  keep: { type: 'boolean', default: false },
  list: { type: 'boolean', default: false },
  reach: { type: 'boolean', default: false },
  'heartbeat-interval': text(1),
  'stale-after': text(3),
  'quiet-after': text(20),
  'stuck-after': text(40),
  hold: text(20),
  watch: text(1),
}

const refuse = (message) => {
  console.error(message)
  process.exit(USAGE_EXIT_CODE)
}

const parse = () => {
  try {
    return parseArgs({ options: OPTIONS }).values
  } catch (error) {
    return refuse(error.message)
  }
}

const positive = (asked, name) => {
  const value = Number(asked[name])
  return value > 0 ? value : refuse(`--${name} takes a number above 0`)
}

/** @returns the pairs that are asked for, in the table's order */
const choose = (only) => {
  const all = AGENTS.flatMap((agent) => statesOf(agent).map((state) => ({ agent, state })))
  if (only === undefined) return all
  const names = only.split(',')
  const matches = (name, { agent, state }) =>
    [agent.name, state.name, `${agent.name}/${state.name}`].includes(name)
  const unknown = names.find((name) => !all.some((pair) => matches(name, pair)))
  if (unknown !== undefined) refuse(`${unknown} is no agent and no state of one; see --list`)
  return all.filter((pair) => names.some((name) => matches(name, pair)))
}

const installed = async (pairs, cache) => {
  const places = new Map()
  for (const agent of new Set(pairs.map((pair) => pair.agent))) {
    const place = await install(agent, cache)
    places.set(agent, place.modules)
    if (place.reason !== undefined) console.log(`left out: ${agent.name} ${agent.version}: ${place.reason}`)
  }
  return pairs
    .map((pair) => ({ ...pair, modules: places.get(pair.agent) }))
    .filter(({ modules }) => modules !== undefined)
}

/** So many at once; each begins when another has ended. */
const runAll = async (scenes, jobs, settings) => {
  const waiting = [...scenes]
  const results = []
  const work = async () => {
    while (waiting.length > 0 && !settings.signal.aborted) {
      const result = await runScene({ ...waiting.shift(), ...settings })
      if (settings.signal.aborted) return
      results.push(result)
      console.log(row(result))
    }
  }
  await Promise.all(Array.from({ length: jobs }, work))
  return results
}

const interruption = () => {
  const controller = new AbortController()
  for (const [name, code] of Object.entries({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 })) {
    process.on(name, () => {
      process.exitCode = code
      controller.abort()
      console.error('ending what was started')
    })
  }
  return controller.signal
}

const asked = parse()
const pairs = choose(asked.only)
if (asked.list) {
  for (const { agent, state } of pairs)
    console.log(`${agent.name}/${state.name}`.padEnd(34), state.wanted.join('|'))
  process.exit(0)
}
const settings = {
  limits: {
    interval: positive(asked, 'heartbeat-interval'),
    stale: positive(asked, 'stale-after'),
    quiet: positive(asked, 'quiet-after'),
    stuck: positive(asked, 'stuck-after'),
    watch: positive(asked, 'watch'),
  },
  hold: positive(asked, 'hold'),
  isKept: asked.keep,
  isReachOnly: asked.reach,
  signal: interruption(),
}
const jobs = positive(asked, 'jobs')
const scenes = await installed(pairs, asked.cache)
const results = []
for (let round = 1; round <= positive(asked, 'rounds') && !settings.signal.aborted; round += 1) {
  console.log(`\nround ${round}\n${heading()}`)
  results.push(...(await runAll(scenes, jobs, settings)))
}
for (const result of results.filter(({ isRight }) => asked.reach || !isRight))
  console.log(`\n${explanation(result)}`)
console.log(`\n${summary(results)}`)
if (!settings.signal.aborted && (results.length === 0 || results.some(({ isRight }) => !isRight)))
  process.exitCode = 1
